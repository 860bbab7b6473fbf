import { formatName, parseName } from "../custody/name.ts";
import { isCode } from "../errors.ts";
import type { Call } from "../ivr/call.ts";
import type { Enqueue } from "../jobs/enqueue.ts";
import type { Subscriber } from "../model/subscriber.ts";
import { type Ending, ignoreHangUp } from "./ending.ts";
import type { Exits } from "./exits.ts";
import { CUT_SHORT, NOT_RECORDED } from "./faults.ts";
import { type Draft, isTooQuiet, isTooShort, nameOf, recordTake, type Take } from "./take.ts";

export interface MessageDeps {
  /** The call goes on when the message is left, so nobody says goodbye. Default false. */
  readonly goesOn?: boolean;
  readonly enqueue: Enqueue;
  /** Removes a recording from an Asterisk's disk: the caller has taken it back, or it is too short to be kept. */
  discard(asterisk: string, recording: string): Promise<void>;
  /** Copies a recording to another name, then removes the old one; killed in between, both exist, and that is safe. */
  rename(asterisk: string, recording: string, to: string): Promise<void>;
}

/**
 * A message that somebody is leaving: what was recorded of it so far, and what becomes of it. Earlier takes stay where they
 * are until the message is delivered, so a later one that fails, or is empty, costs nothing.
 */
export class Message {
  readonly call: Call;
  readonly owner: Subscriber;
  readonly exits: Exits;
  /** How it ended, once a key has ended it. */
  ending: Ending | undefined;
  readonly #draft: Draft;
  readonly #deps: MessageDeps;
  /** Every name under which something of it may lie. */
  readonly #names = new Set<string>();
  #take: Take | undefined;
  #takes = 0;
  #kept = false;
  /** Under way, or done; a hang-up does not end it. */
  #marking: Promise<void> = Promise.resolve();

  constructor(call: Call, draft: Draft, exits: Exits, owner: Subscriber, deps: MessageDeps) {
    this.call = call;
    this.owner = owner;
    this.exits = exits;
    this.#draft = draft;
    this.#deps = deps;
  }

  get goesOn(): boolean {
    return this.#deps.goesOn ?? false;
  }

  get urgent(): boolean {
    return this.#draft.urgent;
  }

  /** The recordings of the take that counts, in order; empty before there is one. */
  get parts(): readonly string[] {
    return this.#take?.parts ?? [];
  }

  /**
   * Records the next take. It counts from now on unless it is too short, which only who is still there can mend: after a
   * hang-up it counts unless it is known to be, and something better was said before; delivery measures it. One that is only too quiet is kept in case that
   * nothing better comes.
   */
  async record(canSpeakAgain: boolean): Promise<{ take: Take; counts: boolean } | undefined> {
    const take = await this.#record();
    if (!take) return undefined;
    for (const part of take.parts) this.#names.add(part);
    const { minSeconds } = this.owner;
    const gone = take.ended === "hangup";
    // What a fault has left counts, however short: nobody can do better.
    const short = take.ended !== "fault" && isTooShort(take, minSeconds);
    const quiet = take.ended !== "fault" && canSpeakAgain && isTooQuiet(take, minSeconds);
    const isWorse = short && take.duration !== undefined && this.#take !== undefined;
    const counts = gone ? take.parts.length > 0 && !isWorse : !short && !quiet;
    if (counts || (!short && !this.#take)) this.#take = take;
    else if (!gone) await this.#remove(take.parts);
    return { take, counts };
  }

  /** Undefined when nothing could be recorded, which the caller was told. */
  async #record(): Promise<Take | undefined> {
    const { call } = this;
    try {
      const take = await recordTake(call, this.#draft, this.#takes++, this.exits.operator ? ["0"] : []);
      if (take.ended !== "fault") return take;
      const nothing = take.duration === 0;
      if (nothing) await this.#remove(take.parts);
      await call.play(nothing ? NOT_RECORDED : CUT_SHORT, { bargeIn: "none" }).catch(ignoreHangUp);
      return nothing ? undefined : take;
    } catch (error) {
      if (!isCode(error, "RECORDING_NOT_STARTED")) throw error;
      call.log.error({ err: error }, "A message could not be recorded; the caller was told");
      await call.play(NOT_RECORDED, { bargeIn: "none" });
      return undefined;
    }
  }

  /** Marks what was said, and what will be. @throws ASTERISK_UNREACHABLE, … : then it may be marked in part */
  mark(urgent: boolean): Promise<void> {
    const work = this.#marking.then(() => this.#mark(urgent));
    this.#marking = work.catch(() => {});
    return work;
  }

  async #mark(urgent: boolean): Promise<void> {
    if (!this.#take) return;
    const parts = [...this.#take.parts];
    for (const [index, part] of parts.entries()) {
      const to = formatName({ ...parseName(part), urgent });
      if (to === part) continue;
      this.#names.add(to);
      await this.#deps.rename(this.call.asterisk, part, to);
      parts[index] = to;
      this.#take = { ...this.#take, parts: [...parts] };
    }
    this.#draft.urgent = urgent;
  }

  /** From here on it is delivered. May be called again. A mark that is being set when the caller hangs up counts. */
  async keep(): Promise<void> {
    await this.#marking;
    if (this.#kept || this.parts.length === 0) return;
    this.#kept = true;
    await this.#deps.enqueue.deposit({ asterisk: this.call.asterisk, parts: this.parts, untried: true });
  }

  /** The caller takes it back, with every take: that is final. */
  async takeBack(): Promise<void> {
    await this.#marking;
    this.#take = undefined;
    await this.#remove([...this.#names]);
  }

  /** What the dialplan is told when the next take is kept. */
  get expected(): Ending {
    const file = nameOf(this.call, this.#draft, this.#takes, 0);
    return { status: "SUCCESS", variables: { VM_MESSAGEFILE: file } };
  }

  /** What the dialplan is told when it is kept. */
  get saved(): Ending {
    const [file] = this.parts;
    return { status: "SUCCESS", ...(file === undefined ? {} : { variables: { VM_MESSAGEFILE: file } }) };
  }

  /** A recording that cannot be removed now is delivered by the sweep: too much rather than too little. */
  async #remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      try {
        await this.#deps.discard(this.call.asterisk, name);
        this.#names.delete(name);
      } catch (error) {
        this.call.log.warn(
          { err: error, recording: name },
          "A recording could not be removed and will be delivered",
        );
      }
    }
  }
}
