import type { Writable } from "node:stream";
import { isCode, VoxpostError } from "../../../errors.ts";
import { GREETINGS } from "../../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import { readBeside } from "../../carry/carry.ts";
import type { Engine, Entry } from "../../engine.ts";
import { placeOf, type Report, throwIfEnding, wordsOf } from "../report.ts";
import { type Mailboxes, walk } from "../walk.ts";
import { BackupWriter } from "./writer.ts";

export interface BackupOptions {
  readonly engine: Engine;
  readonly mailboxes: Mailboxes;
  /** Undefined: nothing is written and no audio is read, only counted (`--dry-run`). */
  readonly out: Writable | undefined;
  readonly report: Report;
  readonly signal?: AbortSignal | undefined;
}

export interface BackupResult {
  messages: number;
  greetings: number;
  /** Messages and greetings that could not be read. */
  faults: number;
}

/**
 * Writes a whole store as one stream (format.ts), one message at a time. Every message that was there all the time is in
 * it; one that is moved meanwhile may be in it twice, and is restored once.
 */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  const { engine, mailboxes, out, report, signal } = options;
  await engine.check(signal);
  const writer = out && new BackupWriter(out, signal);
  const result: BackupResult = { messages: 0, greetings: 0, faults: 0 };
  await writer?.begin();
  for await (const mailbox of mailboxes(engine, signal)) {
    const tolerate = async (where: string, work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        throwIfEnding(error, signal);
        // Nobody can read on where the stream itself failed.
        if (!(error instanceof VoxpostError)) throw error;
        // What was removed since it was listed is nobody's fault.
        if (isCode(error, "MESSAGE_UNKNOWN", "MAILBOX_UNKNOWN")) return;
        result.faults++;
        report.finding({ kind: "fault", where, what: wordsOf(error) });
      }
    };
    await tolerate(formatMailbox(mailbox), async () => {
      for await (const entry of walkSettled(engine, mailbox, signal)) {
        await tolerate(placeOf(entry), async () => {
          await writeMessage(writer, engine, entry, signal);
          result.messages++;
        });
        report.progress({ phase: "backing up", mailbox, done: result.messages });
      }
    });
    for (const greeting of engine.capabilities.greetings ? GREETINGS : []) {
      await tolerate(`${formatMailbox(mailbox)} greeting "${greeting}"`, async () => {
        const part = await engine.readGreeting?.(mailbox, greeting, signal);
        if (!part) return;
        if (writer) await writer.entry({ is: "greeting", mailbox, greeting }, [part]);
        part.stream.destroy();
        result.greetings++;
      });
    }
  }
  await writer?.end(result);
  return result;
}

/** Walks again until nothing is new: what is moved into a folder that was walked already must not be left out. */
async function* walkSettled(
  engine: Engine,
  mailbox: MailboxAddress,
  signal: AbortSignal | undefined,
): AsyncGenerator<Entry> {
  const seen = new Set<MessageId>();
  let fresh = true;
  for (let round = 1; fresh; round++) {
    fresh = false;
    for await (const entry of walk(engine, mailbox, { signal })) {
      const { id } = entry.envelope;
      // In the first round two messages of one id may be two messages.
      if (round > 1 && seen.has(id)) continue;
      fresh ||= !seen.has(id);
      seen.add(id);
      yield entry;
    }
  }
}

async function writeMessage(
  writer: BackupWriter | undefined,
  engine: Engine,
  { ref, envelope }: Entry,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!writer) return;
  const { text, extras } = await readBeside(engine, ref, signal);
  const parts = await engine.read(ref, signal);
  try {
    const line = {
      ...envelope,
      mailbox: ref.mailbox,
      folder: ref.folder,
      receivedAt: envelope.receivedAt.toISOString(),
    };
    const message = { is: "message" as const, envelope: line, ...(text === undefined ? {} : { text }) };
    await writer.entry(message, parts, extras);
  } finally {
    for (const { stream } of parts) stream.destroy();
  }
}
