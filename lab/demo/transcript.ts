import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../processes.ts";
import type { Say } from "../provision.ts";
import type { StagePhone } from "./stage.ts";

/** Longest wait for something to be heard, milliseconds. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 20;
const WIDTH = 100;
const INDENT = " ".repeat(26);

/** Writes down who did what and what was heard, as a person would tell it. */
export class Transcript {
  readonly #say: Say;
  readonly #secrets: readonly string[];
  readonly #started = Date.now();
  #players: Player[] = [];

  /** `secrets` are shown as dots when they are pressed. */
  constructor(say: Say, secrets: readonly string[]) {
    this.#say = say;
    this.#secrets = secrets;
  }

  follow(name: string, phone: StagePhone, toWords: (media: string) => string): Player {
    const player = new Player(name, phone, this, toWords);
    this.#players.push(player);
    return player;
  }

  line(who: string, did: string, what: string, at = Date.now()): void {
    for (const player of this.#players) player.flush();
    this.#write(at, `${who.padEnd(5)} ${did.padEnd(9)}`, what);
  }

  heard(who: string, what: string, at: number): void {
    this.#write(at, `${who.padEnd(5)} ${"hears".padEnd(9)}`, what);
  }

  note(title: string, lines: readonly string[]): void {
    this.line("", "", title);
    for (const line of lines) this.#say(`${INDENT}${line}`);
  }

  hide(keys: string): string {
    return this.#secrets.reduce((text, secret) => text.replaceAll(secret, "•".repeat(secret.length)), keys);
  }

  async poll<T>(look: () => Promise<T | undefined>, withinMs: number, what: string): Promise<T> {
    const end = Date.now() + withinMs;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > end) throw new Error(`waited ${withinMs / 1000} s for ${what}`);
      await sleep(LOOK_MS);
    }
  }

  /** Prints what was observed; true when all of it is good. */
  checks(checks: readonly (readonly [what: string, good: boolean, detail: string])[]): boolean {
    this.#say("");
    for (const [what, good, detail] of checks) {
      this.#say(`${good ? "ok    " : "not ok"}  ${what}${detail && ` (${detail})`}`);
    }
    return checks.every(([, good]) => good);
  }

  #write(at: number, who: string, what: string): void {
    const time = `${((at - this.#started) / 1000).toFixed(1).padStart(6)} s  `;
    const [first = "", ...more] = wrap(what, WIDTH - INDENT.length);
    this.#say(`${time}${who} ${first}`.trimEnd());
    for (const line of more) this.#say(`${INDENT}${line}`);
  }
}

/** One person with a phone. */
export class Player {
  readonly phone: StagePhone;
  readonly lamps: string[] = [];
  lamp: { fresh: number; old: number } | undefined;
  readonly #name: string;
  readonly #transcript: Transcript;
  readonly #all: string[] = [];
  #taken = 0;
  #unwritten: string[] = [];
  #since = 0;

  constructor(name: string, phone: StagePhone, transcript: Transcript, toWords: (media: string) => string) {
    this.phone = phone;
    this.#name = name;
    this.#transcript = transcript;
    phone.onSound((media) => {
      if (this.#unwritten.length === 0) this.#since = Date.now();
      const words = toWords(media);
      this.#unwritten.push(words === "(audio)" ? "[Bob's message]" : words);
      this.#all.push(words);
    });
    phone.onLamp((lamp) => {
      this.lamp = lamp;
      this.lamps.push(`${lamp.fresh}/${lamp.old}`);
      transcript.line(name, "lamp", lamp.fresh > 0 ? `is lit: ${lamp.fresh} new` : "is dark");
    });
  }

  async dials(extension: string): Promise<void> {
    this.#transcript.line(this.#name, "dials", extension);
    await this.phone.dial(extension);
  }

  async presses(keys: string): Promise<void> {
    this.#transcript.line(this.#name, "presses", this.#transcript.hide(keys));
    await this.phone.press(keys);
  }

  async speaks(samples: Int16Array, words: string): Promise<void> {
    this.#transcript.line(this.#name, "says", `“${words}”`);
    await this.phone.speak(samples);
  }

  async hangsUp(): Promise<void> {
    await this.phone.hangUp();
    this.#transcript.line(this.#name, "hangs up", "");
  }

  async isHungUpOn(): Promise<void> {
    await this.phone.hungUpOn();
    this.flush();
  }

  /** Waits until a sound with these words begins that was not waited for yet. */
  async hears(words: string): Promise<void> {
    const found = () => {
      const index = this.#all.findIndex((each, at) => at >= this.#taken && each.includes(words));
      if (index >= 0) this.#taken = index + 1;
      return index >= 0;
    };
    await waitUntil(found, PATIENCE_MS, `${this.#name} to hear “${words}”`);
  }

  /** Writes what was heard since the last line as one sentence. */
  flush(): void {
    const words = this.#unwritten;
    this.#unwritten = [];
    if (words.length > 0) this.#transcript.heard(this.#name, words.join(" · "), this.#since);
  }
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line && line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines;
}
