import { isCode } from "../../../errors.ts";
import type { MessageId } from "../../../model/message.ts";
import type { Engine, Entry, Ref } from "../../engine.ts";
import { messageUnknown, throwIfAborted } from "../../faults.ts";
import { setFlagMarks, withMarkedFlags } from "../../flag-marks.ts";
import { watchWith } from "../../layers/flags.ts";
import { same } from "../../layers/layer.ts";
import type { MarkSet, Marks } from "../../marks.ts";
import { forward, life, upkeep } from "../forward.ts";
import { joined, orGone, pick } from "../joined.ts";
import { type InnerRef, outer, outerRef } from "../keys.ts";
import type { Source } from "../reader.ts";
import { Transfers } from "../transfer.ts";
import { greetingsThrough, TOMBSTONE } from "./greetings.ts";

export interface OverlayParts {
  readonly upper: Engine;
  readonly lower: readonly Engine[];
  readonly marks: Marks;
}

const UPPER = 0;

/** New entries on top of engines that are only read. docs/engines/overlay.md */
export function createOverlay({ upper, lower, marks }: OverlayParts): Engine {
  const engines = [upper, ...lower];
  const showWith =
    (marked: ReadonlyMap<MessageId, MarkSet>) =>
    (entry: Entry): Entry | undefined => {
      const own = marked.get(entry.envelope.id);
      return own?.has(TOMBSTONE) ? undefined : withMarkedFlags(entry, own);
    };

  // What is copied up is what its owner sees, and what is hidden is not copied.
  const visible = (engine: Engine): Engine => ({
    ...same(engine),
    async find(mailbox, query, signal) {
      const show = showWith(await marks.all(mailbox));
      return (await engine.find(mailbox, query, signal)).flatMap((entry) => show(entry) ?? []);
    },
  });
  const bury = (at: number, { ref, envelope }: Entry, signal: AbortSignal | undefined): Promise<void> =>
    at === UPPER ? upper.remove(ref, signal) : marks.set(ref.mailbox, envelope.id, TOMBSTONE);
  const transfers = new Transfers({ engines: [upper, ...lower.map(visible)], marks, release: bury });

  const together = joined({
    engines,
    transfers,
    async sourcesOf(mailbox, signal): Promise<Source[]> {
      throwIfAborted(signal);
      const marked = await transfers.settle(mailbox, signal);
      const show = marked.size === 0 ? undefined : showWith(marked);
      return [{ engine: upper }, ...lower.map((engine) => ({ engine, show }))];
    },
  });
  /** The message of a lower engine as it is shown now. @throws VoxpostError MESSAGE_UNKNOWN when it is hidden, or gone */
  const below = async (at: InnerRef, ref: Ref, signal: AbortSignal | undefined): Promise<Entry> => {
    const found = (await engines[at.at]?.find(ref.mailbox, { id: at.id }, signal)) ?? [];
    const entry = found.find((each) => each.ref.key === at.ref.key && each.ref.folder === ref.folder);
    const shown = entry && showWith(await marks.all(ref.mailbox))(entry);
    if (!shown) throw messageUnknown(ref);
    return shown;
  };

  const { capabilities } = upper;
  return {
    ...together,
    ...life(engines),
    ...forward(capabilities, () => upper),
    ...(capabilities.greetings && greetingsThrough(upper, lower, marks)),
    ...(capabilities.watch && { watch: watchWith(upper, marks) }),
    ...upkeep(engines, (mailbox, report, signal) => transfers.settle(mailbox, signal, report)),
    name: `overlay (${engines.map(({ name }) => name).join(" over ")})`,
    capabilities: {
      ...capabilities,
      search: engines.every((engine) => engine.capabilities.search),
      move: false,
    },

    async append(folder, message, signal) {
      throwIfAborted(signal);
      return outer(UPPER, await upper.append(folder, message, signal));
    },

    async read(ref, signal) {
      throwIfAborted(signal);
      const { engine, at } = pick(engines, ref);
      if (at.at !== UPPER) await below(at, ref, signal);
      return engine.read(at.ref, signal);
    },

    async setFlags(ref, change, signal) {
      throwIfAborted(signal);
      const { at } = pick(engines, ref);
      if (at.at === UPPER) return upper.setFlags(at.ref, change, signal);
      await below(at, ref, signal);
      await setFlagMarks(marks, ref.mailbox, at.id, change);
    },

    async move(ref, to, signal) {
      throwIfAborted(signal);
      const { at } = pick(engines, ref);
      if (at.at === UPPER) return together.move(ref, to, signal);
      await transfers.settle(ref.mailbox, signal);
      return outerRef(await transfers.move(at, UPPER, to, signal));
    },

    async remove(ref, signal) {
      throwIfAborted(signal);
      const at = orGone(() => pick(engines, ref).at);
      if (!at) return;
      if (at.at === UPPER) return together.remove(ref, signal);
      await transfers.settle(ref.mailbox, signal);
      await transfers.inPlace(at, async () => {
        const entry = await below(at, ref, signal).catch(unlessUnknown);
        if (entry) await bury(at.at, entry, signal);
      });
    },
  };
}

function unlessUnknown(error: unknown): undefined {
  if (!isCode(error, "MESSAGE_UNKNOWN")) throw error;
}
