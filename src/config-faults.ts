import type { z } from "zod";
import type { Config } from "./config.ts";
import { type MailboxOptions, PLAYBACK_KEYS } from "./mailbox-options.ts";

function playbackKeys(options: MailboxOptions | null | undefined): MailboxOptions {
  const own = Object.entries(options ?? {}).filter(([option]) => option in PLAYBACK_KEYS);
  return Object.fromEntries(own);
}

/** What a schema of single values cannot see. */
export function conflicts(config: Config): string[] {
  const faults: string[] = [];
  const names = config.asterisk.map((server) => server.name);
  for (const twice of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    faults.push(
      `asterisk: two are named "${twice}"; recordings could not be told apart, so give each its own name`,
    );
  }
  for (const [alias, mailbox] of Object.entries(config.aliases)) {
    if (config.aliases[mailbox]) {
      faults.push(`aliases.${alias}: ${mailbox} is an alias itself; name the mailbox that it stands for`);
    }
  }
  const unknownClass = (path: string, menuClass: string | undefined) => {
    if (menuClass !== undefined && !config.menu_classes[menuClass])
      faults.push(`${path}.menu_class: menu_classes has no "${menuClass}"`);
  };
  const sameKeys = (path: string, ...layers: readonly (MailboxOptions | null | undefined)[]) => {
    const keys = Object.values(Object.assign({}, PLAYBACK_KEYS, ...layers.map(playbackKeys)));
    if (new Set(keys).size < keys.length)
      faults.push(`${path}: two listen-control keys are the same (${keys.join(" ")}); give each its own`);
  };
  faults.push(...noticeFaults(config));
  sameKeys("defaults", config.defaults);
  unknownClass("defaults", config.defaults.menu_class);
  for (const [context, { mailboxes, ...ofContext }] of Object.entries(config.contexts)) {
    unknownClass(`contexts.${context}`, ofContext.menu_class);
    sameKeys(`contexts.${context}`, config.defaults, ofContext);
    for (const [key, options] of Object.entries(mailboxes)) {
      unknownClass(`contexts.${context}.mailboxes.${key}`, options?.menu_class);
      if (options && Object.keys(playbackKeys(options)).length > 0)
        sameKeys(`contexts.${context}.mailboxes.${key}`, config.defaults, ofContext, options);
      if (options?.pin && options.pin_hash) {
        faults.push(`contexts.${context}.mailboxes.${key}: pin and pin_hash are both given; keep pin_hash`);
      }
    }
  }
  return faults;
}

/** Without a sender no mail goes out; and nothing is deleted that went out without its audio. */
function noticeFaults({ notices, defaults, contexts }: Config): string[] {
  const faults: string[] = [];
  if (notices && defaults.serveremail === undefined)
    faults.push(
      "defaults.serveremail: missing; notices needs the address that mails about messages come from",
    );
  const check = (path: string, ...layers: readonly (MailboxOptions | null)[]) => {
    const { delete: deletes, attach = true } = Object.assign({}, ...layers) as MailboxOptions;
    if (!deletes) return;
    if (!notices) faults.push(`${path}.delete: needs notices, or no mail goes out that could be waited for`);
    if (!attach)
      faults.push(`${path}.delete: needs attach, or the audio would be in no mail and in no mailbox`);
  };
  check("defaults", defaults);
  for (const [context, { mailboxes, ...ofContext }] of Object.entries(contexts)) {
    const path = `contexts.${context}`;
    if (decides(ofContext)) check(path, defaults, ofContext);
    for (const [key, options] of Object.entries(mailboxes))
      if (decides(options)) check(`${path}.mailboxes.${key}`, defaults, ofContext, options);
  }
  return faults;
}

/** A fault is told where it was made, and not again of everything below. */
function decides(options: MailboxOptions | null): boolean {
  return options?.delete !== undefined || options?.attach !== undefined;
}

/** What is wrong with a file, for whoever wrote it. */
export function faultList(path: string, faults: readonly string[]): string {
  const count = faults.length === 1 ? "one fault" : `${faults.length} faults`;
  return `${path} has ${count}:\n${faults.map((fault) => `  - ${fault}`).join("\n")}\nEvery key is explained in docs/config.md.`;
}

/** One line for one zod issue: path, what is wrong, and for a wrong key what it may have been. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join(".") || "(top level)";
  if (issue.code === "unrecognized_keys") {
    return `${path}: ${issue.keys.map((key) => `"${key}"`).join(", ")} is not a key here; check its spelling and indentation`;
  }
  return `${path}: ${issue.message}`;
}
