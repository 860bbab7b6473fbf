import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Seconds. From an answer on this machine to the bound of a request. */
const ANSWER = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds. As long as a store may take for audio. */
const WORK = [...ANSWER, 30, 60, 120];
/** Seconds. From at once to a mail server that was away over a weekend. */
const DELIVERY = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 21_600, 86_400, 259_200];
/** Seconds. */
const CALL = [5, 15, 30, 60, 120, 300, 600, 1_800];

/**
 * Every metric of ours, in Prometheus' units; docs/observability.md has them in a table. Labels are names from the configuration
 * or words of ours, never a mailbox or a caller, so that their number is bounded and nothing personal leaves the program. None is
 * `job` or `instance`: Prometheus has these for itself. `ended` is `ok`, another word that the help names, or an error's code.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #beforeScrape: (() => void | Promise<void>)[] = [];

  readonly info = this.#gauge("info", "Always 1; its labels say who this is.", "version", "program");
  readonly draining = this.#gauge("draining", "1 while no new calls are taken.");

  readonly asteriskUp = this.#gauge("asterisk_up", "1 while events of this Asterisk arrive.", "asterisk");
  readonly callsNow = this.#gauge("calls", "Calls being served.", "asterisk");
  readonly callsLimit = this.#gauge("calls_limit", "So many are served at once (calls.most).");
  readonly callsRefused = this.#counter("calls_refused_total", "Calls that came when so many were served.");
  readonly calls = this.#counter(
    "calls_total",
    "Calls: hangup, or what the dialplan was told.",
    "entry",
    "ended",
  );
  readonly callSeconds = this.#histogram("call_seconds", CALL, "How long calls were served.", "entry");
  readonly prompts = this.#counter("prompts_total", "Playbacks: done, failed.", "asterisk", "ended");
  readonly recordings = this.#counter(
    "recordings_total",
    "Recordings: finished, failed.",
    "asterisk",
    "ended",
  );
  readonly logins = this.#counter("logins_total", "By telephone: succeeded, failed, locked.", "ended");
  readonly ari = this.#histogram(
    "ari_request_seconds",
    ANSWER,
    "Until Asterisk had answered: ok.",
    "asterisk",
    "method",
    "route",
    "ended",
  );

  readonly deposits = this.#counter(
    "deposits_total",
    "Attempts to store a message: stored, existed.",
    "ended",
  );
  readonly deliverySeconds = this.#histogram(
    "delivery_seconds",
    DELIVERY,
    "From a recording's end until stored.",
  );
  readonly undelivered = this.#gauge("undelivered", "Recorded messages that no store has yet.", "asterisk");
  readonly undeliveredOldest = this.#gauge(
    "undelivered_oldest_seconds",
    "Since the call of the oldest of them began; 0 when there is none.",
    "asterisk",
  );
  readonly setAside = this.#gauge(
    "set_aside",
    "Messages that wait for an administrator, by the code of their error, or unknown.",
    "asterisk",
    "reason",
  );
  readonly foreign = this.#gauge(
    "foreign_recordings",
    "Files among the recordings that are not ours.",
    "asterisk",
  );
  readonly sweptAt = this.#gauge(
    "sweep_timestamp_seconds",
    "When its disk was last looked through.",
    "asterisk",
  );
  readonly lamps = this.#counter(
    "lamp_updates_total",
    "Counts told to an Asterisk: ok.",
    "asterisk",
    "ended",
  );

  readonly countsTold = this.#counter(
    "counts_told_total",
    "Counts told to the site's program or webhook: ok.",
    "listener",
    "ended",
  );

  readonly notices = this.#counter(
    "notices_total",
    "Mails about messages, by address: accepted, refused, later.",
    "ended",
  );

  readonly redisUp = this.#gauge("redis_up", "1 while Redis answers.");
  readonly jobsNow = this.#gauge(
    "jobs",
    "In the queues, which programs share that share a Redis.",
    "queue",
    "state",
  );
  readonly jobSeconds = this.#histogram(
    "job_seconds",
    WORK,
    "Attempts at jobs: done, again (it will be tried again), failed (it is given up).",
    "queue",
    "ended",
  );
  readonly store = this.#histogram(
    "store_operation_seconds",
    WORK,
    "Until the store had answered: ok.",
    "engine",
    "operation",
    "ended",
  );
  readonly storeBytes = this.#counter(
    "store_audio_bytes_total",
    "Audio that went through.",
    "engine",
    "operation",
  );
  readonly errors = this.#counter(
    "errors_total",
    "Errors that were logged (docs/errors.md).",
    "code",
    "level",
  );

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

  #gauge<L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> {
    return new Gauge({ ...this.#named(name, help), labelNames });
  }

  #counter<L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> {
    return new Counter({ ...this.#named(name, help), labelNames });
  }

  #histogram<L extends string>(
    name: string,
    buckets: number[],
    help: string,
    ...labelNames: L[]
  ): Histogram<L> {
    return new Histogram({ ...this.#named(name, help), labelNames, buckets });
  }

  #named(name: string, help: string) {
    return { name: `voxpost_${name}`, help, registers: [this.registry] };
  }
}
