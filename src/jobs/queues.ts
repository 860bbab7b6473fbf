import { Queue } from "bullmq";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Enqueue, ForwardRequest } from "./enqueue.ts";
import { boundedRedis, PREFIX, type RedisClient } from "./redis.ts";
import type { RedisServers } from "./redis-options.ts";
import { JOBS, type JobData, type JobName, jobNames } from "./table.ts";

/** Longest that anybody waits for Redis, milliseconds. */
const ENQUEUE_MS = 1_000;

const JOB_STATES = ["waiting", "active", "delayed"] as const;
type JobState = (typeof JOB_STATES)[number];

/** Sees every mailbox that somebody wants counted because it has changed, and whether the queue took the job. */
type OnCount = (mailbox: MailboxAddress, taken: boolean) => void;

/** The way into the queues. */
export class Queues implements Enqueue {
  readonly redis: RedisClient;
  readonly #log: Logger;
  readonly #queues: Map<JobName, Queue>;
  readonly #onCount: OnCount | undefined;

  constructor(options: { redis: RedisServers; log: Logger; onCount?: OnCount }) {
    this.#log = options.log;
    this.#onCount = options.onCount;
    this.redis = boundedRedis(options.redis, options.log);
    this.#queues = new Map(
      jobNames.map((name) => {
        const queue = new Queue(name, {
          connection: this.redis,
          prefix: PREFIX,
          defaultJobOptions: JOB_OPTIONS,
        });
        queue.on("error", () => {}); // boundedRedis logs it
        return [name, queue];
      }),
    );
  }

  async deposit(job: JobData<"deposit">): Promise<void> {
    await this.#add("deposit", job, { parts: job.parts.join(" ") });
  }

  async mwi(mailbox: JobData<"mwi">): Promise<void> {
    const taken = await this.refresh(mailbox);
    this.#onCount?.(mailbox, taken);
  }

  /** As `mwi`, for whoever wants to know: false when the queue did not take it. */
  refresh(mailbox: JobData<"mwi">): Promise<boolean> {
    return this.#add("mwi", mailbox, { mailbox: formatMailbox(mailbox) });
  }

  async greeting(job: JobData<"greeting">): Promise<void> {
    await this.#add("greeting", job, { mailbox: formatMailbox(job.mailbox) });
  }

  /** Somebody outside is told of a mailbox's counts; false when the queue did not take it. */
  tell(name: "externnotify" | "webhook", mailbox: JobData<"externnotify">): Promise<boolean> {
    return this.#add(name, mailbox, { mailbox: formatMailbox(mailbox) });
  }

  forward(job: ForwardRequest): Promise<boolean> {
    return this.#add("forward", { ...job, to: [...job.to] }, { message: job.message });
  }

  /** An owner is told of a stored message by mail; false when the queue did not take it. */
  notice(job: JobData<"notice">): Promise<boolean> {
    return this.#add("notice", job, { message: job.message });
  }

  /** What was put off is tried now: the first of each kind, or all. Never rejects. */
  async hurry(which: "first" | "all"): Promise<void> {
    if (this.redis.status !== "ready") return;
    const hurried = [...this.#queues.values()].map(async (queue) => {
      if (which === "all") return queue.promoteJobs();
      const [first] = await queue.getDelayed(0, 0);
      await first?.promote();
    });
    // Redis may go, and another worker may have been quicker.
    await Promise.allSettled(hurried);
  }

  /** Jobs that wait, run or are put off, by name. Undefined while Redis does not answer. */
  async waiting(): Promise<Record<JobName, number> | undefined> {
    const states = Object.entries((await this.states()) ?? {});
    if (states.length === 0) return undefined;
    const sums = states.map(([name, { waiting, active, delayed }]) => [name, waiting + active + delayed]);
    return Object.fromEntries(sums) as Record<JobName, number>;
  }

  /** The same by what becomes of them. */
  async states(): Promise<Record<JobName, Record<JobState, number>> | undefined> {
    try {
      const counts = [...this.#queues].map(
        async ([name, queue]) => [name, await queue.getJobCounts(...JOB_STATES)] as const,
      );
      return Object.fromEntries(await bounded(Promise.all(counts))) as Record<
        JobName,
        Record<JobState, number>
      >;
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await Promise.all([...this.#queues.values()].map((queue) => queue.close().catch(() => {})));
  }

  async #add<N extends JobName>(
    name: N,
    data: JobData<N>,
    context: Record<string, string>,
  ): Promise<boolean> {
    try {
      await bounded(this.#whenReady().then(() => this.#addNow(name, data)));
      return true;
    } catch (error) {
      this.#log.warn({ err: error, job: name, ...context }, "job not enqueued");
      return false;
    }
  }

  async #addNow<N extends JobName>(name: N, data: JobData<N>): Promise<void> {
    const deduplication = JOBS[name].deduplication(data as never);
    await this.#queues.get(name)?.add(name, data, { deduplication });
  }

  /** `Queue.add` would wait for a Redis that is away for as long as it takes, and each waiting call would stay in memory. */
  async #whenReady(): Promise<void> {
    if (this.redis.status === "ready") return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.redis.off("ready", ready);
        reject(unreachable());
      }, ENQUEUE_MS);
      const ready = () => {
        clearTimeout(timer);
        resolve();
      };
      this.redis.once("ready", ready);
    });
  }
}

const JOB_OPTIONS = {
  // What cannot be retried leaves the queue by its error's kind, never by a count.
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: "custom" },
  // A kept job's id, or its deduplication, would silently swallow the next request.
  removeOnComplete: true,
  removeOnFail: true,
};

async function bounded<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unreachable()), ENQUEUE_MS);
  });
  work.catch(() => {}); // may fail after nobody waits any more
  return await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

function unreachable(): VoxpostError {
  return new VoxpostError("QUEUE_UNREACHABLE", `Redis did not answer within ${ENQUEUE_MS} ms`);
}
