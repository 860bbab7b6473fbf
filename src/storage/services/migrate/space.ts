import { VoxpostError } from "../../../errors.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import { weighMessage } from "../../carry/weigh.ts";
import { throwIfEnding } from "../report.ts";
import { forEach, walk } from "../walk.ts";
import type { MigrateOptions, Migration } from "./migrate.ts";

/** So many messages are read to learn how many bytes a second of FROM's audio has. */
const SAMPLES = 8;

/**
 * Asks whether what is missing in TO will fit, as far as TO tells its room: its disk's, and each mailbox's quota. Sizes
 * are estimated from lengths and a few messages that are read. Resolves to the number of messages in FROM.
 * @throws VoxpostError STORE_FULL, with nothing copied yet
 */
export async function checkSpace(
  { journal, mailboxes, atOnce = 4 }: MigrateOptions,
  { from, to, report, signal }: Migration,
): Promise<number> {
  const rate = new Rate();
  let messages = 0;
  let needed = 0;
  const measure = async (mailbox: MailboxAddress) => {
    const known = (await journal.mailbox(mailbox)).messages;
    let seconds = 0;
    for await (const { ref, envelope } of walk(from, mailbox, { signal })) {
      report.progress({ phase: "measuring", mailbox, done: ++messages });
      if (known.has(envelope.id)) continue;
      seconds += envelope.duration;
      if (rate.samples < SAMPLES && envelope.duration > 0) {
        const weights = await weighMessage(from, ref, signal).catch(() => []);
        for (const { bytes } of weights) rate.add(bytes, envelope.duration);
      }
    }
    const bytes = seconds * rate.bytesPerSecond();
    needed += bytes;
    const quota = bytes > 0 ? await to.quota?.(mailbox, signal) : undefined;
    if (quota && bytes > quota.limitBytes - quota.usedBytes) {
      throw full(`${formatMailbox(mailbox)} in ${to.name}`, bytes, quota.limitBytes - quota.usedBytes);
    }
  };
  await forEach(mailboxes(from, signal), atOnce, async (mailbox) => {
    try {
      await measure(mailbox);
    } catch (error) {
      // The first pass tells what is wrong with a mailbox.
      throwIfEnding(error, signal);
    }
  });
  const free = await to.freeBytes?.(signal).catch(() => undefined);
  if (free !== undefined && needed > free) throw full(to.name, needed, free);
  return messages;
}

class Rate {
  samples = 0;
  #bytes = 0;
  #seconds = 0;

  add(bytes: number, seconds: number): void {
    this.samples++;
    this.#bytes += bytes;
    this.#seconds += seconds;
  }

  bytesPerSecond(): number {
    return this.#seconds > 0 ? this.#bytes / this.#seconds : 0;
  }
}

function full(where: string, needed: number, free: number): VoxpostError {
  const message = `${where} has ${inMB(Math.max(0, free))} left, and about ${inMB(needed)} are to come; make room first`;
  return new VoxpostError("STORE_FULL", message, { retryable: false });
}

function inMB(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
