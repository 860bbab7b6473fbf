import { isCode, VoxpostError } from "../../../errors.ts";
import type { Folder } from "../../../model/folder.ts";
import type { NewMessage } from "../../../model/message.ts";
import type { Engine, Entry, Ref } from "../../engine.ts";
import { messageUnknown, throwIfAborted } from "../../faults.ts";
import type { MarkSet } from "../../marks.ts";
import { type InnerRef, outer } from "../keys.ts";
import { isAwayFault, type Member, type Members, missedBy, missedIn } from "./members.ts";
import { BEGUN, GONE, SHORT } from "./states.ts";

/** A change of a stored message, as each engine makes it. */
export interface Change<T> {
  /** What holds when it is made: marked for those who miss it. `unset` are marks of what held before. */
  readonly state: { readonly set: readonly string[]; readonly unset: readonly string[] };
  /** By the first engine that answers: its faults are those of the change. */
  lead(engine: Engine, ref: Ref): Promise<T>;
  /** By the others, on each copy that they have. */
  follow(engine: Engine, copy: Entry): Promise<void>;
}

/**
 * One engine makes the change and so decides whether it can be made; the others follow. It is made when one has made it:
 * who missed it is marked, and repaired later.
 */
export async function change<T>(
  members: Members,
  { at: known, id, ref }: InnerRef,
  { state, lead, follow }: Change<T>,
  signal: AbortSignal | undefined,
): Promise<{ at: number; result: T }> {
  throwIfAborted(signal);
  const { marks } = members;
  const own = await marks.of(ref.mailbox, id);
  if (own.has(GONE)) throw messageUnknown(ref);
  const before = missedIn(own);
  const missed = new Set<number>();
  const order = await members.orderFor(ref.mailbox, id, signal);
  await marks.set(ref.mailbox, id, BEGUN);

  const { at, result } = await members
    .first(
      ref.mailbox,
      signal,
      async (member) => {
        missed.add(member.at);
        const here = member.at === known ? ref : await locate(member, ref, id, own, signal);
        const result = await lead(member.engine, here);
        missed.delete(member.at);
        return { at: member.at, result };
      },
      // Who missed a change does not decide while another can.
      [
        ...order.filter((member) => !before.includes(member.at)),
        ...order.filter((member) => before.includes(member.at)),
      ],
    )
    .catch(async (error: unknown) => {
      // Who did not answer, or was interrupted, may have made it: then the mark stays for the repair.
      const isUnsure = missed.size > 1 || isAwayFault(error) || isCode(error, "ABORTED");
      if (!isUnsure) await marks.unset(ref.mailbox, id, BEGUN);
      throw error;
    });

  const others = members.all.filter((member) => member.at !== at && !missed.has(member.at));
  await Promise.all(
    others.map(async (member) => {
      if (!(await followed(members, member, { id, ref, follow }, signal))) missed.add(member.at);
    }),
  );
  const owed = missed.size > 0 || before.length > 0;
  await marks.change(ref.mailbox, id, owed ? [...state.set, ...[...missed].map(missedBy)] : [], [
    ...state.unset,
    BEGUN,
  ]);
  return { at, result };
}

async function followed(
  members: Members,
  member: Member,
  { id, ref, follow }: Pick<InnerRef, "id" | "ref"> & Pick<Change<unknown>, "follow">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (members.isAway(member.at)) return false;
  try {
    const copies = await member.engine.find(ref.mailbox, { id }, signal);
    for (const copy of copies) await follow(member.engine, copy);
    return copies.length > 0;
  } catch (error) {
    members.noticed(member, error);
    return false;
  }
}

/**
 * Where an engine has a message that another one told of: in the same folder, or it was moved since. In any folder while the
 * message is marked: one of the two has missed something, and "unknown" would be taken for "already removed".
 * @throws VoxpostError MESSAGE_UNKNOWN
 */
export async function locate(
  { engine }: Member,
  ref: Ref,
  id: string,
  marked: MarkSet,
  signal: AbortSignal | undefined,
): Promise<Ref> {
  const found = await engine.find(ref.mailbox, { id }, signal);
  const here =
    found.find((entry) => entry.ref.folder === ref.folder) ?? (marked.size > 0 ? found[0] : undefined);
  if (!here) throw messageUnknown(ref);
  return here.ref;
}

/**
 * Stores a message in every engine. When fewer have it than `write` asks for, that is an error; whoever looks for the
 * message by its id then, to store it again, has it completed first.
 */
export async function append(
  members: Members,
  folder: Folder,
  message: NewMessage,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  throwIfAborted(signal);
  const { marks } = members;
  const { mailbox, id } = message;
  const stored: Array<{ member: Member; entry: Entry }> = [];
  const faults: unknown[] = [];
  const missed: Member[] = [];
  const store = async (member: Member): Promise<void> => {
    try {
      if (members.isAway(member.at)) throw awayFault(member);
      stored.push({ member, entry: await member.engine.append(folder, message, signal) });
    } catch (error) {
      members.noticed(member, error);
      faults.push(error);
      missed.push(member);
      // A source that cannot be read, and a caller who gave up, are no fault of this engine: nobody else is asked.
      if (signal?.aborted || !(error instanceof VoxpostError)) throw error;
    }
  };

  await marks.set(mailbox, id, BEGUN);
  const order = members.order(await marks.all(mailbox));
  try {
    while (stored.length === 0 && order.length > 0) {
      const [member] = order.splice(0, 1);
      if (member) await store(member);
    }
    await Promise.all(order.map(store));
  } catch (error) {
    if (!(error instanceof VoxpostError) && stored.length === 0) {
      await marks.unset(mailbox, id, BEGUN);
      throw error;
    }
  }
  const reached = stored.map(({ member }) => member);
  const isEnough = members.isEnough(reached);
  const lacking = members.all.filter((member) => !reached.includes(member)).map(({ at }) => missedBy(at));
  // Who did not answer may have it all the same, and so may who was interrupted.
  const isUnsure = faults.some((fault) => isAwayFault(fault) || isCode(fault, "ABORTED"));
  const owed = stored.length > 0 || isUnsure ? [...lacking, ...(isEnough ? [] : [SHORT])] : [];
  // Stored again after a removal that somebody missed: from now on the message is wanted.
  await marks.change(mailbox, id, owed, owed.length > 0 || stored.length > 0 ? [BEGUN, GONE] : [BEGUN]);
  const [first] = stored;
  if (first && isEnough) return outer(first.member.at, first.entry);
  throw faults[0] ?? new VoxpostError("STORE_UNREACHABLE", "Too few engines of the mirror answer");
}

function awayFault({ engine }: Member): VoxpostError {
  return new VoxpostError(
    "STORE_UNREACHABLE",
    `${engine.name} did not answer just now; it is asked again soon`,
  );
}
