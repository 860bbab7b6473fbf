import { existsSync, readFileSync } from "node:fs";
import { stringify } from "yaml";
import { VoxpostError } from "../../errors.ts";
import { isMailboxName, type MailboxAddress } from "../../model/mailbox.ts";
import { recognise } from "../../storage/services/adopt.ts";
import { parsePlace } from "../../storage/services/trees.ts";
import { knownMailboxes } from "../../storage/services/walk.ts";
import { adoptedContexts } from "../../voicemail-conf/adopted.ts";
import { readVoicemailConf, type VoicemailConf } from "../../voicemail-conf/read.ts";
import type { Outcome, Session } from "./session.ts";

const PASSWORD_VARIABLE = "VOXPOST_IMAP_PASSWORD";

/** Prints the parts of a voxpost.yaml for storage that was found without one. Reads only. */
export async function adoptStore(
  session: Session,
  what: string,
  { passwordFile, voicemailConf }: { passwordFile?: string; voicemailConf?: string },
): Promise<Outcome> {
  if (/^imaps?:\/\//.test(what)) return adoptAccount(session, what, passwordFile);
  const folder = process.cwd();
  const isUrl = /^[a-z]+:/.test(what) && !what.startsWith("file:");
  const place = isUrl
    ? parsePlace(what, () => unreadable())
    : { tree: await recognise(what.replace(/^file:\/\//, "")), folder };
  const engine = await session.open(place);
  await engine.check(session.signal);
  const mailboxes = knownMailboxes(() => [])(engine, session.signal);
  const spool = place.tree.engine === "spool" ? String(place.tree.path) : undefined;
  const { tree: storage } = place;
  const notes =
    storage.engine === "spool"
      ? ["The spool is read only: overlay it (docs/engines/overlay.md), or migrate it to a store of ours."]
      : [];
  const conf =
    voicemailConf === undefined || spool === undefined ? undefined : readConf(voicemailConf, spool);
  if (conf)
    notes.push(
      `Of ${voicemailConf} its mailboxes alone; \`voxpost config import\` takes over all of it.`,
      ...conf.notes,
    );
  const contexts = await adoptedContexts(mailboxes, spool, conf);
  notes.push("A mailbox without pin or pin_hash cannot be logged in to; `voxpost mailbox hash` makes one.");
  print({ storage, contexts }, notes);
  return "well";
}

function readConf(path: string, spool: string): VoicemailConf {
  if (!existsSync(path)) throw new VoxpostError("CONFIG_INVALID", `${path} is not there`);
  return readVoicemailConf(path, spool);
}

/** One IMAP account: its user is the mailbox. The password comes from a file or the environment, never from the URL. */
async function adoptAccount(session: Session, text: string, passwordFile?: string): Promise<Outcome> {
  const url = new URL(text);
  const user = decodeURIComponent(url.username);
  const password = passwordFile
    ? (readFileSync(passwordFile, "utf8").split("\n")[0] ?? "")
    : process.env[PASSWORD_VARIABLE];
  if (url.password)
    throw new VoxpostError("CONFIG_INVALID", "A password in a URL can be seen by everybody here");
  if (!user || !password) {
    const remedy = `the password in ${PASSWORD_VARIABLE} or in a file named by --password-file`;
    throw new VoxpostError("CONFIG_INVALID", `Write imaps://USER@HOST, and put ${remedy}`);
  }
  const name = user.split("@")[0] ?? "";
  const mailbox: MailboxAddress = { mailbox: isMailboxName(name) ? name : "1001", context: "default" };
  const key = `${mailbox.mailbox}@${mailbox.context}`;
  const common = {
    engine: "imap",
    host: url.hostname,
    ...(url.port ? { port: Number(url.port) } : {}),
    tls: url.protocol === "imaps:" ? "tls" : url.searchParams.get("tls") === "none" ? "none" : "starttls",
    user: mailbox.mailbox === user ? "{mailbox}" : user,
  };
  const engine = await session.open({
    tree: { ...common, passwords: { [key]: password } },
    folder: process.cwd(),
  });
  const counts = await engine.count(mailbox, "INBOX", session.signal);
  const passwords = passwordFile ? { [`${key}_file`]: passwordFile } : { [key]: `\${${PASSWORD_VARIABLE}}` };
  const contexts = { [mailbox.context]: { mailboxes: { [mailbox.mailbox]: {} } } };
  print({ storage: { ...common, passwords }, contexts }, [
    `Its INBOX holds ${counts.urgent + counts.new + counts.old} voice messages.`,
    "For many accounts give a proxy user instead of passwords (docs/engines/imap.md).",
  ]);
  return "well";
}

function print(parts: object, notes: readonly string[]): void {
  console.log(`${notes.map((note) => `# ${note}`).join("\n")}\n${stringify(parts)}`.trimEnd());
}

function unreadable(): never {
  throw new VoxpostError(
    "CONFIG_INVALID",
    "A YAML file is a configuration already; adopt looks at storage itself",
  );
}
