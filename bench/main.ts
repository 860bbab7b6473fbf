/**
 * `npm run bench -- NAME [what …] [--write]`: measures, each time against the raw limit of the same run, and prints a table.
 * With --write it is kept in bench/results/. Nothing here passes or fails: machines differ, ratios less so.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { type Row, table } from "./table.ts";

type Bench = (say: (line: string) => void, rest: readonly string[]) => Promise<Row[]>;

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  storage: async () => (await import("./storage.ts")).benchStorage,
  call: async () => (await import("./call.ts")).benchCall,
  deposits: async () => (await import("./deposits.ts")).benchDeposits,
  mixed: async () => (await import("./mixed.ts")).benchMixed,
};

const args = process.argv.slice(2);
const [name = "", ...rest] = args.filter((arg) => arg !== "--write");
const load = BENCHES[name];
if (!load) {
  console.error(`npm run bench -- ${Object.keys(BENCHES).join("|")} [what …] [--write]`);
  process.exit(2);
}
const bench = await load();
const shown = table(await bench((line) => console.error(`… ${line}`), rest));
console.log(shown);
if (args.includes("--write")) {
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`;
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(`bench/results/${day}-${name}.md`, `# ${name}, ${day}\n\n${machine}\n\n${shown}\n`);
}
