import { setMaxListeners } from "node:events";
import { type Job, UnrecoverableError, Worker } from "bullmq";
import { isCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { follow } from "../storage/signals.ts";
import { blockingRedis, PREFIX, type RedisClient } from "./redis.ts";
import type { RedisServers } from "./redis-options.ts";
import { type JobData, type JobName, jobNames, readJob } from "./table.ts";

type Process<N extends JobName> = (data: JobData<N>, signal: AbortSignal) => Promise<void>;

/** Kinds that are missing are left to other programs. */
export type Processors = { readonly [N in JobName]?: Process<N> | undefined };

export interface WorkersOptions {
  readonly redis: RedisServers;
  readonly log: Logger;
  readonly processors: Processors;
  /** Jobs of one kind at once; default 8. */
  readonly concurrency?: number;
  /** Milliseconds before attempt n + 1, where the error does not say itself (`retryMs` of its context); default `backoff`. */
  readonly backoff?: (attempt: number) => number;
  /** Told of every failure after which a job is put off. */
  readonly onPutOff?: (error: unknown) => void;
  /** After this long without a sign of life another worker takes a job, milliseconds; default 30,000. */
  readonly lockMs?: number;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 300_000;

/** Doubles from a second to five minutes, with a fifth of chance, so that a store that is back is not stormed. */
export function backoff(attempt: number): number {
  const wait = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS);
  return Math.round(wait * (0.8 + 0.2 * Math.random()));
}

/** Takes jobs from the queues until it is closed. Redis may come and go. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #redis: RedisClient;
  readonly #workers: Worker[];
  readonly #closing = new AbortController();
  /** Jobs at work. */
  #running = 0;

  constructor(options: WorkersOptions) {
    this.#options = options;
    // Every job at work listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.#redis = blockingRedis(options.redis);
    this.#workers = jobNames.flatMap((name) => {
      const process = options.processors[name];
      return process ? [this.#start(name, process as Process<JobName>)] : [];
    });
  }

  /**
   * Takes no more jobs and lets running ones finish; those that have not after `graceMs` are handed back to the queue.
   */
  async close(graceMs = 10_000): Promise<void> {
    const timer = setTimeout(() => {
      this.#closing.abort(new VoxpostError("ABORTED", "The program ends"));
    }, graceMs);
    // While Redis is away a worker waits for it even with nothing to hand back.
    const isIdle = this.#running === 0 && this.#redis.status !== "ready";
    const finished = Promise.all(this.#workers.map((worker) => worker.close()));
    await Promise.race([finished, waited(isIdle ? 0 : graceMs + HAND_BACK_MS)]);
    clearTimeout(timer);
    await Promise.race([
      Promise.all(this.#workers.map((worker) => worker.close(true))),
      waited(HAND_BACK_MS),
    ]);
    this.#redis.disconnect();
  }

  #start(name: JobName, process: Process<JobName>): Worker {
    const { lockMs = 30_000, concurrency = 8, log } = this.#options;
    const worker = new Worker(name, (job, _token, signal) => this.#run(name, process, job, signal), {
      connection: this.#redis,
      prefix: PREFIX,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      // Also for jobs that an older version enqueued: a kept job swallows the next request.
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      settings: {
        backoffStrategy: (attempt, _type, error) =>
          retryMs(error) ?? (this.#options.backoff ?? backoff)(attempt),
      },
    });
    worker.on("error", () => {}); // boundedRedis logs it
    worker.on("stalled", (id) =>
      log.warn({ job: name, id }, "a worker died or was stalled; its job runs again"),
    );
    return worker;
  }

  async #run(
    name: JobName,
    process: Process<JobName>,
    job: Job,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const log = this.#options.log.child({ job: name, id: job.id, attempt: job.attemptsMade + 1 });
    const { controller, release } = follow(this.#closing.signal, signal);
    this.#running++;
    try {
      await process(readJob(name, dataOf(job)), controller.signal);
      if (job.attemptsMade > 0) log.info("job done after all");
    } catch (error) {
      if (isWorthRetrying(error)) {
        // A store that is away fails every job again and again; the first failure of each says it all.
        log[job.attemptsMade === 0 ? "warn" : "debug"](
          { err: error },
          "job will be tried again until it is done",
        );
        this.#options.onPutOff?.(error);
        throw error;
      }
      log.error({ err: error }, "job given up; recordings stay where they are");
      throw new UnrecoverableError(error instanceof Error ? error.message : String(error));
    } finally {
      release();
      this.#running--;
    }
  }
}

function retryMs(error: unknown): number | undefined {
  const told = error instanceof VoxpostError ? error.context.retryMs : undefined;
  return typeof told === "number" ? told : undefined;
}

/** A job that ran before, also on a worker that died, may have done a part of its work. */
function dataOf({ data, attemptsStarted }: Job): unknown {
  return attemptsStarted > 1 ? { ...data, untried: false } : data;
}

/** How long handing back may take, milliseconds. */
const HAND_BACK_MS = 2_000;

function waited(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}

/** An error that is not of our list is a fault of ours, or of a library, that need not last. */
export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof VoxpostError) || error.retryable || isCode(error, "ABORTED");
}
