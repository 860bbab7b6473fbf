import { STATUS_CODES } from "node:http";
import { errorCodes, VoxpostError } from "../../errors.ts";
import { WIRE_CODES, type WireCode } from "../engines/http/protocol.ts";

const STATUSES: Readonly<Record<WireCode, number>> = {
  ADDRESS_INVALID: 400,
  STORE_REFUSED: 403,
  MAILBOX_UNKNOWN: 404,
  FOLDER_UNKNOWN: 404,
  MESSAGE_UNKNOWN: 404,
  MESSAGE_MALFORMED: 422,
  INTERNAL: 500,
  UNSUPPORTED: 501,
  STORE_UNREACHABLE: 502,
  STORE_TIMEOUT: 504,
  STORE_FULL: 507,
};

/** How soon a client should come back to a server that is busy, seconds. */
const RETRY_AFTER = 2;

/** An error of HTTP itself: a status that its code alone would not give. */
export class HttpError extends VoxpostError {
  readonly status: number;

  constructor(status: number, message: string, options: { code?: WireCode; retryable?: boolean } = {}) {
    const { code = "STORE_REFUSED", ...rest } = options;
    super(code, message, rest);
    this.status = status;
  }
}

export function badRequest(message: string): HttpError {
  return new HttpError(400, message);
}

/** RFC 9457. What is not thrown on purpose says nothing of itself: the server's log has it, under the request's id. */
export function problem(error: unknown, requestId: string): Response {
  const { code, status, detail, retryable } = inWords(error, requestId);
  const body = {
    type: `urn:voxpost:error:${code}`,
    title: errorCodes[code].says,
    status,
    detail,
    code,
    retryable,
    requestId,
  };
  return new Response(JSON.stringify(body), {
    status,
    statusText: STATUS_CODES[status] ?? "",
    headers: {
      "content-type": "application/problem+json",
      ...(status === 503 || status === 429 ? { "retry-after": String(RETRY_AFTER) } : {}),
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    },
  });
}

interface Words {
  readonly code: WireCode;
  readonly status: number;
  readonly detail: string;
  readonly retryable: boolean;
}

function inWords(error: unknown, requestId: string): Words {
  if (error instanceof VoxpostError && error.code === "ABORTED") {
    return {
      code: "STORE_UNREACHABLE",
      status: 503,
      detail: "The server ended the operation",
      retryable: true,
    };
  }
  if (!(error instanceof VoxpostError) || !isWireCode(error.code) || error.code === "INTERNAL") {
    const detail = `A fault in the server; its log has more under ${requestId}`;
    return { code: "INTERNAL", status: 500, detail, retryable: false };
  }
  const { code, message: detail, retryable } = error;
  return { code, status: error instanceof HttpError ? error.status : STATUSES[code], detail, retryable };
}

function isWireCode(code: string): code is WireCode {
  return (WIRE_CODES as readonly string[]).includes(code);
}
