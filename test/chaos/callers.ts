import { setTimeout as sleep } from "node:timers/promises";
import { type Phone, startPhone } from "../../lab/phone.ts";
import { samples, tone } from "../asterisk/wav.ts";
import type { Moments } from "./moments.ts";
import type { Chance } from "./random.ts";
import { BOTH, REVIEW, type Stage } from "./stage.ts";
import { isEmpty } from "./tape.ts";

/** What a caller means to do. */
export interface Plan {
  readonly number: string;
  readonly name: string;
  readonly extension: string;
  readonly boxes: readonly string[];
  readonly does: Deed;
  readonly seconds: number;
  /** Hertz: a voice of one's own for each take. */
  readonly voices: readonly [number, number];
  /** Once something is recorded: hangs up instead of pressing the last key. */
  readonly hangsUp: boolean;
}

const PLAIN = ["hang up", "press #"] as const;
const REVIEWED = ["accept", "mark urgent", "record again", "cancel", "leave it in the menu"] as const;
type Deed = (typeof PLAIN)[number] | (typeof REVIEWED)[number];

/** What became of a call, as its caller would tell it. */
export interface Told {
  readonly plan: Plan;
  /** Asterisk answered. */
  answered: boolean;
  /** Somebody recorded what was said. */
  recorded: boolean;
  /** Pressed the keys that take it back; `surely` when they were seen to work. */
  cancelled: "no" | "perhaps" | "surely";
  /** Asterisk died under this call, or did not answer at all. */
  cutOff: boolean;
  /** Asterisk's disk was full for a while, so that nothing need be left of what was said. */
  diskWasFull: boolean;
  /** Why nothing was recorded. */
  why: string;
  /** Longest time without any progress, milliseconds, when that was too long. */
  silence: string | undefined;
}

const VOICES = { first: 320, step: 16, count: 200 };
/**
 * Who was not heard presses # again after so long, and then after twice as long each time: three that come just after the beep make three messages
 * that are too short.
 */
const AGAIN_MS = 2_500;
const AGAIN_MOST_MS = 10_000;
/** A caller in a system that has faults gives up after this. */
const PATIENCE_MS = 60_000;

/** The nth caller of a run. */
export function plan(chance: Chance, index: number, change: Partial<Plan> = {}): Plan {
  const reviewed = chance.next() < 0.5;
  const both = !reviewed && chance.next() < 0.15;
  const first = reviewed ? Number(REVIEW[0]) : 1001;
  const box = String(first + chance.whole(0, reviewed ? Number(REVIEW[1]) - first : 29));
  const voice = (nth: number) => VOICES.first + VOICES.step * ((2 * index + nth) % VOICES.count);
  return {
    number: `555${String(10_000 + index)}`,
    name: chance.pick(["Ann Example", "Zoë ÄÖÜ", 'the "boss"', ""]),
    extension: both ? BOTH.extension : box,
    boxes: both ? BOTH.boxes : [box],
    does: chance.pick<Deed>(reviewed ? REVIEWED : PLAIN),
    seconds: chance.between(2.2, 4),
    voices: [voice(0), voice(1)],
    hangsUp: chance.next() < 0.5,
    ...change,
  };
}

/** Plays one call to its end, whatever happens to it. */
export async function call(stage: Stage, moments: Moments, what: Plan): Promise<Told> {
  const told: Told = {
    plan: what,
    answered: false,
    recorded: false,
    cancelled: "no",
    cutOff: false,
    diskWasFull: false,
    why: "",
    silence: undefined,
  };
  const { disk } = stage;
  const { times } = disk;
  const isFull = disk.giveSpace !== undefined;
  const phone = await startPhone({ sip: stage.asterisk.sip, number: "trunk" });
  try {
    await new Caller(stage, moments, phone, told).play();
  } finally {
    await phone.close();
  }
  told.diskWasFull = isFull || disk.times > times;
  return told;
}

class Caller {
  readonly #stage: Stage;
  readonly #moments: Moments;
  readonly #phone: Phone;
  readonly #told: Told;
  readonly #asterisk: number;
  #ended = false;

  constructor(stage: Stage, moments: Moments, phone: Phone, told: Told) {
    this.#stage = stage;
    this.#moments = moments;
    this.#phone = phone;
    this.#told = told;
    this.#asterisk = stage.asterisk.pid;
  }

  async play(): Promise<void> {
    const { extension, number, name, does } = this.#told.plan;
    try {
      const caller = { callerNumber: number, ...(name ? { callerName: name } : {}) };
      await this.#phone.dial(extension, { ...caller, withinMs: 20_000 });
    } catch (error) {
      this.#told.cutOff = true;
      this.#told.why = (error as Error).message;
      return;
    }
    this.#told.answered = true;
    void this.#phone.ended.then(() => {
      this.#ended = true;
    });
    await this.#moments.reach("the greeting");
    if (!(await this.#isRecorded(0))) return;
    this.#told.recorded = true;
    await this.#speak(0);
    if (does === "hang up") return this.#hangUp();
    await this.#phone.press("#");
    if (does === "press #") return this.#untilHungUpOn("after #");
    await sleep(1_000);
    await this.#moments.reach("the review menu");
    await this.#review();
  }

  async #review(): Promise<void> {
    const { does, hangsUp } = this.#told.plan;
    switch (does) {
      case "mark urgent":
        await this.#press("4");
        await this.#moments.reach("just after marking urgent");
        await this.#until(() => this.#files().some(({ name }) => name.urgent), 3_000);
        break;
      case "record again":
        await this.#press("3");
        await this.#moments.reach("between two takes");
        if (await this.#isRecorded(1)) await this.#speak(1);
        break;
      case "cancel":
        this.#told.cancelled = "perhaps";
        await this.#press("05");
        if ((await this.#until(() => this.#files().length === 0, 5_000)) && !this.#ended)
          this.#told.cancelled = "surely";
        return this.#untilHungUpOn("after taking it back", "05");
    }
    if (hangsUp || does === "leave it in the menu") return this.#hangUp();
    if (does === "record again") await this.#press("#");
    await this.#press("1");
    await this.#untilHungUpOn("after accepting", "1");
  }

  #files() {
    return this.#stage.tape.of(this.#told.plan.number);
  }

  /** Skips what is said until the beep. False when the call ended before. */
  async #isRecorded(take: number): Promise<boolean> {
    const begun = () => this.#files().some((file) => file.name.take >= take && !isEmpty(file));
    const start = Date.now();
    let keys = "#";
    for (let wait = AGAIN_MS; Date.now() - start < PATIENCE_MS; wait = Math.min(2 * wait, AGAIN_MOST_MS)) {
      await this.#press(keys);
      // The key that asks for another take may have come while nobody listened.
      if (take > 0) keys = "3#";
      if (await this.#until(begun, wait)) {
        // The # may have come just after the beep.
        await sleep(300);
        if (begun()) return true;
      }
      if (this.#isOver()) {
        this.#told.why = `over after ${((Date.now() - start) / 1_000).toFixed(1)} s`;
        return false;
      }
    }
    this.#told.silence = `waited ${PATIENCE_MS / 1_000} s to be recorded`;
    await this.#phone.hangUp();
    return false;
  }

  async #speak(take: 0 | 1): Promise<void> {
    const { seconds, voices } = this.#told.plan;
    const said = voice(voices[take], seconds);
    const half = said.length / 2;
    await this.#phone.speak(said.subarray(0, half));
    await this.#moments.reach("the recording");
    if (!this.#isOver()) await this.#phone.speak(said.subarray(half));
  }

  async #press(keys: string): Promise<void> {
    if (!this.#isOver()) await this.#phone.press(keys);
  }

  async #hangUp(): Promise<void> {
    await this.#phone.hangUp();
    await this.#moments.reach("just after hanging up");
  }

  /**
   * Whoever is asked to speak again, because nobody knows that they have, says nothing more than #. Who hears the menu once more,
   * because the key came while nobody listened, presses it again.
   */
  async #untilHungUpOn(when: string, key = ""): Promise<void> {
    const recordings = () => new Set(this.#files().map(({ name }) => name.id)).size;
    let known = recordings();
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end) {
      if (await this.#until(() => this.#isOver() || recordings() > known, 5_000)) {
        if (this.#isOver()) return;
        await this.#phone.press("#");
      } else {
        await this.#press(key);
      }
      known = recordings();
    }
    this.#told.silence = `waited ${PATIENCE_MS / 1_000} s ${when}`;
    await this.#phone.hangUp();
  }

  /** Whether it came to be in time, the call still being there. */
  async #until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const end = Date.now() + withinMs;
    for (;;) {
      if (condition()) return true;
      if (this.#isOver() || Date.now() > end) return condition();
      await sleep(50);
    }
  }

  #isOver(): boolean {
    const { asterisk } = this.#stage;
    if (!this.#ended && (!asterisk.running || asterisk.pid !== this.#asterisk)) {
      this.#told.cutOff = true;
      this.#phone.vanish();
      this.#ended = true;
    }
    return this.#ended;
  }
}

function voice(hertz: number, seconds: number): Int16Array {
  const bytes = samples(tone(hertz, seconds));
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
}
