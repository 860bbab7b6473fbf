import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Config, configSchema } from "./config.ts";
import { VoxpostError } from "./errors.ts";
import { localAsterisk, localSpool } from "./local-asterisk.ts";
import { readVoicemailConf, type VoicemailConf } from "./voicemail-conf/read.ts";
import type { Site } from "./voicemail-conf/site.ts";

/**
 * What `npm start` runs with when there is no voxpost.yaml: the Asterisk of this machine as its own files describe it,
 * the mailboxes of its voicemail.conf (or 100–9999 with one PIN that is made at the first start), the file store in a
 * folder, and a private Redis.
 * @throws VoxpostError CONFIG_INVALID when no ARI user can be found or read, with what to write where
 */
export function embeddedConfig(
  folder: string,
  asteriskFolder = "/etc/asterisk",
): { config: Config; notes: readonly string[] } {
  const data = resolve(folder);
  const notes: string[] = [];
  const asterisk = localAsterisk(asteriskFolder);
  if (!asterisk) throw noAriUser(asteriskFolder);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const parsed = configSchema.parse({
    asterisk: [asterisk],
    storage: { engine: "file", path: join(data, "messages") },
    ...findMailboxes(asteriskFolder, data, notes),
    data,
  });
  const config = { ...parsed, folder: data };
  notes.unshift(`Asterisk: ${asterisk.url} as ARI user ${asterisk.user} (from ${asteriskFolder})`);
  return { config, notes };
}

function noAriUser(folder: string): VoxpostError {
  return new VoxpostError(
    "CONFIG_INVALID",
    `There is no voxpost.yaml, and no ARI user with a password can be read in ${join(folder, "ari.conf")}. ` +
      "Copy config/asterisk/ari.conf there (docs/install.md), or name an Asterisk in voxpost.yaml " +
      "(config/voxpost.example.yaml shows how)",
  );
}

function findMailboxes(
  folder: string,
  data: string,
  notes: string[],
): Pick<VoicemailConf, "defaults" | "contexts"> & Site {
  const path = join(folder, "voicemail.conf");
  const { defaults, contexts, site, accounts, notes: left } = readVoicemailConf(path, localSpool(folder));
  if (existsSync(path)) notes.push(...left.map((note) => `${path}: ${note}`));
  if (Object.keys(contexts).length > 0) {
    notes.push(`Mailboxes: those of ${path}, contexts ${Object.keys(contexts).join(", ")}`);
    if ([...accounts.values()].some((options) => options.has("imapuser")))
      notes.push(
        `${path}: messages are kept in files here; \`voxpost config import ${path}\` keeps them by IMAP`,
      );
    return { defaults, contexts, ...site };
  }
  const pin = commonPin(join(data, "pin"));
  notes.push(`Mailboxes: 100-9999@default, all with the PIN in ${join(data, "pin")}`);
  return { defaults: {}, contexts: { default: { mailboxes: { "100-9999": { pin } } } } };
}

/** Nobody knows a fixed default PIN by heart if there is none: this one is made once, for this machine. */
function commonPin(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const pin = String(randomInt(0, 1_000_000)).padStart(6, "0");
  writeFileSync(file, `${pin}\n`, { mode: 0o600 });
  return pin;
}
