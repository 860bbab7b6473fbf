import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";

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
      redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "[redacted]" },
    },
    out,
  );
}
