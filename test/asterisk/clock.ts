import { createHook } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { vi } from "vitest";

/**
 * Time for a test that runs the program and the simulated Asterisk in one process: timers and Date stand still until the
 * test moves them, while sockets and files work as ever. Before each move everything that is under way comes to rest, so
 * that no answer is late in faked time only because the machine is slow.
 *
 * Not faked: timers/promises and AbortSignal.timeout, which run in real time.
 */
export interface TestClock {
  /** Lets what is under way finish, without time going on. */
  settle(): Promise<void>;
  /** Lets this many milliseconds go by, timer after timer. */
  advance(ms: number): Promise<void>;
  /** Goes to the next timer and on by this many milliseconds at once: what is asked meanwhile is answered late. */
  leap(ms: number): Promise<void>;
  /** Goes from timer to timer until the condition holds. Throws, saying what was waited for, after `withinMs` of faked time. */
  until(condition: () => boolean, what: string, withinMs?: number): Promise<void>;
  /** Gives real time back. */
  release(): void;
}

export interface TestClockOptions {
  /** Where the clock starts. Default: Thursday 5 March 2026, 14:15 UTC. */
  readonly start?: Date;
  /** Things of the test that are under way. */
  readonly busy?: () => number;
  /**
   * Milliseconds of real time without any traffic that count as rest. Default 0, for when all servers are in this process;
   * with one outside, such as Redis, some 5.
   */
  readonly quietMs?: number;
}

const FAKED = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] as const;
/** Turns of the event loop without anything new that count as rest. */
const QUIET_TURNS = 12;
const MAX_REST_MS = 10_000;

export function startTestClock(options: TestClockOptions = {}): TestClock {
  const { start = new Date("2026-03-05T14:15:00Z"), busy = () => 0, quietMs = 0 } = options;
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const traffic = watchTraffic();
  const threads = watchThreads();
  vi.useFakeTimers({ toFake: [...FAKED], now: start });

  const settle = async () => {
    const began = performance.now();
    let quietSince = began;
    let quietTurns = 0;
    let before = traffic.seen();
    while (quietTurns < QUIET_TURNS || performance.now() - quietSince < quietMs) {
      await turn();
      const now = traffic.seen();
      if (now !== before || busy() > 0 || threads.busy() > 0) {
        quietTurns = 0;
        quietSince = performance.now();
      } else {
        quietTurns++;
      }
      before = now;
      if (performance.now() - began > MAX_REST_MS) throw new Error("nothing comes to rest");
    }
  };

  /** Timer after timer until the condition holds; false when `ms` have gone by before. */
  const run = async (ms: number, condition: () => boolean): Promise<boolean> => {
    await settle();
    const end = Date.now() + ms;
    const limit = setTimeout(() => {}, ms);
    while (!condition() && Date.now() < end) {
      await vi.advanceTimersToNextTimerAsync();
      await settle();
    }
    clearTimeout(limit);
    return condition();
  };

  return {
    settle,
    async advance(ms) {
      await run(ms, () => false);
    },
    async leap(ms) {
      await vi.advanceTimersToNextTimerAsync();
      await vi.advanceTimersByTimeAsync(ms);
      await settle();
    },
    async until(condition, what, withinMs = 60_000) {
      if (!(await run(withinMs, condition))) throw new Error(`waited ${withinMs / 1_000} s for ${what}`);
    },
    release() {
      traffic.stop();
      threads.stop();
      vi.useRealTimers();
    },
  };
}

/** Counts what goes through the sockets of this process, so that waiting for more can be told from silence. */
function watchTraffic(): { seen(): number; stop(): void } {
  const open = new Set<Socket>();
  let past = 0;
  const add = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    open.add(socket);
    past++;
    socket.once("close", () => {
      open.delete(socket);
      past += 1 + bytesOf(socket);
    });
  };
  const channels = ["net.client.socket", "net.server.socket"];
  for (const channel of channels) subscribe(channel, add);
  return {
    seen: () => [...open].reduce((sum, socket) => sum + bytesOf(socket), past),
    stop() {
      for (const channel of channels) unsubscribe(channel, add);
    },
  };
}

function bytesOf(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten;
}

/** Work of the thread pool that has not come back: files, names, the hashes of PINs. */
function watchThreads(): { busy(): number; stop(): void } {
  const pending = new Set<number>();
  const hook = createHook({
    init(id, type) {
      if (/^(FSREQ|GETADDRINFO|SCRYPT|PBKDF2|RANDOMBYTES)/.test(type)) pending.add(id);
    },
    before(id) {
      pending.delete(id);
    },
    destroy(id) {
      pending.delete(id);
    },
  }).enable();
  return { busy: () => pending.size, stop: () => hook.disable() };
}
