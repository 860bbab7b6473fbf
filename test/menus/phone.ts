import { readFileSync } from "node:fs";
import { en } from "../../sounds/en.ts";
import { VoxpostError } from "../../src/errors.ts";
import type {
  Call,
  DialplanPlace,
  Entry,
  EntryOptions,
  LocalAudio,
  PlaybackOptions,
  PlaybackResult,
  RecordOptions,
  RecordResult,
} from "../../src/ivr/call.ts";
import type { Key, Phrase, Script } from "../../src/ivr/phrase.ts";
import { createLogger } from "../../src/log.ts";

/** What the caller is confronted with at one moment, as words that a test can compare. */
export interface Moment {
  readonly during: "prompt" | "wait" | "message" | "recording";
  readonly words: string;
}

export interface Reaction {
  /** Keys pressed, one after the other. */
  readonly presses?: string;
  readonly hangsUp?: boolean;
  /** Seconds of speech into a recording. */
  readonly speaks?: number;
  /** So quietly that Asterisk takes it for silence. */
  readonly quietly?: boolean;
  /** Happens somewhere else in the world before the caller is heard again. */
  readonly meanwhile?: () => Promise<void>;
  /** How the recording ends, if not by `#` or hang-up. */
  readonly endsBy?: "silence" | "limit" | "fault";
}

export interface PhoneOptions {
  readonly caller?: { number?: string; name?: string };
  /** `context/extension` of the dialplan. */
  readonly extensions?: readonly string[];
  /** Asterisk says that it records, but no file exists. */
  readonly noFile?: boolean;
  /** Asterisk does not answer requests. */
  readonly silent?: boolean;
  /** Asterisk refuses to play anything that holds this word. */
  readonly refuses?: string;
}

/**
 * A caller on a line without a wire: what is said goes to `react`, which answers at once. Time does not pass; a wait that
 * is not answered is over. What happened stands in `heard`, one line for each thing said or done.
 */
export class Phone implements Call {
  readonly id = "1795302871.42";
  readonly asterisk = "pbx1";
  readonly caller: { number?: string; name?: string };
  readonly dialplanContext = "from-phones";
  language = "en";
  readonly startedAt = new Date("2026-11-22T10:00:00Z");
  readonly log = createLogger("silent");
  readonly heard: string[] = [];
  readonly variables = new Map<string, string>();
  readonly recorded: string[] = [];
  /** Recordings without words. */
  readonly notes: string[] = [];
  /** Undefined until the call was given back to the dialplan. */
  left: { readonly to?: DialplanPlace } | undefined;
  answered = false;
  declined = false;

  readonly #gone = new AbortController();
  readonly #react: (moment: Moment) => Reaction | undefined;
  readonly #options: PhoneOptions;
  #keys: Key[] = [];
  #meanwhile = Promise.resolve();

  constructor(react: (moment: Moment) => Reaction | undefined, options: PhoneOptions = {}) {
    this.#react = react;
    this.#options = options;
    this.caller = options.caller ?? { number: "5551234" };
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  async answer(): Promise<void> {
    this.#check();
    if (this.#options.silent) throw new VoxpostError("ASTERISK_UNREACHABLE", "no answer");
    this.answered = true;
  }

  async play(
    script: Script,
    options: { bargeIn?: "any" | "none" | readonly Key[] } = {},
  ): Promise<Key | undefined> {
    await this.#step();
    const { refuses } = this.#options;
    if (refuses && script.map(wordsOf).includes(refuses)) {
      throw new VoxpostError("ASTERISK_REFUSED", `Asterisk does not play ${refuses}`);
    }
    const bargeIn = options.bargeIn ?? "any";
    if (this.#keys.length === 0 || bargeIn === "none") {
      this.#meet({ during: "prompt", words: script.map(wordsOf).join(" ") });
    }
    if (bargeIn === "none") return undefined;
    if (bargeIn !== "any") this.#keys = this.#keys.filter((key) => bargeIn.includes(key));
    return this.#keys.shift();
  }

  async key(_waitMs: number): Promise<Key | undefined> {
    await this.#step();
    if (this.#keys.length === 0) this.#meet({ during: "wait", words: "" });
    return this.#keys.shift();
  }

  async entry(options: EntryOptions = {}): Promise<Entry> {
    let keys = "";
    let next = options.first ?? (await this.key(0));
    while (next !== undefined) {
      if (next === "#") return { keys, ended: "terminator" };
      keys += next;
      if (keys.length >= (options.maxKeys ?? 40)) return { keys, ended: "full" };
      next = await this.key(0);
    }
    return { keys, ended: "timeout" };
  }

  clearKeys(): void {
    this.#keys = [];
  }

  async playMessage(audio: LocalAudio, options: PlaybackOptions): Promise<PlaybackResult> {
    await this.#step();
    const words = readFileSync(audio.path, "utf8");
    if (words === "(cannot be decoded)") return { heard: false };
    if (this.#keys.length === 0) this.#meet({ during: "message", words });
    let key = this.#keys.shift();
    while (key !== undefined && options.controls[key] !== undefined) {
      this.heard.push(`(${options.controls[key]})`);
      key = this.#keys.shift();
    }
    return { heard: true, ...(key === undefined ? {} : { key }) };
  }

  async record(options: RecordOptions): Promise<RecordResult> {
    await Promise.resolve();
    if (this.signal.aborted) return { parts: [], ended: "hangup", duration: 0 };
    if (this.#options.noFile) throw new VoxpostError("RECORDING_NOT_STARTED", "no file");
    const words = options.beep === undefined ? "(no beep)" : options.beep;
    this.heard.push(words);
    const reaction = this.#react({ during: "recording", words }) ?? { speaks: 5, hangsUp: true };
    const duration = reaction.speaks ?? 5;
    const parts = [options.name(0)];
    this.recorded.push(...parts);
    if (reaction.hangsUp) this.hangsUp();
    const [key, ...ahead] = [...(reaction.presses ?? "")] as Key[];
    this.#keys = ahead;
    const ended = reaction.hangsUp ? "hangup" : (reaction.endsBy ?? "key");
    const talking = reaction.quietly ? { talking: 0 } : {};
    return { parts, ended, duration, ...talking, ...(ended === "key" ? { key: key ?? "#" } : {}) };
  }

  async note(name: string): Promise<boolean> {
    await Promise.resolve();
    if (this.signal.aborted) return false;
    if (this.#options.noFile) throw new VoxpostError("RECORDING_NOT_STARTED", "no file");
    this.notes.push(name);
    return true;
  }

  async variable(name: string): Promise<string | undefined> {
    await this.#step();
    return this.variables.get(name);
  }

  async setVariable(name: string, value: string): Promise<void> {
    await this.#step();
    this.variables.set(name, value);
  }

  async extensionExists(dialplanContext: string, extension: string): Promise<boolean> {
    await this.#step();
    return this.#options.extensions?.includes(`${dialplanContext}/${extension}`) ?? false;
  }

  async leave(to?: DialplanPlace): Promise<void> {
    await this.#step();
    if (this.left) throw new Error("The call was left twice");
    this.left = to ? { to } : {};
  }

  async decline(): Promise<void> {
    await this.#step();
    this.declined = true;
  }

  async hangUp(): Promise<void> {
    this.#check();
    this.hangsUp();
  }

  /** The caller does. */
  hangsUp(): void {
    if (this.signal.aborted) return;
    this.heard.push("> hangs up");
    this.#gone.abort(gone());
  }

  #meet(moment: Moment): void {
    if (moment.during === "wait") {
      this.heard.push("(waits)");
    } else if (moment.words !== "") {
      this.heard.push(moment.words);
    }
    const reaction = this.#react(moment);
    if (reaction?.presses) {
      this.heard.push(`> ${reaction.presses}`);
      this.#keys.push(...([...reaction.presses] as Key[]));
    }
    if (reaction?.meanwhile) this.#meanwhile = reaction.meanwhile();
    if (reaction?.hangsUp) this.hangsUp();
    this.#check();
  }

  async #step(): Promise<void> {
    this.#check();
    await this.#meanwhile;
    this.#check();
    if (this.left) throw new Error("The call is in the dialplan already");
  }

  #check(): void {
    if (this.signal.aborted) throw gone();
  }
}

function gone(): VoxpostError {
  return new VoxpostError("CALL_GONE", "The caller has hung up");
}

/** `vm-youhave 2 vm-INBOX`: short enough to be read in a test. */
function inEnglish(sounds: readonly string[]): string {
  return sounds.map((sound) => sound.replace("digits/", "")).join(" ");
}

function wordsOf(phrase: Phrase): string {
  if (typeof phrase === "string") return phrase;
  if ("number" in phrase) return String(phrase.number);
  if ("counts" in phrase) return inEnglish(en.sayCounts(phrase.counts));
  if ("folder" in phrase) return inEnglish(en.sayFolder(phrase.folder));
  if ("minutes" in phrase) return inEnglish(en.sayMinutes(phrase.minutes));
  if ("digits" in phrase) return [...phrase.digits].join("-");
  if ("letters" in phrase) return phrase.letters;
  if ("date" in phrase)
    return phrase.date.toISOString().slice(0, 10) + (phrase.format ? ` as ${phrase.format}` : "");
  if ("silence" in phrase) return "…";
  if ("recording" in phrase) return "(recording)";
  if ("file" in phrase) return `(file ${readFileSync(phrase.file, "utf8")})`;
  return `(sound ${phrase.sound})`;
}

/** A caller who follows a script: each line waits for words (part of what is said), then reacts. */
export type Line = readonly [hears: string, reaction: string | Reaction];

export class Caller {
  readonly react = (moment: Moment): Reaction | undefined => {
    const line = this.#lines[0];
    if (!line) return undefined;
    const said = moment.during === "wait" ? "(waits)" : moment.words;
    if (!said.includes(line[0])) return undefined;
    this.#lines.shift();
    return typeof line[1] === "string" ? { presses: line[1] } : line[1];
  };

  readonly #lines: Line[];

  constructor(lines: readonly Line[]) {
    this.#lines = [...lines];
  }

  /** What the caller never heard. */
  get waitingFor(): readonly string[] {
    return this.#lines.map(([hears]) => hears);
  }
}
