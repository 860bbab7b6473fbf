import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { CallRef, SpanOptions, Traces, TracesOptions } from "./traces.ts";

/** Longest that the collector may take, milliseconds. */
const EXPORT_MS = 5_000;

/**
 * The ids of a call's trace and of its first span are made of what names the call, so nothing has to be handed from the call to
 * the job: the worker of another program, or a sweep after a crash, finds the same trace.
 */
export class OtelTraces implements Traces {
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #ids = new Ids();
  readonly #now = new AsyncLocalStorage<Context>();

  constructor({ url, headers, sample, instance, version, log }: TracesOptions) {
    const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: EXPORT_MS });
    this.#provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        "service.name": "voxpost",
        "service.version": version,
        "service.instance.id": instance,
      }),
      idGenerator: this.#ids,
      // By the trace's id and nothing else, so that all programs choose the same calls.
      sampler: new TraceIdRatioBasedSampler(sample),
      spanProcessors: [new BatchSpanProcessor(told(exporter, log), { exportTimeoutMillis: EXPORT_MS })],
    });
    this.#tracer = this.#provider.getTracer("voxpost");
  }

  async span<T>(options: SpanOptions, work: () => Promise<T>): Promise<T> {
    const { span, context } = this.#start(options, Date.now());
    try {
      return await this.#now.run(context, work);
    } catch (error) {
      const code = error instanceof VoxpostError ? error.code : "INTERNAL";
      span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      throw error;
    } finally {
      span.end();
    }
  }

  past({ ms, code, ...options }: Parameters<Traces["past"]>[0]): void {
    if (!this.#now.getStore()) return;
    const end = Date.now();
    const { span } = this.#start(options, end - ms);
    if (code) span.setStatus({ code: SpanStatusCode.ERROR, message: code });
    span.end(end);
  }

  async close(): Promise<void> {
    await this.#provider.shutdown().catch(() => {}); // the exporter has told of it
  }

  #start(
    { name, attributes, call, isCall = false }: SpanOptions,
    startTime: number,
  ): { span: Span; context: Context } {
    const kind = isCall ? SpanKind.SERVER : SpanKind.INTERNAL;
    const options = { attributes: { ...attributes, ...about(call) }, kind, startTime };
    const parent = isCall ? ROOT_CONTEXT : call ? below(call) : (this.#now.getStore() ?? ROOT_CONTEXT);
    const start = () => this.#tracer.startSpan(name, options, parent);
    const span = isCall && call ? this.#ids.fixed(idsOf(call), start) : start();
    return { span, context: trace.setSpan(parent, span) };
  }
}

function about(call: CallRef | undefined): Record<string, string> {
  return call ? { "voxpost.call": call.id, "voxpost.asterisk": call.asterisk } : {};
}

function idsOf({ asterisk, id }: CallRef): { traceId: string; spanId: string } {
  const hash = createHash("sha256").update(`${asterisk} ${id}`).digest("hex");
  return { traceId: hash.slice(0, 32), spanId: hash.slice(32, 48) };
}

function below(call: CallRef): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    ...idsOf(call),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
}

/** Random ids, except for the span that is started within `fixed`. */
class Ids implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #fixed: { traceId: string; spanId: string } | undefined;

  fixed<T>(ids: { traceId: string; spanId: string }, start: () => T): T {
    this.#fixed = ids;
    try {
      return start();
    } finally {
      this.#fixed = undefined;
    }
  }

  readonly generateTraceId = (): string => this.#fixed?.traceId ?? this.#random.generateTraceId();
  readonly generateSpanId = (): string => this.#fixed?.spanId ?? this.#random.generateSpanId();
}

/** One line when the collector goes and one when it is back. Spans that it did not take are lost; calls go on. */
function told(exporter: OTLPTraceExporter, log: Logger): SpanExporter {
  let away = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const err = result.error;
        if (err && !away) log.warn({ err }, "the traces' collector does not answer; spans are lost");
        if (!err && away) log.info("the traces' collector answers again");
        away = err !== undefined;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}
