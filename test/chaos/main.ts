/**
 * `npm run chaos`: callers leave messages while everything is killed, frozen, cut off, filled up and emptied; then every
 * message is looked for. `npm run chaos -- --help` has the options.
 */
import { Command } from "commander";
import { wholeNumber } from "../../lab/whole-number.ts";
import { Chaos, type Result } from "./chaos.ts";
import { NAMED } from "./named.ts";
import { startStage } from "./stage.ts";

interface Options {
  readonly minutes: number;
  readonly calls: number;
  readonly lines: number;
  readonly seed: number;
  readonly only?: string;
  readonly keep: boolean;
}

const RANDOM = "everything at random";
const names = [...NAMED.map(({ name }) => name), RANDOM];
const command = new Command("npm run chaos --")
  .description("Callers leave messages while everything is broken; then every message is looked for.")
  .option("--minutes <n>", "of faults at random", wholeNumber, 5)
  .option("--calls <n>", "most calls", wholeNumber, 100_000)
  .option("--lines <n>", "callers at once", wholeNumber, 12)
  .option("--seed <n>", "repeats a run", wholeNumber, (Date.now() % 1_000_000) + 1)
  .option("--only <part>", `a part of a name: ${names.join("; ")}`)
  .option("--keep", "keep the servers' files and logs", false)
  .allowExcessArguments(false)
  .showHelpAfterError()
  .parse();
const { seed, only = "", ...options } = command.opts<Options>();
const isChosen = (name: string) => name.includes(only);
if (!names.some(isChosen)) command.error(`error: nothing is named "${only}": ${names.join("; ")}`);
const SETTLE_MS = 300_000;

const stage = await startStage({ keep: options.keep });
if ("missing" in stage) {
  console.error(`chaos: ${stage.missing}`);
  process.exit(2);
}
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void stage.close().then(() => process.exit(130)));
const chaos = new Chaos(stage, seed, console.log);
console.log(`chaos: seed ${seed}; repeat it with --seed ${seed}. Logs: ${stage.lab.logs}`);
const storm = { name: RANDOM, play: () => chaos.storm(options) };
for (const { name, play } of [...NAMED, storm]) {
  if (!isChosen(name)) continue;
  chaos.say(`== ${name}`);
  await play(chaos);
  await chaos.healed();
}
const result = await chaos.finish({ settleMs: SETTLE_MS });
await stage.close();
tell(result);
process.exit(result.wrong.length === 0 ? 0 : 1);

function tell({ calls, unanswered, unrecorded, unspoken, messages, faults, wrong }: Result): void {
  const struck = [...faults].sort(([a], [b]) => a.localeCompare(b));
  const count = struck.reduce((sum, [, times]) => sum + times, 0);
  console.log(`
${calls} calls: ${unanswered} never answered, ${unrecorded.length} answered and never recorded, ${unspoken} recorded without a word on the disk
${messages} messages, ${count} faults:`);
  for (const [name, times] of struck) console.log(`  ${String(times).padStart(3)}  ${name}`);
  for (const each of unrecorded) console.log(`never recorded: ${each}`);
  console.log(
    wrong.length === 0 ? "\nnothing is wrong" : `\n${wrong.length} wrong:\n  ${wrong.join("\n  ")}`,
  );
}
