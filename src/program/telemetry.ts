import type { LoginEvent } from "../access/limiter.ts";
import type { Config } from "../config.ts";
import { channelField, parseName } from "../custody/name.ts";
import { type ErrorCode, VoxpostError } from "../errors.ts";
import type { AriObserver } from "../ivr/ari-requests.ts";
import type { JobData, JobName } from "../jobs/table.ts";
import type { Tell } from "../jobs/tell-counts.ts";
import { isWorthRetrying } from "../jobs/worker.ts";
import { type Logger, onLoggedError } from "../log.ts";
import type { Entry } from "../menus/ending.ts";
import type { Smtp } from "../notices/smtp.ts";
import type { Observer } from "../storage/layers/observe.ts";
import type { Store } from "../storage/store.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { type CallRef, openTraces, type Traces } from "../telemetry/traces.ts";
import { version } from "../version.ts";

type Process<N extends JobName> = (job: JobData<N>, signal: AbortSignal) => Promise<void>;

/**
 * Counts, times and traces what the rooms do. They know nothing of it: each of these functions stands around one of theirs, or
 * is told by a hook of theirs.
 */
export class Telemetry {
  readonly metrics = new Metrics();
  readonly #traces: Traces;
  readonly #stopListening: () => void;

  private constructor(traces: Traces, { instance }: Config, log: Logger) {
    this.#traces = traces;
    const { metrics } = this;
    metrics.info.set({ version, program: instance }, 1);
    this.#stopListening = onLoggedError(log, (code, level) => metrics.errors.inc({ code, level }));
  }

  static async open(config: Config, log: Logger): Promise<Telemetry> {
    const { traces, instance } = config;
    return new Telemetry(await openTraces(traces && { ...traces, instance, version, log }), config, log);
  }

  /** A way into the program for callers. */
  entry(name: string, serve: Entry): Entry {
    const { metrics } = this;
    return (call, args) => {
      const of = { asterisk: call.asterisk, id: channelField(call.id) };
      const span = { name: `call ${name}`, attributes: {}, call: of, isCall: true };
      return this.#traces.span(span, async () => {
        const took = metrics.callSeconds.startTimer({ entry: name });
        const status = await serve(call, args);
        took();
        metrics.calls.inc({ entry: name, ended: call.signal.aborted ? "hangup" : status.toLowerCase() });
        return status;
      });
    };
  }

  /** What does a kind of job. */
  job<N extends JobName>(name: N, process: Process<N>): Process<N> {
    const { metrics } = this;
    return (job, signal) => {
      const call = callOf(job);
      const span = { name: `job ${name}`, attributes: {}, ...(call ? { call } : {}) };
      return this.#traces.span(span, async () => {
        const took = metrics.jobSeconds.startTimer({ queue: name });
        try {
          await process(job, signal);
          took({ ended: "done" });
        } catch (error) {
          took({ ended: isWorthRetrying(error) ? "again" : "failed" });
          throw error;
        }
      });
    };
  }

  login(event: LoginEvent): void {
    this.metrics.logins.inc({ ended: event.replace("login-", "") });
  }

  /** The store's `deposit`, for those who bring messages to it. */
  deposit(store: Pick<Store, "deposit">): Store["deposit"] {
    const { metrics } = this;
    return async (message, ...rest) => {
      try {
        const result = await store.deposit(message, ...rest);
        metrics.deposits.inc({ ended: result.existed ? "existed" : "stored" });
        const ended = message.receivedAt.getTime() / 1000 + (message.duration ?? 0);
        // The clocks of two machines may differ.
        if (!result.existed) metrics.deliverySeconds.observe(Math.max(0, Date.now() / 1000 - ended));
        return result;
      } catch (error) {
        metrics.deposits.inc({ ended: codeOf(error) });
        throw error;
      }
    };
  }

  readonly store: Observer = ({ engine, operation, ms, code, bytes }) => {
    const { metrics } = this;
    metrics.store.observe({ engine, operation, ended: code ?? "ok" }, ms / 1000);
    if (bytes) metrics.storeBytes.inc({ engine, operation }, bytes);
    const attributes = { "voxpost.engine": engine };
    this.#traces.past({ name: `store ${operation}`, attributes, ms, ...(code ? { code } : {}) });
  };

  ari(asterisk: string): AriObserver {
    return ({ method, route, ms, code }) =>
      this.metrics.ari.observe({ asterisk, method, route, ended: code ?? "ok" }, ms / 1000);
  }

  /** The telling of counts to an Asterisk. */
  async lamp(asterisk: string, telling: Promise<void>): Promise<void> {
    try {
      await telling;
      this.metrics.lamps.inc({ asterisk, ended: "ok" });
    } catch (error) {
      this.metrics.lamps.inc({ asterisk, ended: codeOf(error) });
      throw error;
    }
  }

  /** The telling of counts to somebody outside. */
  tell(listener: string, tell: Tell): Tell {
    const { countsTold } = this.metrics;
    return async (...event) => {
      try {
        await tell(...event);
        countsTold.inc({ listener, ended: "ok" });
      } catch (error) {
        countsTold.inc({ listener, ended: codeOf(error) });
        throw error;
      }
    };
  }

  /** The sending of mails about messages. */
  smtp(smtp: Pick<Smtp, "send">): Pick<Smtp, "send"> {
    const { notices } = this.metrics;
    // An alert sees no increase in what was not there before.
    for (const ended of ["accepted", "refused", "later", "MAIL_UNREACHABLE"]) notices.inc({ ended }, 0);
    return {
      send: async (...mail) => {
        try {
          const sent = await smtp.send(...mail);
          for (const ended of ["accepted", "refused", "later"] as const)
            notices.inc({ ended }, sent[ended].length);
          return sent;
        } catch (error) {
          notices.inc({ ended: codeOf(error) });
          throw error;
        }
      },
    };
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.#traces.close();
  }
}

/** The call that a job comes from, where its data tell. */
function callOf(job: JobData<JobName>): CallRef | undefined {
  if (!("parts" in job)) return undefined;
  return { asterisk: job.asterisk, id: parseName(job.parts[0] ?? "").channel };
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof VoxpostError ? error.code : "INTERNAL";
}
