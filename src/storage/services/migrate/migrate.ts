import { randomBytes } from "node:crypto";
import { isCode, VoxpostError } from "../../../errors.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { Engine } from "../../engine.ts";
import { MemoryData } from "../../engines/memory/data.ts";
import { MemoryEngine } from "../../engines/memory/engine.ts";
import { onceEach, type Report, throwIfEnding, wordsOf } from "../report.ts";
import { forEach, type Mailboxes } from "../walk.ts";
import type { Journal } from "./journal.ts";
import { migrateMailbox } from "./mailbox.ts";
import { removeMigrated } from "./remove.ts";
import { checkSpace } from "./space.ts";
import { Tally } from "./tally.ts";

export interface MigrateOptions {
  readonly from: Engine;
  readonly to: Engine;
  readonly journal: Journal;
  readonly mailboxes: Mailboxes;
  readonly report: Report;
  /** Nothing is written to TO; the journal is read only. */
  readonly dryRun?: boolean;
  /** Take away from FROM what is verified in TO, at the very end. */
  readonly remove?: boolean;
  readonly overwriteGreetings?: boolean;
  /** Do not ask first whether TO has room. */
  readonly skipSpace?: boolean;
  /** Mailboxes at once. Default 4. */
  readonly atOnce?: number;
  readonly signal?: AbortSignal;
}

export interface MigrateResult {
  /** Messages of FROM in the last pass. */
  readonly messages: number;
  readonly copied: number;
  readonly failed: number;
  readonly removed: number;
  /** Nothing changed in FROM during the last pass. */
  readonly settled: boolean;
}

export interface Migration {
  readonly from: Engine;
  readonly to: Engine;
  readonly report: Report;
  readonly dryRun: boolean;
  readonly overwriteGreetings: boolean;
  /** Names this run in the journal. */
  readonly run: string;
  readonly signal: AbortSignal | undefined;
}

/** FROM is in use, so a pass nearly always finds something; whoever switches runs the command once more anyway. */
const MOST_PASSES = 10;

/**
 * Copies everything of one store to another: each message with folder and flags, read back and compared, and greetings.
 * Both may be in use. Passes over FROM are repeated until one finds nothing new. Stopped or killed at any moment, it
 * goes on where it was when it is run again, and no message is ever doubled.
 *
 * Faults of single messages are reported and counted; the rest goes on.
 * @throws VoxpostError STORE_FULL, ABORTED, and what makes going on senseless
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const { from, report, signal, dryRun = false, overwriteGreetings = false } = options;
  await from.check(signal);
  const to = dryRun ? await orEmpty(options.to, report, signal) : options.to;
  await to.check(signal);
  if (options.remove && !from.capabilities.writable) {
    throw new VoxpostError("UNSUPPORTED", `${from.name} is only read; nothing can be removed from it`);
  }
  if (!to.capabilities.writable) throw new VoxpostError("UNSUPPORTED", `${to.name} cannot be written to`);
  const migration: Migration = {
    from,
    to,
    report: onceEach(report),
    dryRun,
    overwriteGreetings,
    run: randomBytes(4).toString("hex"),
    signal,
  };
  const total = options.skipSpace ? undefined : await checkSpace(options, migration);

  const known = new Map<string, MailboxAddress>();
  let copied = 0;
  let last = { tally: new Tally(), messages: 0 };
  for (let pass = 1; pass <= MOST_PASSES; pass++) {
    last = await runPass(options, migration, { pass, total, known });
    copied += last.tally.copied;
    const { tally } = last;
    const again = tally.copied + tally.changed > 0 || (tally.retryable > 0 && pass === 1);
    if (dryRun || !again) break;
  }
  const { tally, messages } = last;
  const settled = tally.copied + tally.changed === 0;
  const removed = options.remove && settled && !dryRun ? await removeMigrated(options, migration) : 0;
  return { messages, copied, failed: tally.failed, removed, settled };
}

/** For a dry run, a store that is to be made is an empty one. */
async function orEmpty(to: Engine, report: Report, signal: AbortSignal | undefined): Promise<Engine> {
  try {
    await to.check(signal);
    return to;
  } catch (error) {
    if (!isCode(error, "STORE_UNREACHABLE")) throw error;
    report.finding({ kind: "note", where: to.name, what: `is taken to be empty: ${wordsOf(error)}` });
    return new MemoryEngine(new MemoryData());
  }
}

async function runPass(
  { journal, mailboxes, atOnce = 4 }: MigrateOptions,
  migration: Migration,
  { pass, total, known }: { pass: number; total: number | undefined; known: Map<string, MailboxAddress> },
): Promise<{ tally: Tally; messages: number }> {
  const { from, report, signal } = migration;
  const tally = new Tally();
  let messages = 0;
  await forEach(withKnown(mailboxes(from, signal), known), atOnce, async (mailbox) => {
    const onMessage = () => {
      messages++;
      const ofTotal = total === undefined || messages > total ? {} : { total };
      report.progress({ phase: `pass ${pass}`, mailbox, done: messages, ...ofTotal });
    };
    try {
      tally.join(await migrateMailbox(migration, mailbox, await journal.mailbox(mailbox), onMessage));
    } catch (error) {
      throwIfEnding(error, signal);
      tally.fail(error);
      report.finding({ kind: "fault", where: formatMailbox(mailbox), what: wordsOf(error) });
    }
  });
  return { tally, messages };
}

/** Also those that an earlier pass met: one whose last message was purged since is not told of any more. */
async function* withKnown(
  mailboxes: AsyncIterable<MailboxAddress>,
  known: Map<string, MailboxAddress>,
): AsyncGenerator<MailboxAddress> {
  const left = new Map(known);
  for await (const mailbox of mailboxes) {
    const name = formatMailbox(mailbox);
    known.set(name, mailbox);
    left.delete(name);
    yield mailbox;
  }
  yield* left.values();
}
