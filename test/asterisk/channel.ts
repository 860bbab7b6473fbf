import type { EventType } from "./events.ts";
import { Microphone } from "./microphone.ts";

/** Something that a channel in Stasis does, one after the other. */
export interface Operation {
  run(): Promise<void>;
  /** The caller is gone, or the absolute timeout struck. */
  interrupt(): void;
  digit?(digit: string): void;
}

/** How a channel came out of Stasis, or out of a wait in the dialplan. */
export type Way = "continued" | "hungup" | "timeout";

export interface ChannelOptions {
  readonly id: string;
  readonly name: string;
  readonly caller: { readonly name: string; readonly number: string };
  readonly context: string;
  readonly extension: string;
  readonly send: (
    app: string | undefined,
    channel: string,
    type: EventType,
    fields: Record<string, unknown>,
  ) => void;
  readonly onHeard?: (media: string) => void;
  readonly onGone?: () => void;
}

/** One leg of a call, as Asterisk sees it. */
export class Channel {
  readonly id: string;
  readonly name: string;
  readonly caller: { readonly name: string; readonly number: string };
  readonly microphone = new Microphone();
  readonly variables = new Map<string, string>();
  readonly createdAt = new Date();
  language = "en";
  state: "Ring" | "Up" = "Ring";
  place: { context: string; extension: string };
  /** The Stasis application that has the channel. */
  app: string | undefined;
  appData = "";
  gone = false;
  readonly #options: ChannelOptions;
  readonly #queue: Operation[] = [];
  #current: Operation | undefined;
  #leave: ((way: Way) => void) | undefined;
  #timeout: { timer: NodeJS.Timeout; at: number } | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.id = options.id;
    this.name = options.name;
    this.caller = options.caller;
    this.place = { context: options.context, extension: options.extension };
  }

  toJSON(): Record<string, unknown> {
    return {
      id: this.id,
      name: this.name,
      state: this.state,
      protocol_id: "",
      caller: this.caller,
      connected: { name: "", number: "" },
      accountcode: "",
      dialplan: {
        context: this.place.context,
        exten: this.place.extension,
        priority: 1,
        app_name: this.app ? "Stasis" : "",
        app_data: this.appData,
      },
      creationtime: this.createdAt.toISOString().replace("Z", "+0000"),
      language: this.language,
    };
  }

  tell(type: EventType, fields: Record<string, unknown> = {}): void {
    const operation = type.startsWith("Playback") || type.startsWith("Recording");
    // What the dialplan plays and records by itself is not told to anybody.
    if (operation && !this.app) return;
    this.#options.send(this.app, this.id, type, operation ? fields : { ...fields, channel: this.toJSON() });
  }

  heard(media: string): void {
    this.#options.onHeard?.(media);
  }

  answer(): void {
    if (this.state === "Up") return;
    this.state = "Up";
    this.tell("ChannelStateChange");
  }

  /** Puts the channel into an application until it comes out. */
  stasis(app: string, args: readonly string[]): Promise<Way> {
    if (this.gone) return Promise.resolve("hungup");
    this.app = app;
    this.appData = [app, ...args].join(",");
    this.tell("StasisStart", { args });
    return new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  /** Does something after everything that was asked before. Resolves when it has been done, or never will be. */
  async enqueue(operation: Operation): Promise<void> {
    let over = () => {};
    const finished = new Promise<void>((resolve) => {
      over = resolve;
    });
    this.#queue.push({
      run: () => operation.run().then(over),
      interrupt() {
        operation.interrupt();
        over();
      },
      digit: (digit) => operation.digit?.(digit),
    });
    if (!this.#current) void this.#work();
    await finished;
  }

  /** Like `enqueue`, for what takes no time of its own. */
  inTurn(work: () => void): Promise<void> {
    return this.enqueue({ run: async () => work(), interrupt: () => {} });
  }

  /** Out of Stasis; the dialplan goes on. */
  comeOut(way: Way): void {
    if (!this.#leave) return;
    const leave = this.#leave;
    this.#leave = undefined;
    for (const operation of [this.#current, ...this.#queue.splice(0)]) operation?.interrupt();
    this.tell("StasisEnd");
    this.app = undefined;
    leave(way);
  }

  /** To another application, without the dialplan noticing. */
  move(app: string, args: readonly string[]): void {
    this.tell("StasisEnd");
    this.app = app;
    this.appData = [app, ...args].join(",");
    this.tell("StasisStart", { args });
  }

  digit(digit: string): void {
    this.tell("ChannelDtmfReceived", { digit, duration_ms: 100 });
    this.#current?.digit?.(digit);
  }

  hangUp(cause = 16): void {
    if (this.gone) return;
    this.gone = true;
    this.setTimeout(0);
    this.tell("ChannelHangupRequest", { cause });
    this.#current?.interrupt();
    this.comeOut("hungup");
    this.tell("ChannelDestroyed", { cause, cause_txt: "Normal Clearing" });
    this.#options.onGone?.();
  }

  /** Gone without a word: Asterisk has lost it, and no event tells. */
  vanish(): void {
    this.gone = true;
    this.setTimeout(0);
    this.#options.onGone?.();
  }

  /** Seconds until the channel is led to extension T; 0 is never. */
  setTimeout(seconds: number): void {
    clearTimeout(this.#timeout?.timer);
    const ms = seconds * 1_000;
    this.#timeout =
      ms > 0 ? { timer: setTimeout(() => this.#timeOut(), ms), at: Date.now() + ms } : undefined;
  }

  get timeoutLeft(): number {
    return this.#timeout ? (this.#timeout.at - Date.now()) / 1_000 : 0;
  }

  /**
   * What waits for its turn, such as a longer timeout, comes too late. During a recording the real Asterisk sometimes does
   * it all the same; nobody may rely on it.
   */
  #timeOut(): void {
    this.#timeout = undefined;
    this.comeOut("timeout");
  }

  async #work(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      this.#current = next;
      await next.run();
    }
    this.#current = undefined;
  }
}
