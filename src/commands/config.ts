import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { readConfig } from "../config.ts";
import { isCode, VoxpostError } from "../errors.ts";
import { localAsterisk, localSpool, localUrl } from "../local-asterisk.ts";
import { importVoicemailConf } from "../voicemail-conf/import.ts";
import type { Secret } from "../voicemail-conf/secrets.ts";

/** `voxpost config …`: docs/from-app_voicemail.md. */
export function configCommand(): Command {
  const config = new Command("config").description("make a configuration");
  config
    .command("import <file>")
    .description("print the voxpost.yaml that takes the place of an app_voicemail's voicemail.conf")
    .option("--out <file>", "write it there, and passwords into files beside it; nothing is overwritten")
    .option("--spool <folder>", "app_voicemail's messages; default: as asterisk.conf says")
    .action((file: string, options: { out?: string; spool?: string }) => importConfig(file, options));
  return config;
}

/** @throws VoxpostError CONFIG_INVALID */
async function importConfig(file: string, { out, spool }: { out?: string; spool?: string }): Promise<void> {
  const path = resolve(file);
  const folder = dirname(path);
  checkReadable(path);
  const messages = resolve(spool ?? localSpool(folder));
  const { text, secrets, notes } = await importVoicemailConf(path, {
    asterisk: localAsterisk(folder),
    url: localUrl(folder),
    spool: messages,
    hasSpool: existsSync(messages),
    hostname: hostname(),
  });
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  // The hash of a PIN of four digits is soon guessed.
  write(resolve(out), text);
  for (const secret of secrets) writeSecret(resolve(dirname(out)), secret);
  for (const note of notes) console.error(`note: ${note}`);
  console.log(`${out} is written. ${stillToDo(out)}`);
}

function checkReadable(path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    throw VoxpostError.from(error, "CONFIG_INVALID", `${path} cannot be read`);
  }
}

function writeSecret(folder: string, { file, what, value }: Secret): void {
  const path = join(folder, file);
  if (existsSync(path)) console.error(`note: ${path} was there already, and is left as it is: ${what}`);
  else if (value === undefined) console.error(`note: write into ${path}: ${what}`);
  else {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    write(path, `${value}\n`);
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw VoxpostError.from(error, "CONFIG_INVALID", `${path} cannot be written`);
  }
}

function stillToDo(path: string): string {
  try {
    readConfig(path);
    return `Look through it, then: voxpost -c ${path} doctor`;
  } catch (error) {
    if (isCode(error, "CONFIG_INVALID") && error instanceof Error)
      return `Before it can be used: ${error.message}`;
    throw error;
  }
}
