import { type ErrorCode, VoxpostError } from "../../../errors.ts";

interface Fault {
  readonly code: ErrorCode;
  /** Default: the code's own answer. What an administrator can change is worth trying again: no message is given up. */
  readonly retryable?: boolean;
  readonly help?: string;
}

const later = (help: string): Fault => ({ code: "STORE_REFUSED", retryable: true, help });

/**
 * What a database says, in our words: SQLite's result codes and PostgreSQL's SQLSTATE, each whole or by how it begins
 * (SQLite's words up to the second `_`, PostgreSQL's class of two characters), and Node's own codes.
 */
const FAULTS: Readonly<Record<string, Fault>> = {
  SQLITE_FULL: { code: "STORE_FULL" },
  SQLITE_BUSY: { code: "STORE_TIMEOUT", help: "another program is writing" },
  SQLITE_LOCKED: { code: "STORE_TIMEOUT" },
  SQLITE_READONLY: later("the file, or its folder, may not be written"),
  SQLITE_PERM: later("the file may not be read"),
  SQLITE_NOTADB: later("the file is no database"),
  SQLITE_CORRUPT: later("the file is damaged: restore a backup, or see `.recover` of the sqlite3 command"),
  SQLITE_CONSTRAINT: { code: "STORE_REFUSED" },
  SQLITE_TOOBIG: { code: "STORE_REFUSED" },
  SQLITE_MISMATCH: { code: "STORE_REFUSED" },
  SQLITE_ERROR: later("the tables are not as this version needs them"),

  // Classes
  "22": { code: "STORE_REFUSED" },
  "23": { code: "STORE_REFUSED" },
  "25": later("the server takes no changes: is it a replica?"),
  "28": later("see url, password and the server's pg_hba.conf"),
  "3D": later("the database must be made first"),
  "42": later("the user lacks a right, or the tables are not as this version needs them"),
  "54": { code: "STORE_REFUSED" },
  // Whole
  "53100": { code: "STORE_FULL" },
  "55P03": { code: "STORE_TIMEOUT" },
  "57014": { code: "STORE_TIMEOUT" },

  DEPTH_ZERO_SELF_SIGNED_CERT: later("the server's certificate is not trusted: set ca"),
  SELF_SIGNED_CERT_IN_CHAIN: later("the server's certificate is not trusted: set ca"),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: later("the server's certificate is not trusted: set ca"),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: later("the server's certificate is not trusted: set ca"),
  CERT_HAS_EXPIRED: later("the server's certificate has expired"),
  ERR_TLS_CERT_ALTNAME_INVALID: later("the server's certificate is for another name"),
  ETIMEDOUT: { code: "STORE_TIMEOUT" },
};

/** What pg says of its own, without a code. */
const SAYINGS: ReadonlyArray<readonly [RegExp, Fault]> = [
  [/timeout/i, { code: "STORE_TIMEOUT" }],
  [/does not support SSL/, later("the server has no TLS: set it up there, or tls: none here")],
  [/SASL|password must be a string/, later("give password or password_file")],
];

/** Everything else is a server that went away, or comes: the network's faults, and classes 08, 40, 53, 57 and 58. */
const GONE: Fault = { code: "STORE_UNREACHABLE" };

/** Names a database's fault in our words. `name` is the database's, without a secret. */
export function toFault(error: unknown, name: string): VoxpostError {
  if (error instanceof VoxpostError) return error;
  const { code = "", message = "" } = (error ?? {}) as { code?: unknown; message?: string };
  const text = String(code);
  const begins = text.startsWith("SQLITE_") ? text.split("_", 2).join("_") : text.slice(0, 2);
  const said = SAYINGS.find(([words]) => words.test(message))?.[1];
  const fault = FAULTS[text] ?? FAULTS[begins] ?? (text ? GONE : (said ?? GONE));
  const detail = [message, fault.help].filter(Boolean).join("; ");
  return new VoxpostError(fault.code, `${name} failed${detail ? `: ${detail}` : ""}`, {
    cause: error,
    ...(fault.retryable === undefined ? {} : { retryable: fault.retryable }),
  });
}
