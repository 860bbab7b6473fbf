import { setTimeout as sleep } from "node:timers/promises";
import { isCode, VoxpostError } from "../../errors.ts";
import type { Folder } from "../../model/folder.ts";
import type { NewMessage } from "../../model/message.ts";
import type { Engine, Entry } from "../engine.ts";
import { Operations } from "../signals.ts";
import { layer, type Operation } from "./layer.ts";

export interface RetryOptions {
  /** How often in all. Default 3. */
  readonly tries?: number;
  /** Longest wait before the second try, milliseconds; each wait after it may be twice as long. Default 200. */
  readonly firstMs?: number;
  /** Longest of all waits, milliseconds. Default 2,000. */
  readonly longestMs?: number;
  /** Default: the clock. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. Default: random, so that programs that failed together do not come again together. */
  readonly random?: () => number;
}

/**
 * What does the same when it is done twice. A move is not among them (when its answer is lost the message is no longer
 * where it was), nor is an append, which is repeated in its own way.
 */
const REPEATABLE: ReadonlySet<Operation> = new Set([
  "check",
  "authenticate",
  "count",
  "list",
  "find",
  "read",
  "readText",
  "readExtras",
  "setFlags",
  "remove",
  "readGreeting",
  "writeGreeting",
  "removeGreeting",
  "quota",
]);

/** Repeats what failed with an error that may be over in a moment. The last error is the one that is thrown. */
export function withRetry(inner: Engine, options: RetryOptions = {}): Engine {
  const { tries = 3, firstMs = 200, longestMs = 2_000, random = Math.random } = options;
  const { wait = (ms, signal) => sleep(ms, undefined, { signal }) } = options;
  const operations = new Operations();

  const repeated = <T>(
    signal: AbortSignal | undefined,
    mayBeOver: (error: unknown) => boolean,
    attempt: (alive: AbortSignal, tried: number) => Promise<T>,
  ) =>
    operations.run(signal, async (alive) => {
      for (let tried = 0; ; tried++) {
        try {
          return await attempt(alive, tried);
        } catch (error) {
          if (tried + 1 >= tries || alive.aborted || !mayBeOver(error)) throw error;
          await wait(random() * Math.min(longestMs, firstMs * 2 ** tried), alive);
        }
      }
    });

  /**
   * The store searches before it appends, but not before it is appended again here; so this searches. Only after the
   * connection was refused or broke: what was merely slow may still come to its end behind our back.
   */
  const append = (folder: Folder, message: NewMessage, signal?: AbortSignal): Promise<Entry> =>
    repeated(signal, isBroken, async (alive, tried) => {
      const { mailbox, id, receivedAt } = message;
      const stored = tried === 0 ? [] : await inner.find(mailbox, { id, receivedSince: receivedAt }, alive);
      return stored.find(({ ref }) => ref.folder === folder) ?? inner.append(folder, message, alive);
    });

  return {
    ...layer(inner, (operation, signal, run) =>
      REPEATABLE.has(operation) ? repeated(signal, isPassing, run) : run(signal),
    ),
    append,
    async open() {
      operations.open();
      await inner.open();
    },
    async close() {
      operations.close();
      await inner.close();
    },
  };
}

/** A full store is not empty a second later, and whoever waits for it knows better how long. */
function isPassing(error: unknown): boolean {
  return error instanceof VoxpostError && error.retryable && !isCode(error, "STORE_FULL");
}

function isBroken(error: unknown): boolean {
  return isCode(error, "STORE_UNREACHABLE");
}
