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
bench
  .command("call")
  .description("what a caller notices")
  .argument("[calls]", "at once", wholeNumber, 50)
  .argument("[messages]", "in the large mailbox", wholeNumber, 10_000)
  .action(async (calls: number, messages: number) =>
    show("call", await (await import("./call.ts")).benchCall(say, calls, messages)),
  );
bench
  .command("deposits")
  .description("how many can leave a message at once, and what that costs")
  .argument("[messages]", "over which the memory is watched", wholeNumber, 1_000)
  .argument("[callers]", "most at once", wholeNumber, 400)
  .action(async (messages: number, callers: number) =>
    show("deposits", await (await import("./deposits.ts")).benchDeposits(say, messages, callers)),
  );
bench
  .command("memory")
  .description("whether the program grows over many deposits in a row")
  .argument("[messages]", "in all", wholeNumber, 10_000)
  .argument("[rate]", "in a second", wholeNumber, 25)
  .action(async (messages: number, rate: number) =>
    show("memory", await (await import("./memory.ts")).benchMemory(say, messages, rate)),
  );
bench
  .command("mixed")
  .description("owners listen and delete while others leave messages")
  .argument("[callers]", "at once", wholeNumber, 80)
  .argument("[listeners]", "at once", wholeNumber, 20)
  .action(async (callers: number, listeners: number) =>
    show("mixed", await (await import("./mixed.ts")).benchMixed(say, callers, listeners)),
  );

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
