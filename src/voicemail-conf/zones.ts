import { IANAZone } from "luxon";
import { isDateFormat } from "../ivr/date-format.ts";
import type { MailboxConfig } from "../mailbox-options.ts";
import type { Notes } from "./notes.ts";

export type Zones = ReadonlyMap<string, MailboxConfig>;

/** `[zonemessages]`: `name=Zone|format`. Names that no mailbox uses are not looked at twice. */
export function readZones(lines: Iterable<readonly [string, string]>, notes: Notes): Zones {
  const zones = new Map<string, MailboxConfig>();
  for (const [name, value] of lines) {
    const [, zone = "", format = ""] =
      /^([^|,]*)(?:[|,](.*))?$/s.exec(value)?.map((text) => text?.trim()) ?? [];
    const where = `zonemessages: ${name}`;
    if (zones.has(name)) continue;
    if (!IANAZone.isValidZone(zone)) {
      notes.add(where, `${quoted(zone)} is no IANA time zone such as Europe/Berlin; this machine's holds`);
      continue;
    }
    const isFormat = isDateFormat(format);
    if (format && !isFormat)
      notes.add(where, "the format is not understood; dates are said as the language has it");
    zones.set(name, { tz: zone, ...(isFormat ? { dateformat: format } : {}) });
  }
  return zones;
}

/** What `tz=NAME` says; a name that is itself a time zone is one, which app_voicemail does not know. */
export function zoneOf(name: string, zones: Zones, where: string, notes: Notes): MailboxConfig {
  const known = zones.get(name);
  if (known) return known;
  if (IANAZone.isValidZone(name)) return { tz: name };
  notes.add(where, `tz is not taken over: [zonemessages] has no zone ${quoted(name)} that can be used`);
  return {};
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
