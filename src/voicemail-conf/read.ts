import { readAsteriskSections } from "../asterisk-file.ts";
import type { Config } from "../config.ts";
import { configSchema } from "../config.ts";
import { name as contextName, type MailboxConfig, mailboxOptions } from "../mailbox-options.ts";
import { formatMailbox, isMailboxName } from "../model/mailbox.ts";
import { pinOf, readMailboxLine } from "./mailbox-line.ts";
import { Notes } from "./notes.ts";
import { OF_GENERAL, OTHER_DEFAULTS } from "./options.ts";
import { isReplacedPrompt, readAliases, readSite, type Site } from "./site.ts";
import { spoolPin } from "./spool-pins.ts";
import { type Given, given, takeOptions } from "./take.ts";
import { readValue } from "./values.ts";
import { readZones, type Zones, zoneOf } from "./zones.ts";

/** What app_voicemail's voicemail.conf says, in the words of a voxpost.yaml. */
export interface VoicemailConf {
  readonly defaults: MailboxConfig;
  readonly contexts: Config["contexts"];
  readonly site: Site;
  /** `[general]` as it stands there, and so what it says of storage. */
  readonly general: Given;
  /** The options of each mailbox as they stand there, by `1001@default`. */
  readonly accounts: ReadonlyMap<string, Given>;
  /** What is left out or differs, where and why. They hold no secrets. */
  readonly notes: readonly string[];
}

/**
 * Reads everything that has a counterpart here, whatever else the file holds: what has none, or a value that we do not take, is
 * named in the notes. PINs are those of the spool where `passwordlocation` says so. Never throws.
 */
export function readVoicemailConf(path: string, spool: string): VoicemailConf {
  const { sections, notes: unread } = readAsteriskSections(path);
  const linesOf = (wanted: string) =>
    sections.filter(({ name }) => name.toLowerCase() === wanted).flatMap(({ lines }) => lines);
  const notes = new Notes();
  const obsolete = new Set<string>();
  const zones = readZones(linesOf("zonemessages"), notes);
  const general = given(linesOf("general"));
  const defaults = readDefaults(general, { zones, notes, obsolete });
  const aliasSection = general.get("aliasescontext")?.toLowerCase();
  const reading = { spool, general, zones, defaults, notes, obsolete };
  const contexts = new Contexts(reading);
  for (const { name, lines } of sections) {
    if (!["general", "zonemessages", aliasSection].includes(name.toLowerCase())) contexts.read(name, lines);
  }
  const aliases = aliasSection
    ? readAliases(linesOf(aliasSection), (name) => contexts.accounts.has(name), notes)
    : {};
  return {
    defaults,
    contexts: contexts.all(),
    site: { ...readSite(general, notes), ...(Object.keys(aliases).length > 0 ? { aliases } : {}) },
    general,
    accounts: contexts.accounts,
    notes: [...unread, ...notes.lines(), ...summary(general, obsolete)],
  };
}

interface Reading {
  readonly spool: string;
  readonly general: Given;
  readonly zones: Zones;
  readonly defaults: MailboxConfig;
  readonly notes: Notes;
  readonly obsolete: Set<string>;
}

function readDefaults(
  general: Given,
  { zones, notes, obsolete }: Pick<Reading, "zones" | "notes" | "obsolete">,
): MailboxConfig {
  const options = new Map([...general].filter(([name]) => !isReplacedPrompt(name)));
  // app_voicemail heeds it of one mailbox only: nobody's messages begin to be deleted by moving here.
  for (const name of ["delete", "deletevoicemail"]) {
    if (options.delete(name))
      notes.add("general", `${name} is not taken over: app_voicemail heeds it only of a mailbox`);
  }
  const taken = takeOptions(options, {
    schemas: mailboxOptions.shape,
    where: "general",
    notes,
    obsolete,
    elsewhere: OF_GENERAL,
  });
  const zone = general.get("tz");
  return { ...taken, ...(zone === undefined ? {} : zoneOf(zone, zones, "general", notes)) };
}

class Contexts {
  readonly accounts = new Map<string, Given>();
  readonly #reading: Reading;
  readonly #contexts = new Map<string, { intro?: string; mailboxes: Map<string, MailboxConfig> }>();

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  read(name: string, lines: Iterable<readonly [string, string]>): void {
    const { notes } = this.#reading;
    // A key that ends in _file is read from that file (secrets.ts).
    if (!contextName.safeParse(name).success || name.endsWith("_file")) {
      const why = "use letters, digits and _ . - only, at most 40, and not _file at its end";
      notes.add(`[${name.slice(0, 60)}]`, `the context is not taken over: ${why}`);
      return;
    }
    const context = this.#contexts.get(name) ?? { mailboxes: new Map<string, MailboxConfig>() };
    this.#contexts.set(name, context);
    for (const [key, value] of lines) {
      if (key.toLowerCase() !== "directoryintro") {
        this.#mailbox(key, name, value, context.mailboxes);
        continue;
      }
      const read = readValue(value, configSchema.shape.directoryintro);
      if ("value" in read) context.intro = String(read.value);
      else notes.add(`[${name}]`, `directoryintro is not taken over: ${read.fault}`);
    }
  }

  #mailbox(mailbox: string, context: string, line: string, mailboxes: Map<string, MailboxConfig>): void {
    const { notes } = this.#reading;
    const where = formatMailbox({ mailbox, context });
    if (!isMailboxName(mailbox) || /^\d+-\d+$/.test(mailbox)) {
      const why = "use letters, digits and _ . + - only, at most 64, and no range such as 10-20";
      notes.add(JSON.stringify(where.slice(0, 80)), `the mailbox is not taken over: ${why}`);
      return;
    }
    if (mailboxes.has(mailbox)) {
      notes.add(where, "it is there twice; the first is taken over, as app_voicemail does");
      return;
    }
    const { config, options } = readMailboxLine(line, { ...this.#reading, where });
    mailboxes.set(mailbox, { ...config, ...this.#spoolPin(mailbox, context, options) });
    this.accounts.set(where, options);
  }

  #spoolPin(mailbox: string, context: string, options: Given): MailboxConfig {
    const { general, spool, notes } = this.#reading;
    const location = options.get("passwordlocation") ?? general.get("passwordlocation");
    if (location?.toLowerCase() !== "spooldir") return {};
    const where = formatMailbox({ mailbox, context });
    const pin = spoolPin(spool, { mailbox, context }, (why) => notes.add(where, why));
    return pin === undefined ? {} : pinOf(pin, where, notes);
  }

  /** Those that have mailboxes. */
  all(): Config["contexts"] {
    const filled = [...this.#contexts].filter(([, { mailboxes }]) => mailboxes.size > 0);
    return Object.fromEntries(
      filled.map(([name, { intro, mailboxes }]) => [
        name,
        {
          ...(intro === undefined ? {} : { directoryintro: intro }),
          mailboxes: Object.fromEntries(mailboxes),
        },
      ]),
    );
  }
}

function summary(general: Given, obsolete: ReadonlySet<string>): string[] {
  const names = [...obsolete].sort().join(", ");
  const unset = Object.entries(OTHER_DEFAULTS).filter(([name]) => !general.has(name));
  const also = { maxsecs: "maxmessage", minsecs: "minmessage" } as Record<string, string>;
  const others = unset
    .filter(([name]) => !general.has(also[name] ?? name))
    .map(([name, how]) => `${name} (${how})`);
  return [
    ...(names
      ? [`general and mailboxes: without meaning here, or gone: ${names} (docs/app_voicemail-parity.md)`]
      : []),
    ...(others.length > 0
      ? [`general: not said there, and by default otherwise here: ${others.join(", ")}`]
      : []),
  ];
}
