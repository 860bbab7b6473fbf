import { type ErrorCode, VoxpostError } from "../../../errors.ts";
import { errnoOf } from "../../disk.ts";
import { problemSchema } from "./protocol.ts";

interface Fault {
  readonly code: ErrorCode;
  /** Default: the code's own answer. What an administrator can change is worth trying again. */
  readonly retryable?: boolean;
  readonly help?: string;
}

/** Answers without a problem of the protocol in them: they come from something between the server and us. */
const STATUSES: Readonly<Record<number, Fault>> = {
  401: { code: "STORE_REFUSED", retryable: true, help: "check token" },
  403: { code: "STORE_REFUSED", retryable: true, help: "check token" },
  404: { code: "STORE_REFUSED", retryable: true, help: "check url: nothing of the protocol is there" },
  408: { code: "STORE_TIMEOUT" },
  413: { code: "STORE_REFUSED", help: "it is larger than the server allows" },
  429: { code: "STORE_UNREACHABLE" },
  504: { code: "STORE_TIMEOUT" },
  507: { code: "STORE_FULL" },
};

const LONGEST_DETAIL = 500;

/**
 * An answer that is no success, in our words. Only a problem of the protocol can say that a message, folder or mailbox
 * is unknown; a bare 404 of some proxy must never look like a message that is gone.
 */
export function toFault(status: number, body: unknown, what: string, requestId: string): VoxpostError {
  const context = { status, requestId };
  const { data: problem } = problemSchema.safeParse(body);
  if (problem) {
    // A fault in the other program may be mended there; here it is only a server that does not work.
    const code = problem.code === "INTERNAL" ? "STORE_UNREACHABLE" : problem.code;
    const refused = status === 401 ? { retryable: true } : {};
    const { retryable } = { ...refused, ...(problem.code === "INTERNAL" ? {} : problem) };
    return new VoxpostError(code, `${what}: ${tidy(problem.detail) || status}`, {
      context,
      ...(retryable === undefined ? {} : { retryable }),
    });
  }
  const { code, retryable, help } = STATUSES[status] ?? byClass(status);
  return new VoxpostError(code, `${what}: the answer was ${status}${help ? `; ${help}` : ""}`, {
    context,
    ...(retryable === undefined ? {} : { retryable }),
  });
}

function byClass(status: number): Fault {
  if (status >= 500) return { code: "STORE_UNREACHABLE" };
  if (status >= 400) return { code: "STORE_REFUSED", retryable: true };
  if (status >= 300 || status === 0) {
    return { code: "STORE_REFUSED", retryable: true, help: REDIRECTED };
  }
  return { code: "STORE_UNREACHABLE", help: "that is no answer of the protocol" };
}

/** No answer at all. fetch says "fetch failed", and the reason in its cause. */
export function toNetworkFault(error: unknown, what: string, requestId: string): VoxpostError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = (cause instanceof Error && cause.message) || String(error);
  const help = HELP.find(([pattern]) => pattern.test(`${errnoOf(cause)} ${reason}`))?.[1];
  const options = { cause: error, context: { requestId } };
  if (help === undefined) return new VoxpostError("STORE_UNREACHABLE", `${what}: ${reason}`, options);
  return new VoxpostError("STORE_REFUSED", `${what}: ${reason}; ${help}`, { ...options, retryable: true });
}

const REDIRECTED = "redirects are not followed: set url";

/** What an administrator can put right. */
const HELP: ReadonlyArray<readonly [RegExp, string]> = [
  [/redirect/, REDIRECTED],
  [
    /CERT|SELF_SIGNED|ERR_TLS/,
    "the certificate is not trusted: NODE_EXTRA_CA_CERTS adds an authority (docs/engines/http.md)",
  ],
];

/** An answer that says success and makes no sense: another program answers there, or a proxy. */
export function notTheProtocol(what: string, why: string): VoxpostError {
  return new VoxpostError("STORE_UNREACHABLE", `${what}: the answer does not keep the protocol: ${why}`);
}

/** A server's words go into our log: one line, not too long. */
function tidy(detail = ""): string {
  return detail.replace(/[\p{Cc}\p{Cf}]+/gu, " ").slice(0, LONGEST_DETAIL);
}
