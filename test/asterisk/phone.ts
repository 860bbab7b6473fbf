import type { SimulatedAsterisk } from "./asterisk.ts";
import type { Channel } from "./channel.ts";
import type { TestClock } from "./clock.ts";

/** A telephone that does what a test says, and remembers what it heard. */
export class Phone {
  readonly number: string;
  readonly name: string;
  /** The media that Asterisk played to it, in order: `sound:vm-intro`, `sound:http://…`. */
  readonly heard: string[] = [];
  readonly #asterisk: SimulatedAsterisk;
  readonly #clock: TestClock;
  #channel: Channel | undefined;

  constructor(asterisk: SimulatedAsterisk, clock: TestClock, caller: { number: string; name?: string }) {
    this.#asterisk = asterisk;
    this.#clock = clock;
    this.number = caller.number;
    this.name = caller.name ?? "";
  }

  /** The call that it made last. */
  get channel(): Channel {
    if (!this.#channel) throw new Error("this phone has not dialled yet");
    return this.#channel;
  }

  get onHook(): boolean {
    return this.#channel?.gone ?? true;
  }

  async dials(extension: string, context = "default"): Promise<void> {
    const caller = { number: this.number, name: this.name };
    this.#channel = this.#asterisk.call(context, extension, caller, (media) => this.heard.push(media));
    await this.#clock.settle();
  }

  /** One key after the other, a tenth of a second apart. */
  async presses(keys: string): Promise<void> {
    for (const key of keys) {
      this.channel.digit(key);
      await this.#clock.advance(100);
    }
  }

  /** Says the words of a WAV file, to their end. */
  async speaks(file: Buffer): Promise<void> {
    let said = false;
    void this.channel.microphone.speak(file).then(() => {
      said = true;
    });
    await this.#clock.until(() => said || this.onHook, "the end of the words");
  }

  /** Sends silence, as most phones do. */
  async isSilent(ms: number): Promise<void> {
    this.channel.microphone.send("silence");
    await this.#clock.advance(ms);
  }

  /** Sends nothing at all: a phone with silence suppression. */
  async stopsSending(ms: number): Promise<void> {
    this.channel.microphone.send("nothing");
    await this.#clock.advance(ms);
  }

  async hangsUp(): Promise<void> {
    this.channel.hangUp();
    await this.#clock.settle();
  }
}
