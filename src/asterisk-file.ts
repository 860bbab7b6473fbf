import { existsSync, readFileSync } from "node:fs";

export type AsteriskFile = Map<string, Map<string, string>>;

/** Sections and keys of a file in Asterisk's own format; empty when it cannot be read. Includes are not followed. */
export function readAsteriskFile(path: string): AsteriskFile {
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
