import type { ImapFlowError } from "imapflow";
import { type ErrorCode, VoxpostError } from "../../../errors.ts";

interface Fault {
  readonly code: ErrorCode;
  /** Default: the code's own answer. An answer that an administrator can change is worth trying again. */
  readonly retryable?: boolean;
  readonly help?: string;
}

/** Response codes of RFC 5530 and their friends, imapflow's own, and Node's, in our words. */
const FAULTS: Readonly<Record<string, Fault>> = {
  // The server's answers
  OVERQUOTA: { code: "STORE_FULL" },
  LIMIT: { code: "STORE_REFUSED", retryable: true, help: "a limit of the server was reached" },
  APPENDLIMIT: { code: "STORE_REFUSED", help: "the message is larger than the server allows" },
  TOOBIG: { code: "STORE_REFUSED", help: "the message is larger than the server allows" },
  NOPERM: {
    code: "STORE_REFUSED",
    retryable: true,
    help: "the account, or the proxy user in it, lacks the right to do this",
  },
  CANNOT: { code: "STORE_REFUSED" },
  CONTACTADMIN: { code: "STORE_REFUSED", retryable: true, help: "the server's administrator has to act" },
  PRIVACYREQUIRED: { code: "STORE_REFUSED", retryable: true, help: "the server asks for TLS: set tls" },
  UNAVAILABLE: { code: "STORE_UNREACHABLE" },
  INUSE: { code: "STORE_UNREACHABLE" },
  SERVERBUG: { code: "STORE_UNREACHABLE" },
  CORRUPTION: { code: "STORE_UNREACHABLE" },
  NONEXISTENT: { code: "FOLDER_UNKNOWN" },
  TRYCREATE: { code: "FOLDER_UNKNOWN" },
  EXPUNGEISSUED: { code: "MESSAGE_UNKNOWN" },

  // Time
  CONNECT_TIMEOUT: { code: "STORE_TIMEOUT" },
  GREETING_TIMEOUT: { code: "STORE_TIMEOUT" },
  UPGRADE_TIMEOUT: { code: "STORE_TIMEOUT" },
  ETIMEOUT: { code: "STORE_TIMEOUT" },

  // TLS: what the administrator has to correct
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted(),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted(),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted(),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted(),
  CERT_HAS_EXPIRED: { code: "STORE_REFUSED", retryable: true, help: "the server's certificate has expired" },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: "STORE_REFUSED",
    retryable: true,
    help: "the server's certificate is for another name: set servername",
  },
};

function untrusted(): Fault {
  return { code: "STORE_REFUSED", retryable: true, help: "the server's certificate is not trusted: set ca" };
}

/** A NO or BAD that says no more. A message must not be given up because of it. */
const REFUSED: Fault = { code: "STORE_REFUSED", retryable: true };
/** Everything else is the network's: refused, reset, closed, name not found. */
const GONE: Fault = { code: "STORE_UNREACHABLE" };

/** Puts whatever imapflow threw or logged into our words. `what` says what was tried, and where. */
export function toFault(error: unknown, what: string): VoxpostError {
  if (error instanceof VoxpostError) return error;
  const raw = (error ?? {}) as Partial<ImapFlowError>;
  const answered = raw.responseStatus === "NO" || raw.responseStatus === "BAD";
  const fault = FAULTS[raw.serverResponseCode || ""] ?? FAULTS[raw.code ?? ""] ?? (answered ? REFUSED : GONE);
  const said = raw.responseText || (typeof raw.response === "string" && raw.response) || raw.message || "";
  const detail = [said, fault.help].filter(Boolean).join("; ");
  return new VoxpostError(fault.code, `${what}${detail ? `: ${detail}` : ""}`, {
    cause: error,
    ...(fault.retryable === undefined ? {} : { retryable: fault.retryable }),
  });
}

/** A folder that must be there and is not shown to us. An administrator can put it right, so no message is given up. */
export function hidden(path: string, cause: unknown): VoxpostError {
  const help =
    "is the account there, and may the proxy user do in it what its owner may (docs/engines/imap.md, Rights)?";
  return new VoxpostError("STORE_REFUSED", `the server shows no folder "${path}": ${help}`, {
    retryable: true,
    cause,
  });
}

/** Whether a login was refused because of the password, and not because the server cannot check it now. */
export function isWrongPassword(error: unknown): boolean {
  const raw = (error ?? {}) as Partial<ImapFlowError>;
  return raw.authenticationFailed === true && !(raw.serverResponseCode && raw.serverResponseCode in FAULTS);
}
