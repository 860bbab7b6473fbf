import { type MailboxConfig, mailbox, mailboxOptions } from "../mailbox-options.ts";
import { noticeAddresses } from "../notice-options.ts";
import type { Notes } from "./notes.ts";
import { OF_MAILBOXES } from "./options.ts";
import { type Given, given, takeOptions } from "./take.ts";
import { readValue } from "./values.ts";
import { type Zones, zoneOf } from "./zones.ts";

export interface MailboxLine {
  readonly config: MailboxConfig;
  /** All its options as they stand there: its account is among them. */
  readonly options: Given;
}

export interface LineSetting {
  readonly where: string;
  readonly zones: Zones;
  readonly defaults: MailboxConfig;
  readonly notes: Notes;
  readonly obsolete: Set<string>;
}

/** `PIN,full name,address|address,pager,option=value|option=value`. The last field may have commas. */
export function readMailboxLine(line: string, setting: LineSetting): MailboxLine {
  const { where, zones, notes, obsolete } = setting;
  const [first, rest] = [line.split(",", 4), line.split(",").slice(4)];
  const [pin = "", name = "", email = "", pager = ""] = first.map((field) => field.trim());
  const pairs = rest
    .join(",")
    .split("|")
    .map(pair)
    .filter(([key]) => key !== "");
  const options = given(pairs);
  const schemas = { ...mailboxOptions.shape, alias: mailbox.shape.alias };
  const taking = { where, notes, obsolete, elsewhere: OF_MAILBOXES };
  const zone = options.get("tz");
  const config: MailboxConfig = {
    ...pinOf(pin, where, notes),
    ...nameOf(name, where, notes),
    ...takeOptions(
      given([
        ["email", email],
        ["pager", pager],
      ]),
      { schemas: noticeAddresses, ...taking },
    ),
    ...takeOptions(options, { schemas, ...taking }),
    ...(zone === undefined ? {} : zoneOf(zone, zones, where, notes)),
  };
  if (pairs.filter(([key]) => key.toLowerCase() === "alias").length > 1)
    notes.add(where, "of several alias only the first is taken over");
  return { config: withoutLoss(config, setting), options };
}

/**
 * A leading `-` says that the owner may not change it; it is not typed. Without a PIN the mailbox takes messages all the
 * same, but its owner gets in only where the dialplan says so.
 */
export function pinOf(text: string, where: string, notes: Notes): MailboxConfig {
  const pin = text.replace(/^-/, "");
  if (/^\d{1,20}$/.test(pin)) return { pin, ...(pin === text ? {} : { pinlocked: true }) };
  const why = pin === "" ? "no PIN" : "a PIN that is no 1 to 20 digits";
  notes.add(
    where,
    `${why}: nobody can log in until it has one (pin_hash), but with option s of the dialplan`,
  );
  return {};
}

function nameOf(name: string, where: string, notes: Notes): MailboxConfig {
  if (name === "") return {};
  const read = readValue(name, mailbox.shape.name);
  if ("value" in read) return { name };
  notes.add(where, `the name is not taken over: ${read.fault}`);
  return {};
}

function pair(text: string): [string, string] {
  const [key = "", ...value] = text.split("=");
  return [key.trim(), value.join("=").trim()];
}

/** A message that leaves when its mail was accepted must be in that mail. */
function withoutLoss(config: MailboxConfig, { defaults, where, notes }: LineSetting): MailboxConfig {
  if (!config.delete || (config.attach ?? defaults.attach ?? true)) return config;
  notes.add(where, "delete is not taken over: with attach=no the message would be nowhere");
  const { delete: _, ...rest } = config;
  return rest;
}
