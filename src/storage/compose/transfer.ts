import { isCode, VoxpostError } from "../../errors.ts";
import type { Folder } from "../../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { MessageId } from "../../model/message.ts";
import { compareEntries, copyMessage } from "../carry/copy.ts";
import type { Engine, Entry, Ref, Report } from "../engine.ts";
import { messageUnknown } from "../faults.ts";
import type { MarkSet, Marks } from "../marks.ts";
import { type InnerRef, messageKey } from "./keys.ts";

/** A message is on its way, or is changed where it is: set by whoever does that, and by nobody else meanwhile. */
const MOVING = "moving";

/** A move that another program began, and that is this old, is no longer under way. Milliseconds. */
const ABANDONED_MS = 120_000;
/** The same of a change within one engine, which copies nothing: sooner than owners' marks are given up (menus/closing.ts). */
const ABANDONED_IN_PLACE_MS = 30_000;

/** When a move could not be finished, it is not tried again at each look at the mailbox. Milliseconds. */
const AGAIN_MS = 30_000;

export interface TransferParts {
  readonly engines: readonly Engine[];
  readonly marks: Marks;
  /** How a message leaves its old engine. Default: it is removed there. */
  readonly release?: (at: number, entry: Entry, signal: AbortSignal | undefined) => Promise<void>;
}

/**
 * Moves messages between engines: copied, read back and compared, and only then removed. A move is marked while it is
 * under way. One that was broken off leaves the message in one place or in two, and is finished by `settle`.
 */
export class Transfers {
  readonly #engines: readonly Engine[];
  readonly #marks: Marks;
  readonly #release: NonNullable<TransferParts["release"]>;
  readonly #startedAt = Date.now();
  /** Of this program: messages that are being moved or changed, and when moves that failed may be tried again. */
  readonly #running = new Set<string>();
  readonly #failed = new Map<string, number>();

  constructor({ engines, marks, release }: TransferParts) {
    this.#engines = engines;
    this.#marks = marks;
    this.#release = release ?? ((at, { ref }, signal) => this.#engine(at).remove(ref, signal));
  }

  /** @throws VoxpostError MESSAGE_UNKNOWN; LOCKED when another is moving it, or a move of it waits to be finished */
  async move(from: InnerRef, to: number, folder: Folder, signal?: AbortSignal): Promise<InnerRef> {
    const { mailbox } = from.ref;
    const key = messageKey(mailbox, from.id);
    if (!(await this.#marks.claim(mailbox, from.id, MOVING))) throw moving(from.ref);
    this.#running.add(key);
    const way = wayMark(from.at, to);
    let isMarked = true;
    try {
      const original = await this.#stillThere(from.at, from.ref, from.id, signal);
      if (!original) {
        await this.#marks.unset(mailbox, from.id, MOVING);
        isMarked = false;
        throw messageUnknown(from.ref);
      }
      await this.#marks.set(mailbox, from.id, way);
      const ref = await this.#carry(from.at, original, to, folder, signal);
      await this.#marks.unset(mailbox, from.id, way, MOVING);
      return { at: to, id: from.id, ref };
    } catch (error) {
      if (isMarked) this.#failed.set(key, 0);
      throw error;
    } finally {
      this.#running.delete(key);
    }
  }

  /**
   * Moves or removes a message within its engine, and keeps everybody off it meanwhile. A move to another engine would keep its copy:
   * the message would be there twice, or would be back. @throws VoxpostError LOCKED when it is being moved, or waits for that
   */
  async inPlace<T>({ ref, id }: InnerRef, work: () => Promise<T>): Promise<T> {
    const key = messageKey(ref.mailbox, id);
    if (this.#running.has(key)) throw moving(ref);
    const giveBack = await this.#hold(ref, id);
    this.#running.add(key);
    try {
      return await work();
    } finally {
      this.#running.delete(key);
      // What was done is done. The next look at the mailbox takes the mark away.
      await giveBack().catch(() => this.#failed.set(key, 0));
    }
  }

  async #hold(ref: Ref, id: MessageId): Promise<() => Promise<void>> {
    try {
      const giveBack = await this.#marks.hold(ref.mailbox, id, MOVING);
      if (giveBack) return giveBack;
    } catch (error) {
      // On a full disk nothing can be noted, and removing must not fail for that: it is what makes room.
      if (!isCode(error, "STORE_FULL")) throw error;
      if (!(await this.#marks.of(ref.mailbox, id)).has(MOVING)) return async () => {};
    }
    throw moving(ref);
  }

  /** Finishes the moves of a mailbox that were broken off, as far as the engines are there. Resolves to all its marks. */
  async settle(
    mailbox: MailboxAddress,
    signal?: AbortSignal,
    report?: Report,
  ): Promise<ReadonlyMap<MessageId, MarkSet>> {
    const marked = await this.#marks.all(mailbox);
    const moving = [...marked].filter(([, marks]) => marks.has(MOVING));
    for (const [id, marks] of moving) {
      if (!(await this.#isAbandoned(mailbox, id, marks))) continue;
      try {
        await this.#finish(mailbox, id, marks, signal);
        report?.({ what: "a move that was broken off is finished", id, done: true });
      } catch (error) {
        if (signal?.aborted) throw error;
        this.#failed.set(messageKey(mailbox, id), Date.now() + AGAIN_MS);
        report?.({
          what: `a move cannot be finished: ${VoxpostError.from(error, "INTERNAL", "")}`,
          id,
          done: false,
        });
      }
    }
    return moving.length > 0 ? this.#marks.all(mailbox) : marked;
  }

  async #isAbandoned(mailbox: MailboxAddress, id: MessageId, marks: MarkSet): Promise<boolean> {
    const key = messageKey(mailbox, id);
    if (this.#running.has(key)) return false;
    const again = this.#failed.get(key);
    if (again !== undefined) return again <= Date.now();
    const setAt = await this.#marks.setAt(mailbox, id, MOVING);
    const hasWay = [...marks].some((mark) => readWay(mark, this.#engines.length));
    const longest = hasWay ? ABANDONED_MS : ABANDONED_IN_PLACE_MS;
    return setAt !== undefined && (setAt <= this.#startedAt || Date.now() - setAt > longest);
  }

  async #finish(
    mailbox: MailboxAddress,
    id: MessageId,
    marks: MarkSet,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const left = [...marks].filter((mark) => mark === MOVING || readWay(mark, this.#engines.length));
    for (const { at, to } of left.flatMap((mark) => readWay(mark, this.#engines.length) ?? [])) {
      const copies = await this.#engine(to).find(mailbox, { id }, signal);
      const originals = copies.length > 0 ? await this.#engine(at).find(mailbox, { id }, signal) : [];
      for (const original of originals) await this.#letGo(at, original, to, copies, signal);
    }
    await this.#marks.unset(mailbox, id, ...left);
    this.#failed.delete(messageKey(mailbox, id));
  }

  /** Somebody may have listened to either meanwhile. What is not the same is left in both places. */
  async #letGo(
    at: number,
    original: Entry,
    to: number,
    copies: readonly Entry[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const target = this.#engine(to);
    for (const copy of copies) {
      if ((await compareEntries(this.#engine(at), original, target, copy, signal)).length > 0) continue;
      if (original.envelope.heard && !copy.envelope.heard) {
        await target.setFlags(copy.ref, { heard: true }, signal);
      }
      return this.#release(at, original, signal);
    }
  }

  /** Copies unless the copy is there already, brings its flags up to date, and lets the original go. */
  async #carry(
    at: number,
    original: Entry,
    to: number,
    folder: Folder,
    signal: AbortSignal | undefined,
  ): Promise<Ref> {
    const [from, target] = [this.#engine(at), this.#engine(to)];
    const { ref, envelope } = original;
    let copy: Entry | undefined;
    for (const earlier of await target.find(ref.mailbox, { id: envelope.id, folders: [folder] }, signal)) {
      if (earlier.ref.folder !== folder) continue;
      if ((await compareEntries(from, original, target, earlier, signal)).length === 0) copy ??= earlier;
    }
    copy ??= (await copyMessage(from, original, target, folder, { signal })).entry;
    const now = await this.#stillThere(at, original.ref, envelope.id, signal);
    // Gone meanwhile: another program may have finished this very move, so the copy may be the only one there is.
    if (!now) return copy.ref;
    const { heard, urgent } = now.envelope;
    if (heard !== copy.envelope.heard || urgent !== copy.envelope.urgent) {
      await target.setFlags(copy.ref, { heard, urgent }, signal);
    }
    await this.#release(at, now, signal);
    return copy.ref;
  }

  async #stillThere(
    at: number,
    ref: Ref,
    id: MessageId,
    signal: AbortSignal | undefined,
  ): Promise<Entry | undefined> {
    const found = await this.#engine(at).find(ref.mailbox, { id }, signal);
    return found.find((each) => each.ref.key === ref.key && each.ref.folder === ref.folder);
  }

  #engine(at: number): Engine {
    const engine = this.#engines[at];
    if (!engine) throw new VoxpostError("INTERNAL", `There is no engine ${at}`);
    return engine;
  }
}

function moving({ mailbox, folder }: Ref): VoxpostError {
  const where = `${folder} of ${formatMailbox(mailbox)}`;
  return new VoxpostError("LOCKED", `A message in ${where} is being moved; try again in a moment`);
}

function wayMark(at: number, to: number): string {
  return `from-${at}-to-${to}`;
}

function readWay(mark: string, engines: number): { at: number; to: number } | undefined {
  const [, at, to] = /^from-(\d+)-to-(\d+)$/.exec(mark) ?? [];
  return Number(at) < engines && Number(to) < engines ? { at: Number(at), to: Number(to) } : undefined;
}
