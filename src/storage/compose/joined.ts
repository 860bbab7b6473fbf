import { isCode } from "../../errors.ts";
import type { MailboxAddress } from "../../model/mailbox.ts";
import type { Engine, Ref } from "../engine.ts";
import { messageUnknown, throwIfAborted } from "../faults.ts";
import { type InnerRef, inner, outerRef } from "./keys.ts";
import type { Source } from "./reader.ts";
import type { Transfers } from "./transfer.ts";
import { countUnion, findUnion, listUnion } from "./union.ts";

export interface JoinedParts {
  readonly engines: readonly Engine[];
  /** The same engines as a mailbox's messages are shown; finishes what was left undone before anybody looks. */
  sourcesOf(mailbox: MailboxAddress, signal: AbortSignal | undefined): Promise<readonly Source[]>;
  /** Moves between the engines, where there are any. */
  readonly transfers?: Pick<Transfers, "inPlace">;
}

type Operations = Pick<
  Engine,
  "count" | "list" | "find" | "read" | "readText" | "readExtras" | "setFlags" | "move" | "remove"
>;

/** Messages of several engines as those of one: listed together, and each changed where it is. */
export function joined({ engines, sourcesOf, transfers }: JoinedParts): Operations {
  const inPlace = <T>(at: InnerRef, work: () => Promise<T>): Promise<T> =>
    transfers ? transfers.inPlace(at, work) : work();
  return {
    async count(mailbox, folder, signal) {
      return countUnion(await sourcesOf(mailbox, signal), mailbox, folder, signal);
    },
    async list(mailbox, folder, query, signal) {
      return listUnion(await sourcesOf(mailbox, signal), mailbox, folder, query, signal);
    },
    async find(mailbox, query, signal) {
      return findUnion(await sourcesOf(mailbox, signal), mailbox, query, signal);
    },
    async read(ref, signal) {
      throwIfAborted(signal);
      const { engine, at } = pick(engines, ref);
      return engine.read(at.ref, signal);
    },
    ...(engines.some(({ readText }) => readText) && {
      async readText(ref: Ref, signal?: AbortSignal) {
        throwIfAborted(signal);
        const { engine, at } = pick(engines, ref);
        return engine.readText?.(at.ref, signal);
      },
    }),
    ...(engines.some(({ readExtras }) => readExtras) && {
      async readExtras(ref: Ref, signal?: AbortSignal) {
        throwIfAborted(signal);
        const { engine, at } = pick(engines, ref);
        return engine.readExtras?.(at.ref, signal);
      },
    }),
    async setFlags(ref, change, signal) {
      throwIfAborted(signal);
      const { engine, at } = pick(engines, ref);
      await engine.setFlags(at.ref, change, signal);
    },
    async move(ref, to, signal) {
      throwIfAborted(signal);
      const { engine, at } = pick(engines, ref);
      await sourcesOf(ref.mailbox, signal);
      return inPlace(at, async () => outerRef({ ...at, ref: await engine.move(at.ref, to, signal) }));
    },
    async remove(ref, signal) {
      throwIfAborted(signal);
      const found = orGone(() => pick(engines, ref));
      if (!found) return;
      await sourcesOf(ref.mailbox, signal);
      const { engine, at } = found;
      await inPlace(at, () => engine.remove(at.ref, signal));
    },
  };
}

/** @throws VoxpostError MESSAGE_UNKNOWN */
export function pick(engines: readonly Engine[], ref: Ref): { engine: Engine; at: InnerRef } {
  const at = inner(ref, engines.length);
  const engine = engines[at.at];
  if (!engine) throw messageUnknown(ref);
  return { engine, at };
}

/** Removing what is gone already succeeds, also what never was. */
export function orGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isCode(error, "MESSAGE_UNKNOWN")) return undefined;
    throw error;
  }
}
