import { setTimeout as sleep } from "node:timers/promises";
import { audit, withoutWords } from "./audit.ts";
import { call, type Plan, plan, type Told } from "./callers.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { lamps, settle } from "./leftovers.ts";
import { type Mail, readMails } from "./mails.ts";
import { Moments, POINTS, type Point } from "./moments.ts";
import { Chance } from "./random.ts";
import type { Stage } from "./stage.ts";

export interface Result {
  readonly calls: number;
  /** So many Asterisk never answered: nobody's words are lost. */
  readonly unanswered: number;
  /** Those that were answered and never recorded, and why, one line each. */
  readonly unrecorded: readonly string[];
  /** So many were recorded, but no word of them reached Asterisk's disk. */
  readonly unspoken: number;
  /** How often each fault struck. */
  readonly faults: ReadonlyMap<string, number>;
  readonly messages: number;
  /** What is wrong, one line each. */
  readonly wrong: readonly string[];
}

/** One run: calls are made and things are broken, and in the end everything is looked at. */
export class Chaos {
  readonly stage: Stage;
  readonly moments = new Moments();
  readonly chance: Chance;
  readonly #say: (line: string) => void;
  readonly #struck = new Map<string, number>();
  readonly #wrong: string[] = [];
  readonly #broken = new Set<Fault["on"]>();
  readonly #healing = new Set<Promise<void>>();
  readonly #started = Date.now();
  #made = 0;

  constructor(stage: Stage, seed: number, say: (line: string) => void = () => {}) {
    this.stage = stage;
    this.chance = new Chance(seed);
    this.#say = say;
  }

  /** Makes the next call, and resolves when it is over. */
  async call(change: Partial<Plan> = {}): Promise<Told> {
    this.#made++;
    const what = plan(this.chance.fork(), this.stage.nextCaller(), change);
    const told = await call(this.stage, this.moments, what);
    this.stage.calls.push(told);
    return told;
  }

  /** Breaks something for a while; resolves when it is broken. Does nothing where something is broken already. */
  async strike(fault: Fault, where = ""): Promise<void> {
    if (this.#broken.has(fault.on)) return;
    this.#broken.add(fault.on);
    const seconds = this.chance.between(...fault.lasts);
    this.#struck.set(fault.name, (this.#struck.get(fault.name) ?? 0) + 1);
    this.say(`${fault.name}${where && ` at ${where}`}, ${seconds.toFixed(1)} s`);
    const heal = await fault.strike(this.stage);
    const healing = sleep(seconds * 1_000)
      .then(heal)
      .catch((error: Error) => void this.#wrong.push(`${fault.name}: not put right: ${error.message}`))
      .finally(() => {
        this.#broken.delete(fault.on);
        this.#healing.delete(healing);
      });
    this.#healing.add(healing);
  }

  /** The next caller who gets there meets it. */
  arm(point: Point, fault: Fault): void {
    this.moments.arm(point, () => this.strike(fault, point));
  }

  /** Callers one after the other on so many lines, while faults strike at random and at chosen points. */
  async storm({ lines, calls, minutes }: { lines: number; calls: number; minutes: number }): Promise<void> {
    const end = Date.now() + minutes * 60_000;
    const isOver = () => Date.now() > end || this.#made >= calls;
    const caller = async () => {
      while (!isOver()) await this.call();
    };
    const breaker = async () => {
      const often = FAULTS.flatMap((fault) => Array<Fault>(fault.weight ?? 3).fill(fault));
      while (!isOver()) {
        const fault = this.chance.pick(often);
        const point = this.chance.pick(POINTS);
        if (this.chance.next() < 0.5) this.arm(point, fault);
        else await this.strike(fault);
        await sleep(this.chance.between(1_000, 4_000));
      }
    };
    await Promise.all([...Array.from({ length: lines }, caller), breaker()]);
    this.moments.disarm();
  }

  /** Resolves when everything that was broken serves again. */
  async healed(): Promise<void> {
    await Promise.all(this.#healing);
  }

  /** Waits until all is delivered, and compares what was said with what is in the mailboxes. */
  async finish({ settleMs }: { settleMs: number }): Promise<Result> {
    await this.healed();
    this.say("all is put right; waiting for the rest to be delivered");
    const left = await settle(this.stage, settleMs);
    this.#wrong.push(...left.map((what) => `left over: ${what}`));
    const { calls } = this.stage;
    const boxes = [...new Set(calls.flatMap(({ plan }) => plan.boxes))].sort();
    const mails: Mail[] = [];
    for (const box of boxes) mails.push(...(await readMails(this.stage, box)));
    this.#wrong.push(...audit(calls, this.stage.tape.kept, mails));
    this.#wrong.push(...(await lamps(this.stage, mails, boxes)));
    return {
      calls: calls.length,
      unanswered: calls.filter(({ answered }) => !answered).length,
      unrecorded: calls
        .filter(({ answered, recorded }) => answered && !recorded)
        .map(({ plan, why, silence }) => `caller ${plan.number} (${plan.does}): ${silence ?? why}`),
      unspoken: withoutWords(calls, this.stage.tape.kept),
      faults: this.#struck,
      messages: mails.length,
      wrong: this.#wrong,
    };
  }

  /** Something is wrong that only who played it can see. */
  complain(what: string): void {
    this.#wrong.push(what);
  }

  say(line: string): void {
    this.#say(`${((Date.now() - this.#started) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  }
}
