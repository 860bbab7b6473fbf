import type { Readable } from "node:stream";
import { isCode, VoxpostError } from "../../errors.ts";
import { FOLDERS, parseFolder } from "../../model/folder.ts";
import { GREETINGS } from "../../model/greeting.ts";
import { formatMailbox, type MailboxAddress, parseMailbox } from "../../model/mailbox.ts";
import type { AudioPart, Envelope } from "../../model/message.ts";
import { readBeside } from "../../storage/carry/carry.ts";
import { weighMessage } from "../../storage/carry/weigh.ts";
import type { Engine, Entry } from "../../storage/engine.ts";
import { splitExtras } from "../../storage/mime/extras.ts";
import { unfolded } from "../../storage/mime/head.ts";
import { oneLine } from "../../storage/mime/text.ts";
import { throwIfEnding, wordsOf } from "../../storage/services/report.ts";
import { walk } from "../../storage/services/walk.ts";
import type { Outcome, Session } from "./session.ts";

/** `ls`: every mailbox with its counts, one a line. */
export async function listMailboxes(session: Session): Promise<Outcome> {
  const { signal } = session;
  const engine = await session.open(session.place());
  await engine.check(signal);
  let outcome: Outcome = "well";
  print(["mailbox", "urgent", "new", "old", "elsewhere"]);
  for await (const mailbox of session.mailboxes()(engine, signal)) {
    try {
      const inbox = await engine.count(mailbox, "INBOX", signal);
      let elsewhere = 0;
      for (const folder of FOLDERS.slice(1)) {
        const counts = await engine.count(mailbox, folder, signal);
        elsewhere += counts.urgent + counts.new + counts.old;
      }
      print([formatMailbox(mailbox), inbox.urgent, inbox.new, inbox.old, elsewhere]);
    } catch (error) {
      throwIfEnding(error, signal);
      // The configuration may name mailboxes, by a range, that the store has nothing of.
      if (isCode(error, "MAILBOX_UNKNOWN")) continue;
      outcome = "faults";
      session.report.finding({ kind: "fault", where: formatMailbox(mailbox), what: wordsOf(error) });
    }
  }
  return outcome;
}

/** `ls MAILBOX`: its messages, one a line, oldest first. */
export async function listMessages(
  session: Session,
  mailbox: string,
  { folder, json }: { folder?: string; json?: boolean },
): Promise<Outcome> {
  const { signal } = session;
  const engine = await session.open(session.place());
  await engine.check(signal);
  const folders = folder === undefined ? FOLDERS : [parseFolder(folder)];
  if (!json) print(["id", "folder", "flags", "received", "seconds", "caller"]);
  for await (const { ref, envelope } of walk(engine, parseMailbox(mailbox), { folders, signal })) {
    if (json) console.log(JSON.stringify({ ...envelope, folder: ref.folder }));
    else
      print([
        envelope.id,
        ref.folder,
        flagsOf(envelope),
        timeOf(envelope),
        envelope.duration,
        callerOf(envelope),
      ]);
  }
  return "well";
}

/** `show MAILBOX ID`: all that is known of a message, its audio read once for size and digest. */
export async function showMessage(session: Session, mailbox: string, id: string): Promise<Outcome> {
  const { signal } = session;
  const engine = await session.open(session.place());
  await engine.check(signal);
  const { ref, envelope } = await findById(engine, parseMailbox(mailbox), id, signal);
  const { text, extras } = await readBeside(engine, ref, signal);
  const parts = await engine.read(ref, signal);
  for (const { stream } of parts) stream.destroy();
  const weights = await weighMessage(engine, ref, signal);
  const { mailbox: address, receivedAt, ...rest } = envelope;
  const audio = parts.map(({ kind, contentType, duration }, index) => ({
    part: index + 1,
    kind,
    contentType,
    ...(duration === undefined ? {} : { duration }),
    bytes: weights[index]?.bytes,
    sha256: weights[index]?.sha256,
  }));
  const besides = extras && (await describeExtras(await extras.open(signal)));
  const place = { mailbox: formatMailbox(address), receivedAt, key: ref.key };
  const shown = { ...rest, ...place, text, audio, extras: besides };
  // JSON escapes what a caller's name could do to a terminal.
  console.log(JSON.stringify(shown, null, 2));
  return "well";
}

/** What its mail has besides: the header fields as text, and how long the other parts are together. */
async function describeExtras(stream: Readable) {
  const { keywords, fields, body } = await splitExtras(stream);
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  return { keywords, headers: fields.map(unfolded), bytesOfParts: bytes };
}

/** `cat MAILBOX ID`: the audio of a message, or of a greeting by its kind, on standard output. */
export async function catAudio(
  session: Session,
  mailbox: string,
  id: string,
  { part: number }: { part?: number },
): Promise<Outcome> {
  if (process.stdout.isTTY) {
    throw new VoxpostError(
      "UNSUPPORTED",
      "A terminal plays no sound: send it to a player, or with > to a file",
    );
  }
  const engine = await session.open(session.place());
  await engine.check(session.signal);
  const part = await openAudio(session, engine, parseMailbox(mailbox), id, number);
  for await (const chunk of part.stream) {
    if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
  return "well";
}

async function openAudio(
  { signal, report }: Session,
  engine: Engine,
  mailbox: MailboxAddress,
  id: string,
  number: number | undefined,
): Promise<AudioPart> {
  const kind = GREETINGS.find((greeting) => greeting === id);
  if (kind) {
    const part = await engine.readGreeting?.(mailbox, kind, signal);
    if (part) return part;
    throw new VoxpostError("MESSAGE_UNKNOWN", `${formatMailbox(mailbox)} has no greeting "${kind}"`);
  }
  const { ref } = await findById(engine, mailbox, id, signal);
  const parts = await engine.read(ref, signal);
  const wanted = number === undefined ? parts.find((part) => part.kind === "voice") : parts[number - 1];
  for (const part of parts) if (part !== wanted) part.stream.destroy();
  if (!wanted) {
    throw new VoxpostError(
      "MESSAGE_UNKNOWN",
      `Message ${id} has parts 1 to ${parts.length}; choose one with --part`,
    );
  }
  if (number === undefined && parts.length > 1) {
    report.say(
      `voxpost: this is part ${parts.indexOf(wanted) + 1} of ${parts.length}; --part chooses another`,
    );
  }
  return wanted;
}

/** By the whole id, or by a beginning of it that only one message has. */
async function findById(
  engine: Engine,
  mailbox: MailboxAddress,
  id: string,
  signal: AbortSignal,
): Promise<Entry> {
  if (!/^[0-9a-f]{4,32}$/.test(id)) {
    throw new VoxpostError(
      "MESSAGE_UNKNOWN",
      `"${id}" is no id: 4 to 32 of the digits that \`storage ls\` shows`,
    );
  }
  const found: Entry[] = [];
  if (id.length === 32) found.push(...(await engine.find(mailbox, { id }, signal)));
  else
    for await (const entry of walk(engine, mailbox, { signal })) {
      if (entry.envelope.id.startsWith(id)) found.push(entry);
    }
  const [entry, ...others] = found;
  if (entry && new Set(found.map(({ envelope }) => envelope.id)).size === 1) return entry;
  const what = others.length > 0 ? "has several messages" : "has no message";
  throw new VoxpostError("MESSAGE_UNKNOWN", `${formatMailbox(mailbox)} ${what} whose id begins with ${id}`);
}

function print(cells: ReadonlyArray<string | number>): void {
  console.log(cells.join("\t"));
}

function flagsOf({ heard, urgent, priority, private: isPrivate }: Envelope): string {
  const flags = [heard ? "heard" : "new", urgent && "urgent", priority && "priority", isPrivate && "private"];
  return flags.filter(Boolean).join(",");
}

function timeOf({ receivedAt }: Envelope): string {
  return receivedAt.toISOString().replace(/\.\d+Z$/, "Z");
}

function callerOf({ caller }: Envelope): string {
  const name = oneLine(caller.name ?? "", 60);
  const number = oneLine(caller.number ?? "", 40);
  if (name && number) return `${name} <${number}>`;
  return name || number || "unknown";
}
