import { VoxpostError } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioSource } from "../../../model/message.ts";
import type { Engine } from "../../engine.ts";
import { type Report, throwIfEnding, wordsOf } from "../report.ts";
import {
  appendVerified,
  findMessage,
  greetingDigest,
  otherAudio,
  writeGreetingVerified,
} from "../verified.ts";
import { type PartWeight, sameAudio, weigh, weighMessage } from "../weigh.ts";
import { type Item, nameOf, readBackup } from "./reader.ts";
import { Spool } from "./spool.ts";

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
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
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
  const spool = await Spool.open();
  try {
    for await (const item of readBackup(stream, spool, signal)) {
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
  } finally {
    await spool.close();
  }
  return result;
}

function mailboxOf({ head }: Entry): MailboxAddress {
  return head.is === "message" ? head.envelope.mailbox : head.mailbox;
}

function lackOf(faults: number): string {
  return `${faults} messages or greetings could not be read when it was made, and are not in it`;
}

function restoreEntry(options: RestoreOptions, { head, audio }: Entry): Promise<"restored" | "existed"> {
  return head.is === "message" ? restoreMessage(options, head, audio) : restoreGreeting(options, head, audio);
}

async function restoreMessage(
  { engine, dryRun, signal }: RestoreOptions,
  { envelope: { folder, ...fields }, text }: Extract<Entry["head"], { is: "message" }>,
  audio: readonly AudioSource[],
): Promise<"restored" | "existed"> {
  const weights: PartWeight[] = [];
  for (const source of audio) {
    const stream = await source.open(signal);
    weights.push({ kind: source.kind, ...(await weigh({ ...source, stream }, signal)) });
  }
  const stored = await findMessage(engine, fields.mailbox, fields, signal);
  if (stored) {
    if (!sameAudio(weights, await weighMessage(engine, stored.ref, signal))) throw otherAudio(fields);
    return "existed";
  }
  if (dryRun) return "restored";
  const message = { ...fields, audio, ...(text === undefined ? {} : { text }) };
  await appendVerified(engine, folder, message, () => weights, signal);
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
