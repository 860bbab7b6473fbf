import { EventEmitter, once } from "node:events";
import { aborted } from "../../faults.ts";
import type { Connection } from "./connection.ts";

/** A connection that was used this recently is trusted without a question. Milliseconds. */
const TRUSTED_MS = 1_000;

export interface PoolOptions {
  /** Most connections in all. */
  readonly total: number;
  /** Most connections of one user. */
  readonly perUser: number;
  /** Closed when not used for this long, milliseconds. */
  readonly idleMs: number;
  /** Longest wait for a sign of life of a connection that is taken up again, milliseconds. */
  readonly probeMs: number;
}

interface Place {
  readonly user: string;
  busy: boolean;
  /** Undefined while it is being opened. */
  connection?: Connection;
  timer?: NodeJS.Timeout;
}

/**
 * Connections by IMAP user: used again while they live, bounded in total and per user, closed when idle. Whoever asks when
 * all are busy waits, oldest first, until one is free or the signal fires.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #places = new Set<Place>();
  readonly #freed = new EventEmitter().setMaxListeners(0);

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Connections that are open or being opened. */
  get size(): number {
    return this.#places.size;
  }

  /**
   * Runs `action` with a connection of `user`. `repeat`: the action may run a second time, on another connection, when a
   * kept one turns out to be dead. Never say so of what must not happen twice.
   */
  async use<T>(
    user: string,
    open: (signal: AbortSignal) => Promise<Connection>,
    action: (connection: Connection) => Promise<T>,
    { signal, repeat }: { signal: AbortSignal; repeat: boolean },
  ): Promise<T> {
    const { place, connection, kept } = await this.#take(user, open, signal);
    try {
      return await connection.bounded(signal, () => action(connection));
    } catch (error) {
      if (!repeat || !kept || connection.usable || signal.aborted) throw error;
    } finally {
      this.#release(place);
    }
    return this.use(user, open, action, { signal, repeat: false });
  }

  /** A connection that is kept busy until `end` is called; it counts against the total only. */
  async hold(
    open: (signal: AbortSignal) => Promise<Connection>,
    signal: AbortSignal,
  ): Promise<{ connection: Connection; end: () => Promise<void> }> {
    const place: Place = { user: "", busy: true };
    while (!this.#hasRoom()) await this.#nextFreed(signal);
    const connection = await this.#open(place, open, signal);
    const end = async () => {
      await connection.end();
      this.#forget(place);
    };
    return { connection, end };
  }

  async close(): Promise<void> {
    const open = [...this.#places];
    this.#places.clear();
    await Promise.all(
      open.map(async ({ connection, timer, busy }) => {
        clearTimeout(timer);
        if (busy) connection?.client.close();
        else await connection?.end();
      }),
    );
  }

  async #take(
    user: string,
    open: (signal: AbortSignal) => Promise<Connection>,
    signal: AbortSignal,
  ): Promise<{ place: Place; connection: Connection; kept: boolean }> {
    for (;;) {
      if (signal.aborted) throw aborted(signal);
      const kept = await this.#takeKept(user, signal);
      if (kept) return { ...kept, kept: true };
      const ofUser = [...this.#places].filter((place) => place.user === user).length;
      if (ofUser < this.#options.perUser && this.#hasRoom()) {
        const place: Place = { user, busy: true };
        return { place, connection: await this.#open(place, open, signal), kept: false };
      }
      await this.#nextFreed(signal);
    }
  }

  async #takeKept(
    user: string,
    signal: AbortSignal,
  ): Promise<{ place: Place; connection: Connection } | undefined> {
    for (const place of this.#places) {
      const { connection } = place;
      if (place.user !== user || place.busy || !connection) continue;
      place.busy = true;
      clearTimeout(place.timer);
      if (await this.#lives(connection, signal)) return { place, connection };
      this.#forget(place);
      connection.client.close();
    }
    return undefined;
  }

  async #lives(connection: Connection, signal: AbortSignal): Promise<boolean> {
    if (!connection.usable) return false;
    if (Date.now() - connection.usedAt < TRUSTED_MS) return true;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#options.probeMs)]);
    try {
      await connection.bounded(limit, () => connection.noop());
      return true;
    } catch {
      return false;
    }
  }

  async #open(
    place: Place,
    open: (signal: AbortSignal) => Promise<Connection>,
    signal: AbortSignal,
  ): Promise<Connection> {
    this.#places.add(place);
    try {
      const connection = await open(signal);
      place.connection = connection;
      return connection;
    } catch (error) {
      this.#forget(place);
      throw error;
    }
  }

  #release(place: Place): void {
    const { connection } = place;
    place.busy = false;
    if (!connection?.usable || !this.#places.has(place)) {
      this.#forget(place);
      connection?.client.close();
      return;
    }
    place.timer = setTimeout(() => void this.#retire(place), this.#options.idleMs);
    place.timer.unref();
    this.#freed.emit("freed");
  }

  /** Counts until it is closed, so that the server never sees more connections than allowed. Never rejects. */
  async #retire(place: Place): Promise<void> {
    if (place.busy) return;
    place.busy = true;
    clearTimeout(place.timer);
    await place.connection?.end();
    this.#forget(place);
  }

  #forget(place: Place): void {
    clearTimeout(place.timer);
    this.#places.delete(place);
    this.#freed.emit("freed");
  }

  /** Whether there is room for one more now. If not, the connection that was idle longest is ended, to be room soon. */
  #hasRoom(): boolean {
    if (this.#places.size < this.#options.total) return true;
    const idle = [...this.#places].filter((place) => !place.busy && place.connection);
    const [oldest] = idle.sort((a, b) => (a.connection?.usedAt ?? 0) - (b.connection?.usedAt ?? 0));
    if (oldest) void this.#retire(oldest);
    return false;
  }

  async #nextFreed(signal: AbortSignal): Promise<void> {
    try {
      await once(this.#freed, "freed", { signal });
    } catch {
      throw aborted(signal);
    }
  }
}
