import { isCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type AriSubscription, subscribe } from "./ari.ts";
import { AriEvents } from "./ari-events.ts";
import { type AriObserver, AriRequests, type AriServer } from "./ari-requests.ts";

export interface AsteriskOptions extends AriServer {
  /** Configured, unique name of this Asterisk. */
  readonly name: string;
  /** Our own Stasis application: `voxpost-<instance>`. */
  readonly app: string;
  readonly log: Logger;
  /** Another program subscribed under our name: from now on we would be deaf. Nothing is retried. */
  readonly onReplaced: (error: VoxpostError) => void;
  /** Bound on each request, connection and ping; default 5,000. */
  readonly timeoutMs?: number;
  /** First and longest wait before connecting again; default 100 and 5,000. */
  readonly retryMs?: readonly [first: number, longest: number];
  /** Told of every request. */
  readonly observe?: AriObserver;
}

/**
 * `up`: events arrive, and what was missed has been read. `connecting`: also every time after the connection was lost.
 */
export type AsteriskState = "connecting" | "up" | "replaced" | "closed";

/**
 * The connection to one Asterisk. It never gives up. Asterisk does not repeat events that were missed, so after each
 * connect those who registered with `onUp` read the state that they depend on.
 */
export class Asterisk {
  readonly name: string;
  readonly app: string;
  readonly requests: AriRequests;
  readonly events: AriEvents;
  readonly log: Logger;
  readonly #options: AsteriskOptions;
  readonly #upListeners = new Set<() => Promise<void>>();
  readonly #stateListeners = new Set<(state: AsteriskState) => void>();
  readonly #closing = new AbortController();
  #state: AsteriskState = "connecting";
  #isAway = false;
  #subscription: AriSubscription | undefined;
  #running: Promise<void> | undefined;

  constructor(options: AsteriskOptions) {
    this.#options = options;
    this.name = options.name;
    this.app = options.app;
    this.log = options.log.child({ asterisk: options.name });
    this.requests = new AriRequests(options, options.timeoutMs, options.observe);
    this.events = new AriEvents((error, { type }) =>
      this.log.error({ err: error, type }, "event not handled"),
    );
  }

  get state(): AsteriskState {
    return this.#state;
  }

  /** Begins to connect, and goes on until `close`. */
  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#setState("closed");
    this.#closing.abort();
    this.#subscription?.close();
    await this.#running;
  }

  /** Called after every connect, before the state is `up`: reads what was missed. Returns the way to stop. */
  onUp(listener: () => Promise<void>): () => void {
    this.#upListeners.add(listener);
    return () => this.#upListeners.delete(listener);
  }

  onState(listener: (state: AsteriskState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** Resolves when the state is `up`, now or later. @throws ABORTED */
  whenUp(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#state === "up") return resolve();
      const aborted = () => {
        stop();
        reject(new VoxpostError("ABORTED", `Stopped waiting for Asterisk ${this.name}`));
      };
      if (signal.aborted) return reject(new VoxpostError("ABORTED", `Not waiting for Asterisk ${this.name}`));
      const stop = this.onState((state) => {
        if (state !== "up") return;
        stop();
        signal.removeEventListener("abort", aborted);
        resolve();
      });
      signal.addEventListener("abort", aborted, { once: true });
    });
  }

  async #run(): Promise<void> {
    const [first, longest] = this.#options.retryMs ?? [100, 5_000];
    let wait = first;
    while (!this.#isOver()) {
      try {
        await this.#connectOnce(() => {
          wait = first;
        });
      } catch (error) {
        this.#tell(error);
      }
      if (this.#isOver()) return;
      await this.#pause(wait);
      wait = Math.min(wait * 2, longest);
    }
  }

  /** One connection, from its beginning to its end. */
  async #connectOnce(connected: () => void): Promise<void> {
    let ended = (_reason: string) => {};
    const end = new Promise<string>((resolve) => {
      ended = resolve;
    });
    const closed = () => ended("closed by us");
    const off = this.events.on("type:ApplicationReplaced", ({ application }) => {
      if (application === this.app) this.#replaced();
    });
    try {
      this.#subscription = await subscribe(this.#options, {
        app: this.app,
        onEvent: (event) => this.events.emit(event),
        onEnd: ended,
        timeoutMs: this.#options.timeoutMs ?? 5_000,
      });
      if (this.#isOver()) return this.#subscription.close();
      connected();
      this.#closing.signal.addEventListener("abort", closed, { once: true });
      await this.#readWhatWasMissed();
      if (!this.#isOver()) this.#setState("up");
      const reason = await end;
      if (!this.#isOver()) this.log.warn({ reason }, "connection to Asterisk lost");
    } finally {
      off();
      this.#closing.signal.removeEventListener("abort", closed);
      this.#subscription?.close();
      if (!this.#isOver()) this.#setState("connecting");
    }
  }

  async #readWhatWasMissed(): Promise<void> {
    for (const listener of [...this.#upListeners]) {
      await listener().catch((error) => {
        // Away again before we knew anything: that was no connection.
        if (isCode(error, "ASTERISK_UNREACHABLE")) throw error;
        this.log.error({ err: error }, "state not read after connecting");
      });
    }
  }

  /** Once when it goes away; the attempts that follow say nothing new. */
  #tell(error: unknown): void {
    const level = this.#isAway ? "debug" : "warn";
    this.#isAway = true;
    this.log[level]({ err: error }, "Asterisk is not to be reached; trying again until it is");
  }

  #replaced(): void {
    this.#setState("replaced");
    this.#closing.abort();
    this.#subscription?.close();
    const error = new VoxpostError(
      "APPLICATION_REPLACED",
      `Another program took over ${this.app} on Asterisk ${this.name}: give every program its own "instance"`,
    );
    this.log.fatal({ err: error }, "we no longer hear of calls");
    this.#options.onReplaced(error);
  }

  #isOver(): boolean {
    return this.#state === "closed" || this.#state === "replaced";
  }

  #setState(state: AsteriskState): void {
    if (this.#state === state || this.#isOver()) return;
    this.#state = state;
    if (state === "up") this.#isAway = false;
    this.log.info({ state }, "connection to Asterisk");
    for (const listener of [...this.#stateListeners]) listener(state);
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#closing.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#closing.signal.addEventListener("abort", done);
    });
  }
}
