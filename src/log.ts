import {
  type DestinationStream,
  destination,
  type Logger,
  levels,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from "pino";
import { type ErrorCode, VoxpostError } from "./errors.ts";

export type { Logger };

/** Fields that may hold a secret or a caller's words; they never reach a log, wherever in an object they stand. */
const SECRETS = ["pin", "password", "pass", "authorization", "secret", "token"];

/** Pino's number. */
const WARN = 40;

/** Told of the code of an error that is logged, INTERNAL for one that is none of ours, and of the line's level. */
export type ErrorListener = (code: ErrorCode, level: string) => void;

const errorListeners = new WeakMap<Logger, Set<ErrorListener>>();

/** From now on every error that a logger or one of its children writes as a warning or worse. Returns the way to stop. */
export function onLoggedError(log: Logger, listener: ErrorListener): () => void {
  const listeners = errorListeners.get(log);
  listeners?.add(listener);
  return () => listeners?.delete(listener);
}

/** JSON lines on standard error, so that standard output stays for what a command was asked to print. */
export function createLogger(level = "info", out: DestinationStream = destination(2)): Logger {
  const listeners = new Set<ErrorListener>();
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      serializers: { err: describeError },
      hooks: {
        logMethod(args, write, level) {
          const [fields] = args as unknown[];
          if (level >= WARN && typeof fields === "object" && fields !== null && "err" in fields) {
            const code = fields.err instanceof VoxpostError ? fields.err.code : "INTERNAL";
            for (const listener of listeners) listener(code, levels.labels[level] ?? "error");
          }
          write.apply(this, args);
        },
      },
      redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "[redacted]" },
    },
    out,
  );
  errorListeners.set(log, listeners);
  return log;
}

/** An error of our list says by itself what is wrong; only one that nobody foresaw comes with its stack. */
function describeError(error: Error): object {
  if (!(error instanceof VoxpostError) || error.code === "INTERNAL") return stdSerializers.err(error);
  const { code, message, context, cause } = error;
  const because = cause instanceof Error && !message.includes(cause.message) ? cause.message : undefined;
  return {
    code,
    message,
    ...(Object.keys(context).length > 0 ? { context } : {}),
    ...(because ? { because } : {}),
  };
}
