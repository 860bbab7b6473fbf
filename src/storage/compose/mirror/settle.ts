import type { Folder } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Flags, MessageId } from "../../../model/message.ts";
import { compareEntries, copyMessage } from "../../carry/copy.ts";
import type { Engine, Entry } from "../../engine.ts";
import { throwIfAborted } from "../../faults.ts";
import { FLAG_MARKS, readFlagMarks } from "../../flag-marks.ts";
import type { MarkSet } from "../../marks.ts";
import { type Member, type Members, missedBy, missedIn } from "./members.ts";
import { BEGUN, folderIn, GONE, IN_FOLDERS, SHORT } from "./states.ts";

export interface Settled {
  /** Engines that have the message as it should be; all that answered, when it should be gone. */
  readonly sound: readonly Member[];
  /** What kept an engine from it. */
  readonly faults: readonly unknown[];
  /** Whether any engine has the message. */
  readonly exists: boolean;
}

/**
 * Makes one message the same in every engine that answers: missing copies are made, copies that are too many, in another
 * folder or with other flags are put right. A message is removed only where its removal was missed; that an engine
 * has not got it is never a reason.
 */
export async function settleMessage(
  members: Members,
  mailbox: MailboxAddress,
  id: MessageId,
  signal: AbortSignal | undefined,
): Promise<Settled> {
  const { marks } = members;
  const marked = await marks.of(mailbox, id);
  const found: Array<{ member: Member; copies: Entry[] }> = [];
  const faults: unknown[] = [];
  const attempt = async (member: Member, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      throwIfAborted(signal);
      members.noticed(member, error);
      faults.push(error);
      return false;
    }
  };
  for (const member of members.all) {
    await attempt(member, async () => {
      found.push({ member, copies: await member.engine.find(mailbox, { id }, signal) });
    });
  }

  const source = marked.has(GONE) ? undefined : bestOf(found, marked);
  const exists = source !== undefined;
  const sound: Member[] = [];
  // Without a copy to go by nothing is settled: who has one may just be away.
  const isKnown = exists || marked.has(GONE) || found.length === members.all.length;
  // The one that the others are made after is changed last: what is known of it holds until then.
  const sourceLast = [...found].sort(
    (a, b) => Number(a.member.engine === source?.engine) - Number(b.member.engine === source?.engine),
  );
  for (const { member, copies } of isKnown ? sourceLast : []) {
    const ok = await attempt(member, async () => {
      if (source) await align(member.engine, copies, source, signal);
      else for (const { ref } of copies) await member.engine.remove(ref, signal);
    });
    if (ok) sound.push(member);
  }
  const isDone = sound.length === members.all.length;
  const settled = isDone
    ? [...missedIn(marked).map(missedBy), ...STATES]
    : sound.map(({ at }) => missedBy(at));
  const isEnough = members.isEnough(sound) ? [SHORT] : [];
  await marks.unset(mailbox, id, ...settled.concat(isEnough).filter((mark) => marked.has(mark)));
  return { sound, faults, exists };
}

const STATES = [BEGUN, SHORT, GONE, ...IN_FOLDERS, ...FLAG_MARKS];

interface Wanted {
  readonly engine: Engine;
  readonly entry: Entry;
  readonly folder: Folder;
  readonly flags: Flags;
}

/** What the message should be: as the first engine has it that missed nothing, changed by what others missed. */
function bestOf(
  found: ReadonlyArray<{ member: Member; copies: readonly Entry[] }>,
  marked: MarkSet,
): Wanted | undefined {
  const missed = missedIn(marked);
  const holders = found.filter(({ copies }) => copies.length > 0);
  const best = holders.find(({ member }) => !missed.includes(member.at)) ?? holders[0];
  const entry = best?.copies[0];
  if (!best || !entry) return undefined;
  const { heard, urgent } = { ...entry.envelope, ...readFlagMarks(marked) };
  return {
    engine: best.member.engine,
    entry,
    folder: folderIn(marked) ?? entry.ref.folder,
    flags: { heard, urgent },
  };
}

async function align(
  engine: Engine,
  copies: readonly Entry[],
  { engine: from, entry, folder, flags }: Wanted,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [kept, ...others] = copies;
  if (!kept) {
    const wanted = { ...entry, envelope: { ...entry.envelope, ...flags } };
    await copyMessage(from, wanted, engine, folder, { signal, mayLose: true });
    return;
  }
  for (const other of others) {
    const more = await compareEntries(engine, other, engine, kept, signal);
    if (more.length === 0) await engine.remove(other.ref, signal);
  }
  const { heard, urgent } = kept.envelope;
  if (heard !== flags.heard || urgent !== flags.urgent) await engine.setFlags(kept.ref, flags, signal);
  if (kept.ref.folder !== folder) await engine.move(kept.ref, folder, signal);
}
