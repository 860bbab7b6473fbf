import { isCode } from "../../errors.ts";
import { FOLDERS, type Folder } from "../../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import { mend } from "../checks.ts";
import type { Engine, Entry } from "../engine.ts";
import { throwIfAborted } from "../faults.ts";

/** Envelopes held at once. */
const PAGE = 200;

/** Which mailboxes there are: those that the engine tells, or else those of the configuration. */
export type Mailboxes = (engine: Engine, signal?: AbortSignal) => AsyncIterable<MailboxAddress>;

/** The configuration is asked only when the engine cannot tell. Each mailbox once. */
export function knownMailboxes(configured: () => Iterable<MailboxAddress>): Mailboxes {
  return async function* (engine, signal) {
    const seen = new Set<string>();
    for await (const mailbox of engine.mailboxes?.(signal) ?? configured()) {
      const name = formatMailbox(mailbox);
      if (seen.has(name)) continue;
      seen.add(name);
      yield mailbox;
    }
  };
}

export interface WalkOptions {
  readonly folders?: readonly Folder[];
  /** Told of an envelope in which something makes no sense; it is made sound in any case. */
  readonly onNonsense?: (entry: Entry, what: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every message of a mailbox, page by page, envelopes made sound. One that is moved meanwhile may come twice or not at
 * all; one that stays comes once. A mailbox that the engine does not know is empty.
 */
export async function* walk(
  engine: Engine,
  mailbox: MailboxAddress,
  { folders = FOLDERS, onNonsense, signal }: WalkOptions = {},
): AsyncGenerator<Entry> {
  for (const folder of folders) {
    let after: string | undefined;
    do {
      throwIfAborted(signal);
      const query = { view: "all" as const, limit: PAGE, ...(after === undefined ? {} : { after }) };
      const page = await orEmpty(engine.list(mailbox, folder, query, signal));
      for (const found of page.entries) {
        const { entry, fault } = mend(found);
        if (fault) onNonsense?.(entry, fault);
        yield entry;
      }
      after = page.next;
    } while (after !== undefined);
  }
}

async function orEmpty(page: ReturnType<Engine["list"]>): ReturnType<Engine["list"]> {
  try {
    return await page;
  } catch (error) {
    if (isCode(error, "MAILBOX_UNKNOWN", "FOLDER_UNKNOWN")) return { entries: [], total: 0 };
    throw error;
  }
}

/** Does the work for every item, several at once. The first failure stops the rest from being begun, and is thrown. */
export async function forEach<T>(
  items: AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let stopped = false;
  const worker = async () => {
    while (!stopped) {
      const next = await iterator.next();
      if (next.done) return;
      await work(next.value);
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    worker().catch((error: unknown) => {
      stopped = true;
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
}
