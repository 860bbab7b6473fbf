import { watchAll } from "../compose/forward.ts";
import { joined, orGone, pick } from "../compose/joined.ts";
import { outer } from "../compose/keys.ts";
import type { Engine, Ref } from "../engine.ts";
import { messageUnknown, throwIfAborted } from "../faults.ts";
import { dropFlagMarks, setFlagMarks, withMarkedFlags } from "../flag-marks.ts";
import type { Marks } from "../marks.ts";
import { same } from "./layer.ts";

/**
 * Keeps heard and urgent beside an engine that keeps none, or that may not be written to. What is marked here counts; of
 * other messages the engine's own word does. Where something is marked, counting, views and searches by flags look at
 * every envelope of the folder.
 */
export function withFlags(inner: Engine, marks: Marks): Engine {
  const engines = [inner];
  const shown = joined({
    engines,
    async sourcesOf(mailbox, signal) {
      throwIfAborted(signal);
      const marked = await marks.all(mailbox);
      if (marked.size === 0) return [{ engine: inner }];
      return [{ engine: inner, show: (entry) => withMarkedFlags(entry, marked.get(entry.envelope.id)) }];
    },
  });

  return {
    ...same(inner),
    ...shown,
    ...(inner.watch && { watch: watchWith(inner, marks) }),

    async append(folder, message, signal) {
      throwIfAborted(signal);
      const { id, mailbox, heard, urgent } = message;
      // Marked first: what is stored has its flags from the first moment.
      await setFlagMarks(marks, mailbox, id, { heard, urgent });
      const { ref, envelope } = await inner.append(folder, message, signal);
      return outer(0, { ref, envelope: { ...envelope, heard, urgent } });
    },

    async setFlags(ref, change, signal) {
      throwIfAborted(signal);
      const { at } = pick(engines, ref);
      if (!(await isThere(inner, at.ref, at.id, signal))) throw messageUnknown(ref);
      await setFlagMarks(marks, ref.mailbox, at.id, change);
    },

    async remove(ref, signal) {
      await shown.remove(ref, signal);
      const id = orGone(() => pick(engines, ref).at.id);
      if (id === undefined) return;
      const left = await inner.find(ref.mailbox, { id }, signal);
      if (left.length === 0) await dropFlagMarks(marks, ref.mailbox, id);
    },
  };
}

/** Watches an engine and the marks beside it. */
export function watchWith(inner: Engine, marks: Marks): NonNullable<Engine["watch"]> {
  return watchAll([inner, { watch: (mailbox, onChange, signal) => marks.watch(mailbox, onChange, signal) }]);
}

async function isThere(
  engine: Engine,
  ref: Ref,
  id: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const found = await engine.find(ref.mailbox, { id }, signal);
  return found.some((entry) => entry.ref.folder === ref.folder && entry.ref.key === ref.key);
}
