import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Config, configSchema } from "./config.ts";
import { VoxpostError } from "./errors.ts";
import type { MailboxConfig } from "./mailbox-options.ts";

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
  const { user, password } = findAriUser(asteriskFolder);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const port = readAsteriskFile(join(asteriskFolder, "http.conf")).get("general")?.get("bindport") ?? "8088";
  const parsed = configSchema.parse({
    asterisk: [{ name: "local", url: `http://127.0.0.1:${port}`, user, password }],
    storage: { engine: "file", path: join(data, "messages") },
    contexts: findMailboxes(asteriskFolder, data, notes),
    data,
  });
  const config = { ...parsed, folder: data };
  notes.unshift(`Asterisk: http://127.0.0.1:${port} as ARI user ${user} (from ${asteriskFolder})`);
  return { config, notes };
}

function findAriUser(folder: string): { user: string; password: string } {
  const file = join(folder, "ari.conf");
  for (const [section, keys] of readAsteriskFile(file)) {
    const password = keys.get("password");
    if (section !== "general" && password && keys.get("read_only") !== "yes")
      return { user: section, password };
  }
  throw new VoxpostError(
    "CONFIG_INVALID",
    `There is no voxpost.yaml, and no ARI user with a password can be read in ${file}. ` +
      "Copy config/asterisk/ari.conf there (docs/install.md), or name an Asterisk in voxpost.yaml " +
      "(config/voxpost.example.yaml shows how)",
  );
}

function findMailboxes(folder: string, data: string, notes: string[]): Config["contexts"] {
  const contexts: Config["contexts"] = {};
  for (const [section, keys] of readAsteriskFile(join(folder, "voicemail.conf"))) {
    if (section === "general" || section === "zonemessages") continue;
    const mailboxes: Record<string, MailboxConfig> = {};
    for (const [number, line] of keys) {
      const [pin = "", name, email] = line.split(",").map((field) => field.trim());
      // A leading "-" says that the owner may not change the PIN; it is not typed. No PIN, no login.
      const digits = pin.replace(/^-/, "");
      if (!/^[A-Za-z0-9][A-Za-z0-9_.+]*$/.test(number) || !/^\d{1,20}$/.test(digits)) continue;
      mailboxes[number] = { pin: digits, ...(name ? { name } : {}), ...(email ? { email } : {}) };
    }
    if (Object.keys(mailboxes).length > 0) contexts[section] = { mailboxes };
  }
  if (Object.keys(contexts).length > 0) {
    notes.push(
      `Mailboxes: those of ${join(folder, "voicemail.conf")}, contexts ${Object.keys(contexts).join(", ")}`,
    );
    return contexts;
  }
  const pin = commonPin(join(data, "pin"));
  notes.push(`Mailboxes: 100-9999@default, all with the PIN in ${join(data, "pin")}`);
  return { default: { mailboxes: { "100-9999": { pin } } } };
}

/** Nobody knows a fixed default PIN by heart if there is none: this one is made once, for this machine. */
function commonPin(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const pin = String(randomInt(0, 1_000_000)).padStart(6, "0");
  writeFileSync(file, `${pin}\n`, { mode: 0o600 });
  return pin;
}

type AsteriskFile = Map<string, Map<string, string>>;

/** Sections and keys of a file in Asterisk's own format; empty when it cannot be read. Includes are not followed. */
function readAsteriskFile(path: string): AsteriskFile {
  const sections: AsteriskFile = new Map();
  if (!existsSync(path)) return sections;
  let keys = new Map<string, string>();
  for (const raw of readFileSync(path, "utf8").split("\n")) {
    const line = raw.replace(/(^|[^\\]);.*$/, "$1").trim();
    const section = /^\[([^\]]+)\]/.exec(line);
    if (section?.[1]) {
      keys = sections.get(section[1]) ?? new Map();
      sections.set(section[1], keys);
      continue;
    }
    const [, key, value] = /^([^=]+?)\s*=>?\s*(.*)$/.exec(line) ?? [];
    if (key) keys.set(key, value ?? "");
  }
  return sections;
}
