/**
 * Every error that Voxpost throws on purpose. The list is closed: a new way to fail is a new line here, with
 * the answer to the only question that a caller of a failed operation has, namely whether trying again can help.
 */
const CODES = {
  // Configuration and start
  CONFIG_INVALID: { retryable: false, says: "The configuration is wrong; the message lists every fault" },
  DEPENDENCY_MISSING: { retryable: false, says: "A program or file that is needed is not on this machine" },

  // Asterisk
  ASTERISK_UNREACHABLE: { retryable: true, says: "Asterisk's ARI does not answer" },
  ASTERISK_REFUSED: { retryable: false, says: "Asterisk answered an ARI request with an error" },
  APPLICATION_REPLACED: { retryable: false, says: "Another program took over our Stasis application" },
  CALL_GONE: { retryable: false, says: "The caller has hung up" },
  RECORDING_NOT_STARTED: { retryable: true, says: "Asterisk does not record, or no file exists of it" },
  RECORDING_CUT: { retryable: true, says: "Asterisk did not write all that was said: its disk is full" },
  RECORDING_GONE: { retryable: false, says: "The recording is no longer on Asterisk's disk" },
  RECORDING_NAME_INVALID: { retryable: false, says: "A recording's name does not follow docs/custody.md" },
  PROMPT_UNKNOWN: { retryable: false, says: "A prompt has no sound in any language that may be used" },
  MENU_INVALID: { retryable: false, says: "A menu is declared wrongly" },

  // Storage
  STORE_UNREACHABLE: { retryable: true, says: "The store does not answer" },
  STORE_TIMEOUT: { retryable: true, says: "The store did not answer in time" },
  STORE_REFUSED: { retryable: false, says: "The store refuses this operation for good" },
  STORE_FULL: { retryable: true, says: "The mailbox, or the store's disk, is full" },
  MAILBOX_UNKNOWN: { retryable: false, says: "There is no such mailbox" },
  FOLDER_UNKNOWN: { retryable: false, says: "There is no such folder" },
  MESSAGE_UNKNOWN: { retryable: false, says: "There is no such message; it may have been removed meanwhile" },
  MESSAGE_MALFORMED: { retryable: false, says: "A stored message cannot be understood" },
  PIN_WRONG: { retryable: false, says: "The PIN is not right for this mailbox" },
  UNSUPPORTED: { retryable: false, says: "The engine cannot do this, and nothing above can do it instead" },
  ADDRESS_INVALID: {
    retryable: false,
    says: "A mailbox, context or folder name has characters that are not allowed",
  },

  // Jobs
  QUEUE_UNREACHABLE: { retryable: true, says: "Redis does not answer" },
  LOCKED: { retryable: true, says: "Another worker or program holds the lock" },
  NOTIFY_FAILED: { retryable: true, says: "A script or webhook could not be told of new counts" },
  NOTIFY_REFUSED: {
    retryable: false,
    says: "A script or webhook does not take what it is told of new counts",
  },
  JOB_INVALID: { retryable: false, says: "A job's data does not follow its schema" },

  // Mails about messages
  MAIL_UNREACHABLE: { retryable: true, says: "The mail server (SMTP) does not answer, or takes nothing now" },

  ABORTED: { retryable: false, says: "The operation was cancelled" },
  INTERNAL: { retryable: false, says: "A fault in Voxpost itself" },
} as const satisfies Record<string, { retryable: boolean; says: string }>;

export type ErrorCode = keyof typeof CODES;
export const errorCodes = CODES as Record<ErrorCode, { retryable: boolean; says: string }>;

/** What helps to find the place: ids, names, paths. Never a PIN, a password or a caller's words. */
export type ErrorContext = Record<string, string | number | boolean | undefined>;

/**
 * The one error class. `message` says what is wrong, where, and what to do; `code` is from the closed list above;
 * `retryable` says whether the same call may succeed later (default: the code's own answer).
 */
export class VoxpostError extends Error {
  override readonly name = "VoxpostError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly context: ErrorContext;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; context?: ErrorContext; retryable?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? CODES[code].retryable;
    this.context = options.context ?? {};
  }

  /** The given error if it is ours already; otherwise one of ours with the given code, keeping it as the cause. */
  static from(error: unknown, code: ErrorCode, message: string, context?: ErrorContext): VoxpostError {
    if (error instanceof VoxpostError) return error;
    const detail = error instanceof Error && error.message ? `: ${error.message}` : "";
    return new VoxpostError(code, message + detail, { cause: error, ...(context ? { context } : {}) });
  }
}

export function isCode(error: unknown, ...codes: ErrorCode[]): error is VoxpostError {
  return error instanceof VoxpostError && codes.includes(error.code);
}
