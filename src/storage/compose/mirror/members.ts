import { isCode, VoxpostError } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import type { Engine } from "../../engine.ts";
import type { MarkSet, Marks } from "../../marks.ts";
import type { MirrorOptions } from "./options.ts";

export interface Member {
  /** 0 is the primary. */
  readonly at: number;
  readonly engine: Engine;
}

/** The engines of a mirror: which of them answers, and which of them has missed what. */
export class Members {
  readonly all: readonly Member[];
  readonly marks: Marks;
  readonly #write: MirrorOptions["write"];
  readonly #awayMs: number;
  readonly #awayUntil = new Map<number, number>();

  constructor(engines: readonly Engine[], marks: Marks, options: Pick<MirrorOptions, "write" | "away_ms">) {
    this.all = engines.map((engine, at) => ({ at, engine }));
    this.marks = marks;
    this.#write = options.write;
    this.#awayMs = options.away_ms;
  }

  /** In the order in which they are asked: those that missed nothing of the mailbox, then the others, then who is away. */
  order(marked: ReadonlyMap<MessageId, MarkSet>): Member[] {
    const behind = new Set([...marked.values()].flatMap((marks) => [...marks]));
    const rank = ({ at }: Member) => (this.isAway(at) ? 2 : Number(behind.has(missedBy(at))));
    return [...this.all].sort((a, b) => rank(a) - rank(b));
  }

  /**
   * The order for one message. Of one that is marked, an engine may only lack it because it missed it, or because it removed it
   * in vain while the others were away: such an engine is asked only when nobody else can have it.
   */
  async orderFor(mailbox: MailboxAddress, id: MessageId, signal: AbortSignal | undefined): Promise<Member[]> {
    const marked = await this.marks.all(mailbox);
    const order = this.order(marked);
    if (!marked.has(id)) return order;
    const asked = order.map(async (member) => {
      const copies = await member.engine.find(mailbox, { id }, signal).catch(() => undefined);
      return copies?.length === 0 ? [] : [member];
    });
    const possible = (await Promise.all(asked)).flat();
    return possible.length > 0 ? possible : order;
  }

  isAway(at: number): boolean {
    return (this.#awayUntil.get(at) ?? 0) > Date.now();
  }

  /** To be told of every fault; those that come of an engine that is away keep it from being asked for a while. */
  noticed({ at }: Member, error: unknown): void {
    if (isCode(error, "STORE_UNREACHABLE", "STORE_TIMEOUT"))
      this.#awayUntil.set(at, Date.now() + this.#awayMs);
  }

  /** Everybody is asked again. */
  welcome(): void {
    this.#awayUntil.clear();
  }

  /** Whether these are enough for a new message to count as stored. */
  isEnough(stored: readonly Member[]): boolean {
    if (this.#write === "primary") return stored.some(({ at }) => at === 0);
    return stored.length >= (this.#write === "all" ? this.all.length : this.#write);
  }

  /**
   * The answer of the first that gives one. A fault that may be over with another engine leads to the next.
   * @throws VoxpostError the first fault, when nobody answers
   */
  async first<T>(
    mailbox: MailboxAddress,
    signal: AbortSignal | undefined,
    ask: (member: Member) => Promise<T>,
    members?: readonly Member[],
  ): Promise<T> {
    const faults: unknown[] = [];
    for (const member of members ?? this.order(await this.marks.all(mailbox))) {
      try {
        return await ask(member);
      } catch (error) {
        if (signal?.aborted || !isAwayFault(error)) throw error;
        this.noticed(member, error);
        faults.push(error);
      }
    }
    throw faults[0] ?? new VoxpostError("UNSUPPORTED", "No engine of the mirror can do this");
  }
}

export function isAwayFault(error: unknown): boolean {
  return isCode(error, "STORE_UNREACHABLE", "STORE_TIMEOUT");
}

/** This engine has not got the last change of the message. */
export function missedBy(at: number): string {
  return `missed-${at}`;
}

export function missedIn(marks: MarkSet): number[] {
  return [...marks].flatMap((mark) => /^missed-(\d+)$/.exec(mark)?.[1] ?? []).map(Number);
}
