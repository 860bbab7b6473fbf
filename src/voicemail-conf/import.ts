import { stringify } from "yaml";
import type { LocalAsterisk } from "../local-asterisk.ts";
import type { MailboxConfig } from "../mailbox-options.ts";
import { withHashedPins } from "./hashed.ts";
import { imapTree } from "./imap.ts";
import { Notes } from "./notes.ts";
import { readVoicemailConf, type VoicemailConf } from "./read.ts";
import { type Secret, Secrets } from "./secrets.ts";

/** What is there beside the voicemail.conf. */
export interface Surroundings {
  /** Undefined when no ARI user can be read. */
  readonly asterisk: LocalAsterisk | undefined;
  readonly url: string;
  readonly spool: string;
  /** Whether app_voicemail's folder of messages is there. */
  readonly hasSpool: boolean;
  readonly hostname: string;
}

export interface Imported {
  /** A whole voxpost.yaml, with the notes as comments, and without a PIN or password in clear. */
  readonly text: string;
  /** Files that it reads passwords from. */
  readonly secrets: readonly Secret[];
  readonly notes: readonly string[];
}

interface Part {
  readonly comment: string;
  readonly keys: object;
}

/** Where a start without a configuration keeps messages, too: whoever tried that keeps them. */
const MESSAGES = "voxpost-data/messages";

/** The configuration that takes the place of a voicemail.conf. Reads only. */
export async function importVoicemailConf(path: string, around: Surroundings): Promise<Imported> {
  const conf = readVoicemailConf(path, around.spool);
  const secrets = new Secrets();
  const notes = new Notes();
  const asterisk = asteriskPart(around, secrets);
  const storage = storagePart(conf, around, secrets, notes);
  const mails = mailsPart(conf, around, notes);
  const contexts = await withHashedPins(conf.contexts);
  if (Object.keys(contexts).length === 0) notes.add(path, "no mailbox was found");
  const parts: Part[] = [
    asterisk,
    storage,
    ...mails.parts,
    { comment: "[general], for all mailboxes.", keys: { defaults: { ...conf.defaults, ...mails.defaults } } },
    ...(Object.keys(conf.site).length > 0
      ? [{ comment: "[general], and the aliases.", keys: conf.site }]
      : []),
    { comment: "PINs are kept as hashes; owners change them by telephone as before.", keys: { contexts } },
  ];
  const all = [...conf.notes, ...notes.lines()];
  return { text: written(path, parts, secrets.all(), all), secrets: secrets.all(), notes: all };
}

function asteriskPart({ asterisk, url }: Surroundings, secrets: Secrets): Part {
  const { name, user, password } = asterisk ?? { name: "local", user: "voxpost", password: undefined };
  const file = secrets.file("ari", `password of the ARI user ${user} (ari.conf)`, password);
  const comment = asterisk
    ? "Never change the name: recordings are found by it."
    : "No ARI user was found beside voicemail.conf: config/asterisk/ has the files to copy.";
  return { comment, keys: { asterisk: [{ name, url, user, password_file: file }] } };
}

function storagePart(
  conf: VoicemailConf,
  { spool, hasSpool }: Surroundings,
  secrets: Secrets,
  notes: Notes,
): Part {
  const imap = imapTree(conf, secrets, notes);
  if (imap) {
    const migrate = `voxpost storage migrate spool://${spool} @voxpost.yaml`;
    if (hasSpool)
      notes.add("storage", `greetings that lie in ${spool} come into the accounts by \`${migrate}\``);
    return {
      comment: "The accounts that app_voicemail used: its messages are read as they are.",
      keys: { storage: imap },
    };
  }
  const file = { engine: "file", path: MESSAGES };
  if (!hasSpool) return { comment: `No messages of app_voicemail are in ${spool}.`, keys: { storage: file } };
  return {
    comment:
      "app_voicemail's messages and greetings stay where they are, and are only read (docs/engines/overlay.md).",
    keys: { storage: { engine: "overlay", upper: file, lower: [{ engine: "spool", path: spool }] } },
  };
}

/** app_voicemail hands mails to sendmail, whose server listens on this machine as a rule. */
function mailsPart(
  { general, defaults, contexts }: VoicemailConf,
  { hostname }: Surroundings,
  notes: Notes,
): { parts: Part[]; defaults: MailboxConfig } {
  const mailboxes = Object.values(contexts).flatMap((context) => Object.values(context.mailboxes));
  const isTold = (mailbox: MailboxConfig | null) => mailbox?.email || mailbox?.pager || mailbox?.delete;
  if (!mailboxes.some(isTold)) return { parts: [], defaults: {} };
  const comment =
    "Mails about messages, by the mail server of this machine, as with sendmail (docs/notices.md).";
  const parts = [{ comment, keys: { notices: { host: "127.0.0.1", tls: "none" } } }];
  if (defaults.serveremail !== undefined) return { parts, defaults: {} };
  const user = /^[A-Za-z0-9._-]{1,64}$/.exec(general.get("serveremail") ?? "")?.[0] ?? "asterisk";
  const host = /^[A-Za-z0-9.-]+$/.test(hostname) ? hostname : "localhost";
  const serveremail = `${user}@${host}`;
  notes.add(
    "defaults",
    `serveremail: ${serveremail} is made of this machine's name; write one that other mail servers accept`,
  );
  return { parts, defaults: { serveremail } };
}

function written(
  path: string,
  parts: readonly Part[],
  secrets: readonly Secret[],
  notes: readonly string[],
): string {
  const head = [
    `Voxpost's configuration, made of ${path}. docs/config.md explains every key.`,
    ...(notes.length > 0
      ? ["", "Not taken over, or other than it was:", ...notes.map((note) => `- ${note}`)]
      : []),
    "",
    "Files that passwords are read from (first line), which only Voxpost's user should be able to read:",
    ...secrets.map(({ file, what }) => `- ${file}: ${what}`),
  ];
  const comment = (lines: readonly string[]) => lines.map((line) => `# ${line}`.trimEnd()).join("\n");
  const body = parts.map(
    ({ comment: text, keys }) => `${comment([text])}\n${stringify(keys, { lineWidth: 0 })}`,
  );
  return [`${comment(head)}\n`, ...body].join("\n");
}
