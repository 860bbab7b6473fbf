import { VoxpostError } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioSource, NewMessage } from "../../../model/message.ts";
import { AUDIO } from "../../carry/compare.ts";
import { appendVerified, findMessage, otherMessage } from "../../carry/copy.ts";
import { greetingDigest, writeGreetingVerified } from "../../carry/greetings.ts";
import { type PartWeight, sameAudio, weigh, weighMessage } from "../../carry/weigh.ts";
import type { Engine } from "../../engine.ts";
import { onceEach, type Report, throwIfEnding, wordsOf } from "../report.ts";
import { type Item, nameOf, readBackup } from "./reader.ts";

export interface RestoreOptions {
  readonly engine: Engine;
  readonly stream: AsyncIterable<Buffer>;
  readonly report: Report;
  /** Reads the stream and looks what is there; stores nothing. */
  readonly dryRun?: boolean;
  /** Mailboxes that are put back. Default: all. */
  readonly isMeant?: (mailbox: MailboxAddress) => boolean;
  /** Replace greetings that the store has already; otherwise these stay. */
  readonly overwriteGreetings?: boolean;
  /** Of the stream, when that is known: then it is compared with the room that the store has. Bytes. */
  readonly size?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RestoreResult {
  /** Messages and greetings that were not there before, and are now. */
  restored: number;
  /** Those that were there already. */
  existed: number;
  faults: number;
  /** False when the stream ends before its end. */
  complete: boolean;
}

type Entry = Extract<Item, { is: "entry" }>;

/**
 * Puts back what a backup holds. What is there already, by id, stays as it is, so it may be run again after it was
 * stopped, and over a store that is in use. What is damaged in the stream is left out and told.
 * @throws VoxpostError MESSAGE_MALFORMED when the stream is no backup; STORE_FULL, ABORTED
 */
export async function restore(given: RestoreOptions): Promise<RestoreResult> {
  const options = { ...given, report: onceEach(given.report) };
  const { engine, stream, report, dryRun = false, isMeant = () => true, size, signal } = options;
  if (!engine.capabilities.writable) {
    throw new VoxpostError("UNSUPPORTED", `${engine.name} cannot be written to`);
  }
  if (!dryRun) await engine.check(signal);
  if (size !== undefined && !dryRun) await checkRoom(engine, size, signal);
  const result: RestoreResult = { restored: 0, existed: 0, faults: 0, complete: false };
  const fault = (where: string, what: string) => {
    result.faults++;
    report.finding({ kind: "fault", where, what });
  };
  for await (const item of readBackup(stream, signal)) {
    if (item.is === "end") {
      result.complete = true;
      if (item.faults > 0) report.finding({ kind: "note", where: "backup", what: lackOf(item.faults) });
    } else if (item.is === "damaged") {
      fault("backup", item.what);
    } else if (isMeant(mailboxOf(item))) {
      try {
        result[await restoreEntry(options, item)]++;
      } catch (error) {
        throwIfEnding(error, signal);
        fault(nameOf(item.head), wordsOf(error));
      }
      report.progress({
        phase: "restoring",
        mailbox: mailboxOf(item),
        done: result.restored + result.existed,
      });
    }
  }
  return result;
}

function mailboxOf({ head }: Entry): MailboxAddress {
  return head.is === "message" ? head.envelope.mailbox : head.mailbox;
}

function lackOf(faults: number): string {
  return `${faults} messages or greetings could not be read when it was made, and are not in it`;
}

function restoreEntry(options: RestoreOptions, entry: Entry): Promise<"restored" | "existed"> {
  const { head, audio, extras } = entry;
  if (head.is === "greeting") return restoreGreeting(options, head, audio);
  return restoreMessage(options, head, { audio, ...(extras && { extras }) });
}

async function restoreMessage(
  { engine, report, dryRun, signal }: RestoreOptions,
  { envelope: { folder, ...fields }, text }: Extract<Entry["head"], { is: "message" }>,
  bytes: Pick<NewMessage, "audio" | "extras">,
): Promise<"restored" | "existed"> {
  const weights: PartWeight[] = [];
  for (const source of bytes.audio) {
    const stream = await source.open(signal);
    weights.push({ kind: source.kind, ...(await weigh({ ...source, stream }, signal)) });
  }
  const stored = await findMessage(engine, fields.mailbox, fields, signal);
  if (stored) {
    if (!sameAudio(weights, await weighMessage(engine, stored.ref, signal)))
      throw otherMessage(fields, [AUDIO]);
    return "existed";
  }
  if (dryRun) return "restored";
  const message = { ...fields, ...bytes, ...(text === undefined ? {} : { text }) };
  const { lost } = await appendVerified(engine, folder, message, () => weights, { signal, mayLose: true });
  for (const what of lost) {
    report.finding({
      kind: "note",
      where: engine.name,
      what: `has no place for the ${what}; they are in the backup only`,
    });
  }
  return "restored";
}

async function restoreGreeting(
  { engine, report, dryRun, overwriteGreetings, signal }: RestoreOptions,
  head: Extract<Entry["head"], { is: "greeting" }>,
  [source]: readonly AudioSource[],
): Promise<"restored" | "existed"> {
  if (!source) throw new VoxpostError("MESSAGE_MALFORMED", "it has no audio");
  const { mailbox, greeting } = head;
  const there = await greetingDigest(engine, mailbox, greeting, signal);
  const { sha256 } = await weigh({ ...source, stream: await source.open(signal) }, signal);
  if (there === sha256) return "existed";
  if (there !== undefined && !overwriteGreetings) {
    const what = "the store has another one, which is left as it is (--overwrite-greetings replaces it)";
    report.finding({ kind: "note", where: nameOf(head), what });
    return "existed";
  }
  if (!dryRun) await writeGreetingVerified(engine, mailbox, greeting, source, signal);
  return "restored";
}

async function checkRoom(engine: Engine, size: number, signal: AbortSignal | undefined): Promise<void> {
  const free = await engine.freeBytes?.(signal).catch(() => undefined);
  if (free === undefined || size <= free) return;
  const [needed, left] = [size, free].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
  throw new VoxpostError(
    "STORE_FULL",
    `${engine.name} has ${left} left, and the backup has ${needed}; make room`,
    {
      retryable: false,
    },
  );
}
