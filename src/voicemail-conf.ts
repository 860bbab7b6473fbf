import type { z } from "zod";
import { readAsteriskFile } from "./asterisk-file.ts";
import type { Config } from "./config.ts";
import type { MailboxConfig } from "./mailbox-options.ts";
import { noticeAddresses, noticeOptions } from "./notice-options.ts";

/** What app_voicemail's voicemail.conf says, as far as it is taken over. */
export interface VoicemailConf {
  readonly defaults: MailboxConfig;
  readonly contexts: Config["contexts"];
  /** What is left out, and why. */
  readonly notes: readonly string[];
}

/** Other names that app_voicemail has for an option of ours. */
const ALIASES: Readonly<Record<string, string>> = { deletevoicemail: "delete" };

/**
 * Reads mailboxes with their PINs, names and addresses, and all options of mails about messages. What is no option here, or has a
 * value that we do not take (a text with functions of the dialplan), is left out.
 */
export function readVoicemailConf(path: string): VoicemailConf {
  const contexts: Config["contexts"] = {};
  const notes: string[] = [];
  let defaults: MailboxConfig = {};
  for (const [section, keys] of readAsteriskFile(path)) {
    if (section === "zonemessages") continue;
    if (section === "general") {
      defaults = taken(keys, noticeOptions, "general", notes);
      continue;
    }
    const mailboxes: Record<string, MailboxConfig> = {};
    for (const [number, line] of keys) {
      const [pin = "", name, email, pager, options = ""] = line.split(",").map((field) => field.trim());
      // A leading "-" says that the owner may not change the PIN; it is not typed. No PIN, no login.
      const digits = pin.replace(/^-/, "");
      if (!/^[A-Za-z0-9][A-Za-z0-9_.+]*$/.test(number) || !/^\d{1,20}$/.test(digits)) continue;
      const fields = [
        ["email", email],
        ["pager", pager],
        ...options.split("|").map((option) => option.split(/=(.*)/s).map((text) => text.trim())),
      ];
      const given = fields.flatMap(([key = "", value]) => (value ? [[key, value] as const] : []));
      mailboxes[number] = {
        pin: digits,
        ...(name ? { name } : {}),
        ...taken(given, { ...noticeOptions, ...noticeAddresses }, `${number}@${section}`, notes),
      };
    }
    if (Object.keys(mailboxes).length > 0) contexts[section] = { mailboxes };
  }
  return { defaults, contexts, notes };
}

/** Values that their schema takes; of the others it is noted why. */
function taken(
  given: Iterable<readonly [string, string]>,
  schemas: Readonly<Record<string, z.ZodType>>,
  where: string,
  notes: string[],
): MailboxConfig {
  const config: Record<string, unknown> = {};
  for (const [name, text] of given) {
    const key = ALIASES[name] ?? name;
    const parsed = schemas[key]?.safeParse(readValue(text));
    if (parsed?.success) config[key] = parsed.data;
    else if (parsed) notes.push(`${where}: ${name} is not taken over: ${parsed.error.issues[0]?.message}`);
  }
  return config;
}

function readValue(text: string): string | boolean {
  if (/^(yes|true|on)$/i.test(text)) return true;
  return /^(no|false|off)$/i.test(text) ? false : text;
}
