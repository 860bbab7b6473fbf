import type { ErrorCode } from "../errors.ts";
import type { Logger } from "../log.ts";

/** Of a call, as Asterisk and the names of recordings have it: every program makes the same trace of it. */
export interface CallRef {
  readonly asterisk: string;
  /** UNIQUEID of the channel. */
  readonly id: string;
}

export interface SpanOptions {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** The call that this belongs to. Default: what is done now; else it is a trace of its own. */
  readonly call?: CallRef;
  /** The span is the call itself, and what else belongs to it hangs below. Default false. */
  readonly isCall?: boolean;
}

/** OpenTelemetry's traces: a call, the jobs that it led to, and what these asked of the store. */
export interface Traces {
  /** Does the work as a span, which ends with it. What is done within it hangs below it. */
  span<T>(options: SpanOptions, work: () => Promise<T>): Promise<T>;
  /** Something that is over now and took so long, milliseconds. Left out where nothing is being traced. */
  past(options: SpanOptions & { readonly ms: number; readonly code?: ErrorCode }): void;
  /** Sends what has not been sent yet; waits for five seconds at most. */
  close(): Promise<void>;
}

export interface TracesOptions {
  /** Where spans are sent by OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Share of all calls that is traced, from 0 to 1. */
  readonly sample: number;
  readonly instance: string;
  readonly version: string;
  readonly log: Logger;
}

const noTraces: Traces = { span: (_, work) => work(), past: () => {}, close: async () => {} };

/** Loads OpenTelemetry only where traces are wanted. */
export async function openTraces(options: TracesOptions | undefined): Promise<Traces> {
  if (!options) return noTraces;
  const { OtelTraces } = await import("./otel.ts");
  return new OtelTraces(options);
}
