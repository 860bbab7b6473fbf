/**
 * `npm run bench -- NAME [what …] [--write]`: measures, each time against the raw limit of the same run, and prints a table.
 * With --write it is kept in bench/results/. Nothing here passes or fails: machines differ, ratios less so.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { Command } from "commander";
import { wholeNumber } from "../lab/whole-number.ts";
import { type Row, table } from "./table.ts";

const say = (line: string) => console.error(`… ${line}`);

const bench = new Command("npm run bench --")
  .description("Measures Voxpost against the raw limit below it. `NAME --help` tells what each takes.")
  .option("--write", "keep the table in bench/results/")
  .showHelpAfterError();

bench
  .command("storage [engine...]")
  .description("login, listing, audio, deposit: in each engine, or in some")
  .action(async (engines: string[]) =>
    show("storage", await (await import("./storage.ts")).benchStorage(say, engines)),
  );
/** Those that take numbers only: what each number is, and its default. */
const ON_CALLS = [
  {
    name: "call",
    says: "what a caller notices",
    takes: [
      ["calls", "at once", 50],
      ["messages", "in the large mailbox", 10_000],
    ],
    run: async (calls, messages) => (await import("./call.ts")).benchCall(say, calls, messages),
  },
  {
    name: "deposits",
    says: "how many can leave a message at once, and what that costs",
    takes: [
      ["messages", "over which the memory is watched", 1_000],
      ["callers", "most at once", 400],
    ],
    run: async (messages, callers) => (await import("./deposits.ts")).benchDeposits(say, messages, callers),
  },
  {
    name: "memory",
    says: "whether the program grows over many deposits in a row",
    takes: [
      ["messages", "in all", 10_000],
      ["rate", "in a second", 25],
    ],
    run: async (messages, rate) => (await import("./memory.ts")).benchMemory(say, messages, rate),
  },
  {
    name: "mixed",
    says: "owners listen and delete while others leave messages",
    takes: [
      ["callers", "at once", 80],
      ["listeners", "at once", 20],
    ],
    run: async (callers, listeners) => (await import("./mixed.ts")).benchMixed(say, callers, listeners),
  },
] satisfies {
  name: string;
  says: string;
  takes: [[string, string, number], [string, string, number]];
  run: (first: number, second: number) => Promise<Row[]>;
}[];

for (const { name, says, takes, run } of ON_CALLS) {
  const command = bench.command(name).description(says);
  for (const [what, which, normally] of takes) command.argument(`[${what}]`, which, wholeNumber, normally);
  command.action(async (first: number, second: number) => show(name, await run(first, second)));
}

try {
  await bench.parseAsync();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}

function show(name: string, rows: readonly Row[]): void {
  const shown = table(rows);
  console.log(shown);
  if (!bench.opts().write) return;
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`;
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(`bench/results/${day}-${name}.md`, `# ${name}, ${day}\n\n${machine}\n\n${shown}\n`);
}
