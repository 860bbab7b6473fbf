import {
  type DestinationStream,
  destination,
  type Logger,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from "pino";
import { VoxpostError } from "./errors.ts";

export type { Logger };

/** Fields that may hold a secret or a caller's words; they never reach a log, wherever in an object they stand. */
const SECRETS = ["pin", "password", "pass", "authorization", "secret", "token"];

/** JSON lines on standard error, so that standard output stays for what a command was asked to print. */
export function createLogger(level = "info", out: DestinationStream = destination(2)): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      serializers: { err: describeError },
      redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "[redacted]" },
    },
    out,
  );
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
