import type { MailboxAddress } from "../model/mailbox.ts";
import type { Flags, MessageId } from "../model/message.ts";
import type { Entry } from "./engine.ts";
import type { MarkSet, Marks } from "./marks.ts";

/** Flags as marks: one for each state, since a mark that is missing says nothing. */
const SET = { heard: "heard", urgent: "urgent" } as const;
const UNSET = { heard: "unheard", urgent: "not-urgent" } as const;
const NAMES = ["heard", "urgent"] as const satisfies ReadonlyArray<keyof Flags>;

/** Each flag is a mark of its own, so two that are set at once are both set. */
export async function setFlagMarks(
  marks: Marks,
  mailbox: MailboxAddress,
  id: MessageId,
  change: Partial<Flags>,
): Promise<void> {
  const { set, unset } = flagMarks(change);
  await marks.change(mailbox, id, set, unset);
}

export function flagMarks(change: Partial<Flags>): { set: string[]; unset: string[] } {
  const changed = NAMES.filter((name) => change[name] !== undefined);
  return {
    set: changed.map((name) => (change[name] ? SET : UNSET)[name]),
    unset: changed.map((name) => (change[name] ? UNSET : SET)[name]),
  };
}

export const FLAG_MARKS: readonly string[] = NAMES.flatMap((name) => [SET[name], UNSET[name]]);

export async function dropFlagMarks(marks: Marks, mailbox: MailboxAddress, id: MessageId): Promise<void> {
  await marks.unset(mailbox, id, ...FLAG_MARKS);
}

/** What is marked of a message's flags. Of two marks that a killed program left, the one that says yes counts. */
export function readFlagMarks(marked: MarkSet): Partial<Flags> {
  return Object.assign(
    {},
    ...NAMES.filter((name) => marked.has(UNSET[name])).map((name) => ({ [name]: false })),
    ...NAMES.filter((name) => marked.has(SET[name])).map((name) => ({ [name]: true })),
  );
}

/** The entry as its marks say. */
export function withMarkedFlags(entry: Entry, marked: MarkSet | undefined): Entry {
  return marked ? { ...entry, envelope: { ...entry.envelope, ...readFlagMarks(marked) } } : entry;
}
