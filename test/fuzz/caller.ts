import type { SimulatedAsterisk } from "../asterisk/asterisk.ts";
import type { Channel } from "../asterisk/channel.ts";
import { samples, tone } from "../asterisk/wav.ts";
import { soundName } from "../scenarios/world.ts";
import type { Plan, Speech } from "./plan.ts";

/** What happened in a call, in order. */
export type Happening =
  | { readonly is: "hears"; readonly sound: string; readonly at: number }
  | { readonly is: "presses"; readonly keys: string; readonly at: number }
  | { readonly is: "recorded"; readonly name: string; readonly pcm: Buffer; readonly at: number }
  | { readonly is: "over"; readonly by: "caller" | "program"; readonly at: number };

/** Carries out a plan on the simulated Asterisk, and remembers all that happened. */
export class FuzzCaller {
  readonly plan: Plan;
  readonly story: Happening[] = [];
  readonly #asterisk: SimulatedAsterisk;
  #channel: Channel | undefined;
  #events = 0;
  #recordings = 0;
  #recording: string | undefined;
  #timers: NodeJS.Timeout[] = [];
  #hungUp = false;

  constructor(asterisk: SimulatedAsterisk, plan: Plan) {
    this.plan = plan;
    this.#asterisk = asterisk;
    asterisk.applications.watchers.add((channel, type, fields) => {
      if (channel === this.#channel?.id) this.#happened(type, fields);
    });
  }

  get channel(): Channel {
    if (!this.#channel) throw new Error("has not called yet");
    return this.#channel;
  }

  get isOver(): boolean {
    return this.#channel?.gone ?? false;
  }

  /** Calls when the time has come. */
  start(): void {
    this.#after(this.plan.arrives, () => this.#dial());
  }

  #dial(): void {
    const { entry, args, number } = this.plan;
    const extension = `${entry}-${this.plan.arrives}-${Math.random()}`;
    this.#asterisk.site.set(`fuzz/${extension}`, (line) => line.gosub(entry, ...args));
    const heard = (media: string) => this.#tell({ is: "hears", sound: soundName(media), at: Date.now() });
    const caller = { number, name: number ? "Ann Example" : "" };
    this.#channel = this.#asterisk.call("fuzz", extension, caller, heard);
    this.#step(0);
  }

  #step(index: number): void {
    const step = this.plan.steps[index];
    if (!step) {
      if (this.plan.hangsUp) this.#after(1_000, () => this.hangUp());
      return;
    }
    this.#after(step.after, () => {
      this.#press(step.keys);
      this.#step(index + 1);
    });
  }

  #happened(type: string, fields: Readonly<Record<string, unknown>>): void {
    const event = this.#events++;
    for (const { event: at, keys } of this.plan.strikes) {
      if (at === event) this.#after(0, () => (keys === "" ? this.hangUp() : this.#press(keys)));
    }
    const { name = "" } = (fields.recording ?? {}) as { name?: string };
    if (type === "RecordingStarted") {
      this.#recording = name;
      const speech = this.plan.speeches[this.#recordings++];
      if (speech) this.#after(0, () => this.#speak(speech, name));
    }
    if (type === "RecordingFinished") {
      this.#recording = undefined;
      const pcm = this.#asterisk.spool.has(name) ? samples(this.#asterisk.spool.read(name)) : Buffer.alloc(0);
      this.#tell({ is: "recorded", name, pcm, at: Date.now() });
    }
    if (type === "ChannelDestroyed") {
      this.#tell({ is: "over", by: this.#hungUp ? "caller" : "program", at: Date.now() });
      for (const timer of this.#timers) clearTimeout(timer);
    }
  }

  #speak({ hertz, seconds, pause, ends }: Speech, recording: string): void {
    const { microphone } = this.channel;
    const words = tone(hertz, seconds);
    void microphone.speak(words);
    if (pause > 0) {
      this.#after(seconds * 1_000 + 1, () => microphone.send("nothing"));
      this.#after((seconds + pause) * 1_000, () => void microphone.speak(words));
    }
    this.#after((2 * seconds + pause) * 1_000 + 100, () => {
      if (ends === "is silent" || ends === "sends nothing")
        microphone.send(ends === "is silent" ? "silence" : "nothing");
      // A later part of the same words counts as the same recording.
      else if (this.#recording?.split("~").at(-1) === recording.split("~").at(-1)) this.#finish(ends);
    });
  }

  #finish(ends: Speech["ends"]): void {
    if (ends === "hangs up") this.hangUp();
    else this.#press({ "presses #": "#", "presses 0": "0", floods: "#1#2#3#1" }[ends as string] ?? "#");
  }

  hangUp(): void {
    if (!this.#channel || this.isOver) return;
    this.#hungUp = true;
    this.#channel.hangUp();
  }

  #press(keys: string): void {
    if (!this.#channel || this.isOver) return;
    this.#tell({ is: "presses", keys, at: Date.now() });
    for (const key of keys) this.#channel.digit(key);
  }

  #after(ms: number, what: () => void): void {
    this.#timers.push(setTimeout(what, ms));
  }

  #tell(happening: Happening): void {
    this.story.push(happening);
  }
}

/** For a person who wants to know what went wrong. */
export function told({ plan, story, channel }: FuzzCaller): string {
  const began = story[0]?.at ?? 0;
  const lines = story.map((one) => {
    const at = `${((one.at - began) / 1_000).toFixed(1).padStart(7)} `;
    if (one.is === "hears") return `${at}${one.sound}`;
    if (one.is === "presses") return `${at}> ${one.keys}`;
    if (one.is === "over") return `${at}over: ${one.by}`;
    return `${at}recorded ${(one.pcm.length / 16_000).toFixed(1)} s ${one.name}`;
  });
  return [`${plan.entry} ${plan.args.join(",")} on ${channel.id}`, ...lines].join("\n");
}
