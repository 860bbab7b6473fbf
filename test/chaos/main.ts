/**
 * `npm run chaos`: callers leave messages while everything is killed, frozen, cut off, filled up and emptied; then every
 * message is looked for. Options: --minutes 5, --calls (no limit), --seed (one that is printed), --lines 12, --only NAME (a part of it, such as "200 callers" or "random"), --keep.
 */
import { parseArgs } from "node:util";
import { Chaos, type Result } from "./chaos.ts";
import { NAMED } from "./named.ts";
import { startStage } from "./stage.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    calls: { type: "string", default: "100000" },
    lines: { type: "string", default: "12" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    only: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const SETTLE_MS = 300_000;

const stage = await startStage({ keep: values.keep });
if ("missing" in stage) {
  console.error(`chaos: ${stage.missing}`);
  process.exit(2);
}
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void stage.close().then(() => process.exit(130)));
const seed = Number(values.seed);
const chaos = new Chaos(stage, seed, console.log);
console.log(`chaos: seed ${seed}; repeat it with --seed ${seed}. Logs: ${stage.lab.logs}`);
const storm = {
  name: "everything at random",
  play: () =>
    chaos.storm({
      lines: Number(values.lines),
      calls: Number(values.calls),
      minutes: Number(values.minutes),
    }),
};
for (const { name, play } of [...NAMED, storm]) {
  if (values.only !== undefined && !name.includes(values.only)) continue;
  chaos.say(`== ${name}`);
  await play(chaos);
  await chaos.healed();
}
const result = await chaos.finish({ settleMs: SETTLE_MS });
await stage.close();
tell(result);
process.exit(result.wrong.length === 0 ? 0 : 1);

function tell({ calls, messages, faults, wrong }: Result): void {
  const struck = [...faults].sort(([a], [b]) => a.localeCompare(b));
  const count = struck.reduce((sum, [, times]) => sum + times, 0);
  console.log(`\n${calls} calls, ${messages} messages, ${count} faults:`);
  for (const [name, times] of struck) console.log(`  ${String(times).padStart(3)}  ${name}`);
  console.log(
    wrong.length === 0 ? "\nnothing is wrong" : `\n${wrong.length} wrong:\n  ${wrong.join("\n  ")}`,
  );
}
