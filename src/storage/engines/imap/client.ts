import { readFile } from "node:fs/promises";
import { AuthenticationFailure, ImapFlow, type ImapFlowOptions } from "imapflow";
import type { Login } from "./account.ts";
import type { ImapOptions } from "./options.ts";

/** Servers end an IDLE after half an hour (RFC 2177), and routers forget what is silent for longer. Milliseconds. */
const IDLE_MS = 15 * 60_000;

/** Connects, hears the greeting and hangs up. */
export async function reach(
  options: ImapOptions,
  path: (file: string) => string,
  signal: AbortSignal,
): Promise<void> {
  const client = new ImapFlow(await clientSettings(options, path, undefined, {}));
  client.on("error", () => {});
  const cut = () => client.close();
  signal.addEventListener("abort", cut, { once: true });
  try {
    await client.connect();
  } catch (error) {
    // It complains that it has no login, which it does only after the greeting and all of TLS.
    if (!(error instanceof AuthenticationFailure) || error.serverResponseCode) throw error;
  } finally {
    signal.removeEventListener("abort", cut);
    client.close();
  }
}

/**
 * imapflow's settings for one connection; `login` may be left out by who only wants to be greeted. Nothing that it logs may
 * reach a real log: it holds callers' words. What it complains of is kept in `complaint`.
 */
export async function clientSettings(
  options: ImapOptions,
  path: (file: string) => string,
  login: Login | undefined,
  complaint: { error?: unknown },
): Promise<ImapFlowOptions> {
  const listen = (entry: { err?: unknown }) => {
    if (entry.err) complaint.error = entry.err;
  };
  const ignore = () => {};
  const secure = options.tls === "tls";
  return {
    host: options.host,
    port: options.port ?? (secure ? 993 : 143),
    secure,
    ...(secure ? {} : { doSTARTTLS: options.tls === "starttls" }),
    ...(options.servername ? { servername: options.servername } : {}),
    tls: {
      rejectUnauthorized: !options.allow_self_signed,
      minVersion: "TLSv1.2",
      ...(options.ca ? { ca: await readFile(path(options.ca)) } : {}),
    },
    ...(login
      ? {
          auth: {
            user: login.user,
            pass: login.pass,
            // Only PLAIN can act for another; any other method would log in as the proxy itself, into its own INBOX.
            ...(login.authzid === undefined ? {} : { authzid: login.authzid, loginMethod: "AUTH=PLAIN" }),
          },
        }
      : {}),
    clientInfo: {
      name: "Voxpost",
      ...(login?.originatingIp === undefined ? {} : { "x-originating-ip": login.originatingIp }),
    },
    logger: { debug: ignore, info: ignore, trace: ignore, warn: listen, error: listen },
    connectionTimeout: options.connect_ms,
    greetingTimeout: options.connect_ms,
    disableAutoIdle: true,
    maxIdleTime: IDLE_MS,
    disableAutoEnable: true,
    disableCompression: true,
    disableIMAP4rev2: true,
  };
}
