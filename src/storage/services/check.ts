import { isCode } from "../../errors.ts";
import { GREETINGS } from "../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { MessageId } from "../../model/message.ts";
import { compareEntries } from "../carry/copy.ts";
import { weigh, weighMessage } from "../carry/weigh.ts";
import type { Engine, Entry } from "../engine.ts";
import { placeOf, type Report, throwIfEnding, wordsOf } from "./report.ts";
import { type Mailboxes, walk } from "./walk.ts";

export interface CheckOptions {
  readonly engine: Engine;
  readonly mailboxes: Mailboxes;
  /** Read every message's and greeting's audio to its end as well. */
  readonly audio: boolean;
  /** Put right what can be put right without losing anything. */
  readonly repair: boolean;
  readonly report: Report;
  readonly signal?: AbortSignal | undefined;
}

export interface CheckResult {
  mailboxes: number;
  messages: number;
  greetings: number;
  /** Of audio that was read. */
  bytes: number;
  faults: number;
  repaired: number;
}

/**
 * Walks a store: every envelope, on request all audio; messages that are there twice; and what the engine itself can
 * tell or put right (`repair` of the contract). Faults are reported one by one; the rest goes on.
 */
export async function check(options: CheckOptions): Promise<CheckResult> {
  const { engine, mailboxes, report, signal } = options;
  await engine.check(signal);
  const result: CheckResult = { mailboxes: 0, messages: 0, greetings: 0, bytes: 0, faults: 0, repaired: 0 };
  for await (const mailbox of mailboxes(engine, signal)) {
    const fault = (where: string, what: string) => {
      result.faults++;
      report.finding({ kind: "fault", where, what });
    };
    const tolerate = async (where: string, work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        throwIfEnding(error, signal);
        if (!isCode(error, "MESSAGE_UNKNOWN", "MAILBOX_UNKNOWN")) fault(where, wordsOf(error));
      }
    };
    result.mailboxes++;
    await tolerate(formatMailbox(mailbox), async () => {
      await engine.count(mailbox, "INBOX", signal);
      const first = new Map<MessageId, Entry>();
      const onNonsense = (entry: Entry, what: string) => fault(placeOf(entry), `${what} makes no sense`);
      for await (const entry of walk(engine, mailbox, { signal, onNonsense })) {
        result.messages++;
        report.progress({ phase: "checking", mailbox, done: result.messages });
        await tolerate(placeOf(entry), async () => {
          if (options.audio) {
            const parts = await weighMessage(engine, entry.ref, signal);
            const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
            result.bytes += bytes;
            if (bytes === 0) fault(placeOf(entry), "has no sound in it");
          }
          const twin = first.get(entry.envelope.id);
          if (twin) await checkTwins(options, result, twin, entry);
          else first.set(entry.envelope.id, entry);
        });
      }
      await checkGreetings(options, result, mailbox);
      if (options.repair) await upkeep(options, result, mailbox);
    });
  }
  return result;
}

/**
 * One message in two places: what a fault in the middle of two deliveries, or of a move by copy, leaves behind. The second is removed
 * only when nothing of it is lost with it: the one that stays has its envelope, audio, text, headers and parts.
 */
async function checkTwins(
  { engine, repair, report, signal }: CheckOptions,
  result: CheckResult,
  one: Entry,
  other: Entry,
): Promise<void> {
  const where = placeOf(other);
  const place = one.ref.folder;
  const found = await engine.find(one.ref.mailbox, { id: one.envelope.id }, signal);
  // It was moved between the two listings.
  if (found.length < 2) return;
  // Whoever deleted one of them did not hear that there was another.
  const [kept, extra] = one.ref.folder === "Trash" ? [other, one] : [one, other];
  const missing = await compareEntries(engine, extra, engine, kept, signal);
  if (missing.length > 0 || !repair) {
    const what =
      missing.length === 0
        ? `is in ${place} too; --repair removes one of them`
        : `has the id of a message in ${place} but other ${missing.join(", ")}; both are left as they are`;
    result.faults++;
    report.finding({ kind: "fault", where, what });
    return;
  }
  await engine.remove(extra.ref, signal);
  result.repaired++;
  report.finding({ kind: "note", where: placeOf(extra), what: "was there twice; one is left" });
}

async function checkGreetings(
  { engine, audio, report, signal }: CheckOptions,
  result: CheckResult,
  mailbox: MailboxAddress,
): Promise<void> {
  for (const kind of engine.capabilities.greetings ? GREETINGS : []) {
    try {
      const part = await engine.readGreeting?.(mailbox, kind, signal);
      if (!part) continue;
      result.greetings++;
      if (audio) result.bytes += (await weigh(part, signal)).bytes;
      part.stream.destroy();
    } catch (error) {
      throwIfEnding(error, signal);
      result.faults++;
      const where = `${formatMailbox(mailbox)} greeting "${kind}"`;
      report.finding({ kind: "fault", where, what: wordsOf(error) });
    }
  }
}

/** What only the engine knows: half-finished moves, replicas that differ. */
async function upkeep(
  { engine, report, signal }: CheckOptions,
  result: CheckResult,
  mailbox: MailboxAddress,
): Promise<void> {
  const found: Parameters<NonNullable<Engine["repair"]>>[1] = ({ what, id, done }) => {
    const where = [formatMailbox(mailbox), id].filter(Boolean).join(" ");
    if (done) result.repaired++;
    else result.faults++;
    report.finding({ kind: done ? "note" : "fault", where, what });
  };
  if (engine.repair) await engine.repair(mailbox, found, signal);
  else await engine.tidy?.(mailbox, found, signal);
}
