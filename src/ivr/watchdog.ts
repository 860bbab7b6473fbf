export interface WatchdogOptions {
  /** Seconds after which Asterisk takes the call back unless this is renewed. */
  readonly seconds: number;
  /** Never renewed beyond this: the site's own limit of the call. */
  readonly until?: Date;
  readonly onFault: (error: unknown) => void;
}

/**
 * The dead man's switch: while the program lives, the channel's absolute timeout is put off every third of its time. When
 * it dies, the timeout strikes, and the dialplan's extension `T` leads the caller on.
 */
export class Watchdog {
  readonly #renew: (seconds: number) => Promise<void>;
  readonly #options: WatchdogOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(renew: (seconds: number) => Promise<void>, options: WatchdogOptions) {
    this.#renew = renew;
    this.#options = options;
  }

  start(): void {
    this.#put();
    this.#timer ??= setInterval(() => this.#put(), (this.#options.seconds * 1_000) / 3);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #put(): void {
    const { seconds, until, onFault } = this.#options;
    const left = until ? (until.getTime() - Date.now()) / 1_000 : seconds;
    // 0 would be no limit at all.
    this.#renew(Math.max(Math.min(seconds, left), 0.1)).catch(onFault);
  }
}
