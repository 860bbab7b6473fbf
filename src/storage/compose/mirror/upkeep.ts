import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import type { Entry, Report } from "../../engine.ts";
import { messageKey } from "../keys.ts";
import type { Turns } from "../turns.ts";
import { settleGreetings } from "./greetings.ts";
import { type Members, missedBy } from "./members.ts";
import { settleMessage } from "./settle.ts";
import { BEGUN } from "./states.ts";

/** A change that another program began, and that is this old, is no longer under way. Milliseconds. */
const ABANDONED_MS = 120_000;

export interface UpkeepParts {
  readonly members: Members;
  readonly turns: Turns;
  /** Milliseconds since 1970: changes that were begun before are under way no longer. */
  readonly startedAt: number;
}

/** Puts right what is marked: changes that an engine missed, and those that were broken off. */
export async function tidyMailbox(
  { members, turns, startedAt }: UpkeepParts,
  mailbox: MailboxAddress,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  members.welcome();
  const marked = await members.marks.all(mailbox);
  for (const id of marked.keys()) {
    if (id.startsWith("greeting:") || (await isUnderWay(members, mailbox, id, startedAt))) continue;
    const { faults } = await turns.run(messageKey(mailbox, id), () =>
      settleMessage(members, mailbox, id, signal),
    );
    const [fault] = faults;
    if (fault === undefined) report({ what: "the message is the same in all engines again", id, done: true });
    else report({ what: fault instanceof Error ? fault.message : String(fault), id, done: false });
  }
  await settleGreetings(members, mailbox, report, signal);
}

async function isUnderWay(
  members: Members,
  mailbox: MailboxAddress,
  id: MessageId,
  startedAt: number,
): Promise<boolean> {
  const begunAt = await members.marks.setAt(mailbox, id, BEGUN);
  return begunAt !== undefined && begunAt > startedAt && Date.now() - begunAt < ABANDONED_MS;
}

/**
 * Compares the engines and marks what one of them has not got, or has otherwise: after a disk was lost, or when an engine
 * was added. Needs all of them.
 */
export async function markDifferences(
  { members }: Pick<UpkeepParts, "members">,
  mailbox: MailboxAddress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = await Promise.all(
    members.all.map(async ({ engine }) => byId(await engine.find(mailbox, {}, signal))),
  );
  for (const id of new Set(found.flatMap((entries) => [...entries.keys()]))) {
    const states = found.map((entries) => entries.get(id));
    const wanted = states.find((state) => state !== undefined);
    const differing = members.all.filter(({ at }) => states[at] !== wanted);
    if (differing.length > 0)
      await members.marks.set(mailbox, id, ...differing.map(({ at }) => missedBy(at)));
  }
}

/** Folder and flags of each message, as one text; of one that is there twice, of both. */
function byId(entries: readonly Entry[]): Map<MessageId, string> {
  const states = new Map<MessageId, string>();
  for (const { ref, envelope } of entries) {
    const state = `${ref.folder} ${envelope.heard} ${envelope.urgent};`;
    states.set(envelope.id, (states.get(envelope.id) ?? "") + state);
  }
  return states;
}
