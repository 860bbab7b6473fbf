import type { z } from "zod";
import { type MailboxConfig, PLAYBACK_KEYS } from "../mailbox-options.ts";
import type { Notes } from "./notes.ts";
import { INSTEAD, OBSOLETE, OTHER_NAMES, REMARKS } from "./options.ts";
import { readValue } from "./values.ts";

/** Options as they stand in a line or section: by lower-case name, of several the first, as Asterisk takes them. */
export type Given = ReadonlyMap<string, string>;

export function given(lines: Iterable<readonly [string, string]>): Given {
  const options = new Map<string, string>();
  for (const [key, value] of lines) {
    const name = key.toLowerCase();
    if (value !== "" && !options.has(name)) options.set(name, value);
  }
  return options;
}

interface Taking {
  readonly schemas: Readonly<Record<string, z.ZodType>>;
  readonly where: string;
  readonly notes: Notes;
  /** Options that somebody else reads. */
  readonly elsewhere: ReadonlySet<string>;
  /** Obsolete options that were met. */
  readonly obsolete: Set<string>;
}

/** Options that have a counterpart of ours and a value that it takes; of all others it is noted why they are left out. */
export function takeOptions(
  options: Given,
  { schemas, where, notes, elsewhere, obsolete }: Taking,
): MailboxConfig {
  const taken: Record<string, unknown> = {};
  for (const [name, text] of options) {
    const ours = Object.hasOwn(OTHER_NAMES, name) ? (OTHER_NAMES[name] ?? name) : name;
    const schema = Object.hasOwn(schemas, ours) ? schemas[ours] : undefined;
    if (elsewhere.has(name) || (ours !== name && options.has(ours))) continue;
    if (schema === undefined) {
      if (OBSOLETE.has(name)) obsolete.add(name);
      else notes.add(where, `${shown(name)} is not taken over: ${remedy(name)}`);
      continue;
    }
    const read = readValue(text, schema);
    if ("fault" in read) {
      notes.add(where, `${name} is not taken over: ${read.fault}`);
      continue;
    }
    taken[ours] = read.value;
    if (read.remark) notes.add(where, `${name} is ${read.remark}`);
    if (Object.hasOwn(REMARKS, name)) notes.add(where, REMARKS[name] ?? "");
  }
  return withDistinctKeys(taken, where, notes);
}

function remedy(name: string): string {
  return (
    (Object.hasOwn(INSTEAD, name) && INSTEAD[name]) ||
    "no option of app_voicemail or of Voxpost has this name"
  );
}

/** Two keys that are the same are refused when the configuration is read. */
function withDistinctKeys(taken: MailboxConfig, where: string, notes: Notes): MailboxConfig {
  const keys = Object.entries(PLAYBACK_KEYS).map(
    ([option, key]) => taken[option as keyof typeof PLAYBACK_KEYS] ?? key,
  );
  if (new Set(keys).size === keys.length) return taken;
  notes.add(where, "listen-control keys are not taken over: two of them are the same");
  return Object.fromEntries(Object.entries(taken).filter(([option]) => !(option in PLAYBACK_KEYS)));
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 40));
}
