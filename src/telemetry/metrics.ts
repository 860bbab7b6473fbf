import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Seconds. From an answer on this machine to the bound of a request. */
const ANSWER = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds. As long as a store may take for audio. */
const JOB = [...ANSWER, 30, 60, 120];
/** Seconds. From at once to a mail server that was away over a weekend. */
const DELIVERY = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 21_600, 86_400, 259_200];
/** Seconds. */
const CALL = [5, 15, 30, 60, 120, 300, 600, 1_800];

/**
 * Every metric of ours, in Prometheus' units; docs/observability.md explains them. Labels are names from the configuration or
 * words of ours, never a mailbox or a caller, so that their number is bounded and nothing personal leaves the program.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #beforeScrape: (() => void | Promise<void>)[] = [];

  readonly info = this.#gauge("info", "Always 1; the labels say who this is.", ["version", "instance"]);
  readonly draining = this.#gauge("draining", "1 while no new calls are taken.", []);

  readonly asteriskUp = this.#gauge("asterisk_up", "1 while events of this Asterisk arrive.", ["asterisk"]);
  readonly callsNow = this.#gauge("calls", "Calls being served.", ["asterisk"]);
  readonly calls = this.#counter(
    "calls_total",
    "Calls that have ended; hangup, or what the dialplan was told.",
    ["entry", "ended"],
  );
  readonly callSeconds = this.#histogram("call_seconds", "How long calls were served.", ["entry"], CALL);
  readonly prompts = this.#counter("prompts_total", "Playbacks that Asterisk ended; a stopped one is done.", [
    "asterisk",
    "ended",
  ]);
  readonly recordings = this.#counter(
    "recordings_total",
    "Parts of messages and greetings that were recorded.",
    ["asterisk", "ended"],
  );
  readonly logins = this.#counter("logins_total", "Attempts to log in by telephone.", ["ended"]);
  readonly ari = this.#histogram(
    "ari_request_seconds",
    "Until Asterisk had answered, and what it did: ok, or the code of the error.",
    ["asterisk", "method", "route", "ended"],
    ANSWER,
  );

  readonly deposits = this.#counter(
    "deposits_total",
    "Attempts to store a message: stored, existed, or the code of the error.",
    ["ended"],
  );
  readonly deliverySeconds = this.#histogram(
    "delivery_seconds",
    "From the end of a recording until its message was stored.",
    [],
    DELIVERY,
  );
  readonly undelivered = this.#gauge("undelivered", "Recorded messages that no store has acknowledged yet.", [
    "asterisk",
  ]);
  readonly undeliveredOldest = this.#gauge(
    "undelivered_oldest_seconds",
    "How long ago the call of the oldest of them began; 0 when there is none.",
    ["asterisk"],
  );
  readonly setAside = this.#gauge("set_aside", "Messages that wait for an administrator.", ["asterisk"]);
  readonly foreign = this.#gauge(
    "foreign_recordings",
    "Files in our folder of recordings that are not ours.",
    ["asterisk"],
  );
  readonly sweptAt = this.#gauge("sweep_timestamp_seconds", "When the disk was last looked through.", [
    "asterisk",
  ]);
  readonly lamps = this.#counter(
    "lamp_updates_total",
    "Counts told to an Asterisk: ok, or the code of the error.",
    ["asterisk", "ended"],
  );

  readonly redisUp = this.#gauge("redis_up", "1 while Redis answers.", []);
  readonly jobsNow = this.#gauge(
    "jobs",
    "Jobs in the queues; the same for all programs that share a Redis.",
    ["job", "state"],
  );
  readonly jobSeconds = this.#histogram(
    "job_seconds",
    "Attempts at jobs: done, again (it is tried again) or failed (it is given up).",
    ["job", "ended"],
    JOB,
  );
  readonly store = this.#histogram(
    "store_operation_seconds",
    "Until the store had answered, and what it did: ok, or the code of the error.",
    ["engine", "operation", "ended"],
    JOB,
  );
  readonly storeBytes = this.#counter("store_audio_bytes_total", "Audio that went through.", [
    "engine",
    "operation",
  ]);
  readonly errors = this.#counter("errors_total", "Errors that were logged (docs/errors.md).", [
    "code",
    "level",
  ]);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Runs before each scrape, to set what is only known by asking. A fault leaves its metric as it was. */
  beforeScrape(ask: () => void | Promise<void>): void {
    this.#beforeScrape.push(ask);
  }

  /** In Prometheus' text format. */
  async scrape(): Promise<string> {
    await Promise.allSettled(this.#beforeScrape.map(async (ask) => ask()));
    return await this.registry.metrics();
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name: `voxpost_${name}`, help, labelNames, registers: [this.registry] });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name: `voxpost_${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[],
  ): Histogram<L> {
    const registers = [this.registry];
    return new Histogram({ name: `voxpost_${name}`, help, labelNames, buckets: [...buckets], registers });
  }
}
