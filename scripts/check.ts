/** `npm run check`: all that can be known without running anything. Every step runs, then the faults are shown together. */
import { execa } from "execa";
import { brokenArrows } from "./arrows.ts";

const steps: Record<string, () => Promise<string>> = {
  types: () => run("tsc", ["--noEmit"]),
  "lint and format": () => run("biome", ["ci", "--diagnostic-level=warn", "--error-on-warnings", "."]),
  "unused code": () => run("knip", ["--no-progress"]),
  "import arrows": async () => brokenArrows(process.cwd()).join("\n"),
};

/** Resolves to what the command complained of; empty when it was content. */
async function run(command: string, args: string[]): Promise<string> {
  const result = await execa(command, args, { preferLocal: true, reject: false, all: true });
  return result.exitCode === 0
    ? ""
    : result.all || `${command} ended with ${result.exitCode ?? result.signal}`;
}

const outcomes = await Promise.all(
  Object.entries(steps).map(async ([name, step]) => ({ name, complaint: await step() })),
);
for (const { name, complaint } of outcomes)
  console.log(complaint ? `not ok  ${name}\n${complaint}` : `ok      ${name}`);
const failed = outcomes.filter((outcome) => outcome.complaint).length;
process.exitCode = failed === 0 ? 0 : 1;
