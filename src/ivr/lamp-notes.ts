import type { Counts } from "../model/folder.ts";

/** What an Asterisk was told of a mailbox last, by whichever program. */
export interface Told {
  readonly counts: Counts;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** In which run of that Asterisk: it forgets when it ends. */
  readonly run: string;
}

/** Programs that serve the same Asterisk share these, or each of them would believe that it still knows what it was told itself. */
export interface LampNotes {
  get(asterisk: string, name: string): Promise<Told | undefined>;
  set(asterisk: string, name: string, told: Told): Promise<void>;
  all(asterisk: string): AsyncIterable<readonly [name: string, told: Told]>;
  /** One of several programs is to do something in this run of an Asterisk: true for the first, for a while. */
  claim(asterisk: string, run: string): Promise<boolean>;
  /** It did not come to the end: another may claim it now. Never rejects. */
  release(asterisk: string, run: string): Promise<void>;
}

/** For a program that is alone. */
export class MemoryLampNotes implements LampNotes {
  readonly #told = new Map<string, Map<string, Told>>();

  async get(asterisk: string, name: string): Promise<Told | undefined> {
    return this.#told.get(asterisk)?.get(name);
  }

  async set(asterisk: string, name: string, told: Told): Promise<void> {
    const lamps = this.#told.get(asterisk) ?? new Map<string, Told>();
    this.#told.set(asterisk, lamps.set(name, told));
  }

  async *all(asterisk: string): AsyncGenerator<readonly [string, Told]> {
    yield* [...(this.#told.get(asterisk) ?? [])];
  }

  async claim(_asterisk: string, _run: string): Promise<boolean> {
    return true;
  }

  async release(_asterisk: string, _run: string): Promise<void> {}
}
