import { isCode } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Engine, Entry, Ref, Report } from "../../engine.ts";
import { messageUnknown, throwIfAborted } from "../../faults.ts";
import type { Marks } from "../../marks.ts";
import { common, forward, life, upkeep } from "../forward.ts";
import { joined, orGone, pick } from "../joined.ts";
import { type InnerRef, outer, outerRef } from "../keys.ts";
import { Transfers } from "../transfer.ts";
import { type ArchiveRules, oldMessages } from "./old.ts";

export interface ArchiveParts {
  readonly live: Engine;
  readonly archive: Engine;
  readonly rules: ArchiveRules;
  readonly marks: Marks;
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: () => number;
}

const [LIVE, ARCHIVE] = [0, 1];

/** Old messages live in another engine, and nobody who lists or opens them can tell. docs/engines/archive.md */
export function createArchive({ live, archive, rules, marks, now = Date.now }: ArchiveParts): Engine {
  const engines = [live, archive];
  const transfers = new Transfers({ engines, marks });
  const { authenticate, greetings, watch, quota } = live.capabilities;
  const capabilities = { ...common(engines), authenticate, greetings, watch, quota };
  const together = joined({
    engines,
    transfers,
    async sourcesOf(mailbox, signal) {
      throwIfAborted(signal);
      await transfers.settle(mailbox, signal);
      return engines.map((engine) => ({ engine }));
    },
  });

  /** A message may be archived while somebody listens to it: its reference stays good, for the id finds it. */
  const wherever = async <T>(
    ref: Ref,
    signal: AbortSignal | undefined,
    work: (engine: Engine, at: InnerRef) => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(signal);
    const { engine, at } = pick(engines, ref);
    try {
      return await work(engine, at);
    } catch (error) {
      if (at.at !== LIVE || !isCode(error, "MESSAGE_UNKNOWN")) throw error;
      const [moved] = await inArchive(at, signal);
      if (!moved) throw messageUnknown(ref);
      return work(archive, { ...at, at: ARCHIVE, ref: moved.ref });
    }
  };
  const inArchive = async ({ id, ref }: InnerRef, signal: AbortSignal | undefined): Promise<Entry[]> => {
    const found = await archive.find(ref.mailbox, { id }, signal);
    return found.filter((entry) => entry.ref.folder === ref.folder);
  };

  const moveOld = async (
    mailbox: MailboxAddress,
    report: Report,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    for await (const entry of oldMessages(live, mailbox, rules, now(), signal)) {
      const from = { at: LIVE, id: entry.envelope.id, ref: entry.ref };
      await transfers.move(from, ARCHIVE, entry.ref.folder, signal).catch((error: unknown) => {
        // The archive has no place for all of it: it stays, and the others go.
        if (isCode(error, "UNSUPPORTED")) report({ what: error.message, id: from.id, done: false });
        // Its owner, or another program, was quicker.
        else if (!isCode(error, "MESSAGE_UNKNOWN", "LOCKED")) throw error;
      });
    }
  };

  return {
    ...together,
    ...life(engines),
    ...forward(capabilities, () => live),
    ...upkeep(engines, async (mailbox, report, signal) => {
      await transfers.settle(mailbox, signal, report);
      await moveOld(mailbox, report, signal);
    }),
    name: `archive (${live.name}, ${archive.name})`,
    capabilities,

    append: async (folder, message, signal) => outer(LIVE, await live.append(folder, message, signal)),
    read: (ref, signal) => wherever(ref, signal, (engine, at) => engine.read(at.ref, signal)),
    ...(together.readText && {
      readText: (ref: Ref, signal?: AbortSignal) =>
        wherever(ref, signal, async (engine, at) => engine.readText?.(at.ref, signal)),
    }),
    ...(together.readExtras && {
      readExtras: (ref: Ref, signal?: AbortSignal) =>
        wherever(ref, signal, async (engine, at) => engine.readExtras?.(at.ref, signal)),
    }),
    setFlags: (ref, change, signal) =>
      wherever(ref, signal, (engine, at) => engine.setFlags(at.ref, change, signal)),
    async move(ref, to, signal) {
      throwIfAborted(signal);
      await transfers.settle(ref.mailbox, signal);
      return transfers.inPlace(pick(engines, ref).at, () =>
        wherever(ref, signal, async (engine, at) =>
          outerRef({ ...at, ref: await engine.move(at.ref, to, signal) }),
        ),
      );
    },
    async remove(ref, signal) {
      await together.remove(ref, signal);
      const at = orGone(() => pick(engines, ref).at);
      if (at?.at !== LIVE) return;
      for (const moved of await inArchive(at, signal)) await archive.remove(moved.ref, signal);
    },
  };
}
