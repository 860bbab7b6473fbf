import { isCode } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import type { Engine, Entry, Ref } from "../../engine.ts";
import { messageUnknown, throwIfAborted } from "../../faults.ts";
import { flagMarks } from "../../flag-marks.ts";
import { withTimeout } from "../../layers/timeout.ts";
import type { Marks } from "../../marks.ts";
import { matches } from "../../match.ts";
import { common, life, upkeep, watchAny } from "../forward.ts";
import { orGone, pick } from "../joined.ts";
import { messageKey, outer, outerRef } from "../keys.ts";
import { Turns } from "../turns.ts";
import { append, type Change, change, locate } from "./changes.ts";
import { mirrorGreetings } from "./greetings.ts";
import { type Member, Members } from "./members.ts";
import type { MirrorOptions } from "./options.ts";
import { settleMessage } from "./settle.ts";
import { GONE, IN_FOLDERS, inFolder, SHORT } from "./states.ts";
import { markDifferences, tidyMailbox } from "./upkeep.ts";

export interface MirrorParts extends Pick<MirrorOptions, "write" | "answer_ms" | "transfer_ms" | "away_ms"> {
  readonly primary: Engine;
  readonly replicas: readonly Engine[];
  readonly marks: Marks;
}

/** Everything in several engines, so that each may be lost. docs/engines/mirror.md */
export function createMirror({
  primary,
  replicas,
  marks,
  answer_ms,
  transfer_ms,
  ...policy
}: MirrorParts): Engine {
  const engines = [primary, ...replicas].map((engine) =>
    withTimeout(engine, { answerMs: answer_ms, transferMs: transfer_ms }),
  );
  const members = new Members(engines, marks, policy);
  const turns = new Turns();
  const startedAt = Date.now();

  /** From one engine, which any other may replace. */
  const ask = async <T>(
    mailbox: MailboxAddress,
    signal: AbortSignal | undefined,
    work: (member: Member) => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(signal);
    return members.first(mailbox, signal, work);
  };
  const askOf = async <T>(
    ref: Ref,
    signal: AbortSignal | undefined,
    work: (engine: Engine, ref: Ref) => Promise<T>,
  ) => {
    throwIfAborted(signal);
    const { at } = pick(engines, ref);
    const refIn = async (member: Member) =>
      member.at === at.at ? at.ref : locate(member, ref, at.id, await marks.of(ref.mailbox, at.id), signal);
    return members.first(
      ref.mailbox,
      signal,
      async (member) => work(member.engine, await refIn(member)),
      await members.orderFor(ref.mailbox, at.id, signal),
    );
  };
  const changeOf = async <T>(ref: Ref, made: Change<T>, signal: AbortSignal | undefined) => {
    throwIfAborted(signal);
    const { at } = pick(engines, ref);
    return turns.run(messageKey(ref.mailbox, at.id), () => change(members, at, made, signal));
  };

  /** A message of which too few engines have a copy is completed before anybody is told that it is stored. */
  const findById = async (mailbox: MailboxAddress, id: MessageId, signal: AbortSignal | undefined) => {
    const marked = await marks.of(mailbox, id);
    if (marked.has(GONE)) return [];
    if (marked.has(SHORT)) {
      const { sound, faults, exists } = await turns.run(messageKey(mailbox, id), () =>
        settleMessage(members, mailbox, id, signal),
      );
      if (exists && !members.isEnough(sound)) throw faults[0];
    }
    const order = members.order(await marks.all(mailbox));
    const found = await members.first(
      mailbox,
      signal,
      (member) => findIn(member, mailbox, id, signal),
      order,
    );
    if (found.length > 0 || marked.size === 0) return found;
    for (const member of order) {
      const elsewhere = await findIn(member, mailbox, id, signal).catch(() => []);
      if (elsewhere.length > 0) return elsewhere;
    }
    return [];
  };

  const watching = engines.filter(({ watch }) => watch);
  const capabilities = {
    ...common(engines),
    authenticate: primary.capabilities.authenticate,
    greetings: primary.capabilities.greetings,
    watch: watching.length > 0,
  };
  const { authenticate } = engines[0] ?? {};
  return {
    ...life(engines),
    ...upkeep(
      engines,
      (mailbox, report, signal) => tidyMailbox({ members, turns, startedAt }, mailbox, report, signal),
      async (mailbox, report, signal) => {
        await tidyMailbox({ members, turns, startedAt }, mailbox, report, signal);
        await markDifferences({ members }, mailbox, signal);
        await tidyMailbox({ members, turns, startedAt }, mailbox, report, signal);
      },
    ),
    ...(authenticate && { authenticate }),
    ...(capabilities.greetings && mirrorGreetings(members)),
    ...(capabilities.watch && { watch: watchAny(watching) }),
    ...(capabilities.quota && {
      quota: (mailbox, signal) => ask(mailbox, signal, async ({ engine }) => engine.quota?.(mailbox, signal)),
    }),
    ...(engines.some(({ readText }) => readText) && {
      readText: (ref: Ref, signal?: AbortSignal) =>
        askOf(ref, signal, async (engine, own) => engine.readText?.(own, signal)),
    }),
    ...(engines.some(({ readExtras }) => readExtras) && {
      readExtras: (ref: Ref, signal?: AbortSignal) =>
        askOf(ref, signal, async (engine, own) => engine.readExtras?.(own, signal)),
    }),
    name: `mirror (${engines.map(({ name }) => name).join(", ")})`,
    capabilities,

    async check(signal) {
      const checked = await Promise.allSettled(engines.map((engine) => engine.check(signal)));
      const well = members.all.filter(({ at }) => checked[at]?.status === "fulfilled");
      for (const result of checked) {
        if (result.status === "rejected" && !members.isEnough(well)) throw result.reason;
      }
    },
    count: (mailbox, folder, signal) =>
      ask(mailbox, signal, ({ engine }) => engine.count(mailbox, folder, signal)),
    list: (mailbox, folder, query, signal) =>
      ask(mailbox, signal, async ({ at, engine }) => {
        const page = await engine.list(mailbox, folder, query, signal);
        return { ...page, entries: page.entries.map((entry) => outer(at, entry)) };
      }),
    async find(mailbox, query, signal) {
      throwIfAborted(signal);
      if (query.id !== undefined) {
        const found = await findById(mailbox, query.id, signal);
        return found.filter(({ envelope }) => matches(envelope, query));
      }
      return ask(mailbox, signal, async ({ at, engine }) =>
        (await engine.find(mailbox, query, signal)).map((entry) => outer(at, entry)),
      );
    },
    read: (ref, signal) => askOf(ref, signal, (engine, own) => engine.read(own, signal)),

    append: (folder, message, signal) =>
      turns.run(messageKey(message.mailbox, message.id), () => append(members, folder, message, signal)),
    async setFlags(ref, flags, signal) {
      const made: Change<void> = {
        state: flagMarks(flags),
        lead: (engine, own) => engine.setFlags(own, flags, signal),
        follow: (engine, copy) => engine.setFlags(copy.ref, flags, signal),
      };
      await changeOf(ref, made, signal);
    },
    async move(ref, to, signal) {
      const made: Change<Ref> = {
        state: { set: [inFolder(to)], unset: IN_FOLDERS.filter((mark) => mark !== inFolder(to)) },
        // Who told of it had missed that it is there already.
        lead: async (engine, own) =>
          own.folder === to && ref.folder !== to ? own : engine.move(own, to, signal),
        async follow(engine, copy) {
          if (copy.ref.folder !== to) await engine.move(copy.ref, to, signal);
        },
      };
      const { at, result } = await changeOf(ref, made, signal);
      return outerRef({ at, id: pick(engines, ref).at.id, ref: result });
    },
    async remove(ref, signal) {
      const id = orGone(() => pick(engines, ref).at.id);
      throwIfAborted(signal);
      if (id === undefined) return;
      const made: Change<void> = {
        state: { set: [GONE], unset: [] },
        async lead(engine, own) {
          await engine.remove(own, signal);
          // It was moved since: then it is this reference that is gone, and not the message.
          const left = await engine.find(ref.mailbox, { id }, signal);
          if (left.length > 0) throw messageUnknown(ref);
        },
        follow: (engine, copy) => engine.remove(copy.ref, signal),
      };
      await changeOf(ref, made, signal).catch((error: unknown) => {
        if (!isCode(error, "MESSAGE_UNKNOWN")) throw error;
      });
    },
  };
}

async function findIn(
  { at, engine }: Member,
  mailbox: MailboxAddress,
  id: MessageId,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  return (await engine.find(mailbox, { id }, signal)).map((entry) => outer(at, entry));
}
