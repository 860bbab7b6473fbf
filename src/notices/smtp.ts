import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createTransport, type NodemailerError, type SendMailOptions } from "nodemailer";
import MimeNode from "nodemailer/lib/mime-node";
import { VoxpostError } from "../errors.ts";
import { follow } from "../storage/signals.ts";
import type { SmtpOptions } from "./smtp-options.ts";

/** What became of a mail, address by address. */
export interface Sent {
  /** The server answers for these now. */
  readonly accepted: readonly string[];
  /** Never: 5xx. */
  readonly refused: readonly Refused[];
  /** Not now: 4xx. */
  readonly later: readonly Refused[];
  /** Why it was refused: it may be taken without what is attached. */
  readonly tooLarge?: true;
}

interface Refused {
  readonly address: string;
  /** The server's own words. */
  readonly answer: string;
}

/** A mail, and where it goes whatever its headers say. */
export interface OutgoingMail extends SendMailOptions {
  readonly envelope: { readonly from: string; readonly to: string[]; readonly size?: number };
}

export interface Smtp {
  /**
   * Hands a mail to the server and waits for its answer. An aborted one may have been accepted all the same.
   * @throws VoxpostError MAIL_UNREACHABLE when nobody can get it at the moment; ABORTED
   */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<Sent>;
  /** Connects and logs in. @returns where that was @throws VoxpostError MAIL_UNREACHABLE */
  check(): Promise<string>;
}

const PORTS = { tls: 465, starttls: 587, none: 25 } as const;
/** Longest wait for connection and TLS, and for the check's answers, milliseconds. */
const CONNECT_MS = 10_000;
/** A server that takes a mail byte by byte answers in time each time; longest for all of it, milliseconds. */
const MOST_MS = 3_600_000;

/**
 * One connection for each mail, as any mail program does it; the job queue bounds how many there are.
 * @throws VoxpostError CONFIG_INVALID when the certificate authority cannot be read
 */
export function createSmtp(options: SmtpOptions, folder: string): Smtp {
  const { host, tls, port = PORTS[tls], user, password } = options;
  const ca = options.ca === undefined ? undefined : readCa(resolve(folder, options.ca));
  const transport = (answerMs: number) =>
    createTransport({
      host,
      port,
      secure: tls === "tls",
      requireTLS: tls === "starttls",
      ignoreTLS: tls === "none",
      tls: {
        rejectUnauthorized: !options.allow_self_signed,
        minVersion: "TLSv1.2",
        ...(options.servername ? { servername: options.servername } : {}),
        ...(ca ? { ca } : {}),
      },
      // Without forceAuth a server that offers no login would get the mail all the same.
      ...(user ? { auth: { user, pass: password }, forceAuth: true } : {}),
      connectionTimeout: CONNECT_MS,
      greetingTimeout: answerMs,
      socketTimeout: answerMs,
      disableUrlAccess: true,
    });
  const where = `${host}:${port}`;
  const sending = transport(options.timeout * 1_000);

  return {
    async send(mail, signal) {
      const { controller, release } = follow(signal);
      const timer = setTimeout(() => controller.abort(), MOST_MS);
      try {
        const { rejectedErrors } = await sending.sendMail({ ...mail, signal: controller.signal });
        return split(mail.envelope.to, rejectedErrors);
      } catch (error) {
        if (signal.aborted) throw new VoxpostError("ABORTED", `The mail to ${where} was cancelled`);
        return failed(error as NodemailerError, mail.envelope.to, where);
      } finally {
        clearTimeout(timer);
        release();
      }
    },
    async check() {
      const checking = transport(CONNECT_MS);
      try {
        await checking.verify();
        return `${where}, ${user ? `logged in as ${user}` : "without login"}`;
      } catch (error) {
        throw unreachable(where, error);
      }
    },
  };
}

/** A server that says nothing of the mail itself, only of itself, of us or of our sender, may be put right. */
function failed(error: NodemailerError, to: readonly string[], where: string): Sent {
  if (error.command === "RCPT TO" && error.rejectedErrors) return split(to, error.rejectedErrors);
  const refused = to.map((address) => ({ address, answer: answerOf(error) }));
  if (isTooLarge(error)) return { accepted: [], refused, later: [], tooLarge: true };
  if (error.command === "DATA" && error.permanent) return { accepted: [], refused, later: [] };
  throw unreachable(where, error);
}

/** Whoever was not rejected was accepted. */
function split(to: readonly string[], errors: readonly NodemailerError[] = []): Sent {
  const [accepted, refused, later]: [string[], Refused[], Refused[]] = [[], [], []];
  for (const address of to) {
    const error = errors.find(({ recipient }) => recipient === asSent(address));
    if (!error) accepted.push(address);
    else (error.permanent ? refused : later).push({ address, answer: answerOf(error) });
  }
  return { accepted, refused, later };
}

/** The library writes domains in lower case and punycode, and tells them so. */
function asSent(address: string): string | undefined {
  return new MimeNode().setEnvelope({ to: address }).getEnvelope().to[0];
}

function answerOf({ response, message }: NodemailerError): string {
  return response ?? message;
}

/** By what the server announced (RFC 1870) or answered (552, RFC 3463's 5.3.4). */
function isTooLarge({ code, command, responseCode, response = "" }: NodemailerError): boolean {
  if (responseCode === undefined) return code === "EMESSAGE" && command === "MAIL FROM";
  return responseCode === 552 || /^5\d\d[ -]5\.3\.4\b/.test(response);
}

function unreachable(where: string, error: unknown): VoxpostError {
  const why = error instanceof Error ? error.message : String(error);
  return new VoxpostError(
    "MAIL_UNREACHABLE",
    `The mail server ${where} takes no mail: ${why}. Check \`notices\` in the configuration, and that server`,
    { cause: error },
  );
}

function readCa(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw VoxpostError.from(error, "CONFIG_INVALID", `notices.ca: cannot read ${path}`);
  }
}
