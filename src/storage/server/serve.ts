import { createServer as createTlsServer } from "node:https";
import { VoxpostError } from "../../errors.ts";
import { listen } from "../../listen.ts";
import type { Logger } from "../../log.ts";
import type { Engine } from "../engine.ts";
import { isLoopback } from "../engines/http/loopback.ts";
import { type TimeLimits, withTimeout } from "../layers/timeout.ts";
import { createApp } from "./app.ts";
import { Events } from "./events.ts";
import { Turns } from "./turns.ts";
import { type UploadLimits, Uploads } from "./uploads.ts";

export interface ServeOptions {
  /** Address to listen on. One that other machines reach needs a token. */
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
  /** What clients must send as bearer token, at least 16 characters. */
  readonly token?: string;
  /** PEM. Default: plain HTTP, for loopback or behind a proxy that does TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Where uploads wait for their messages: a disk with room for those of an hour. Default: the system's. */
  readonly folder?: string;
  /** Told to clients. */
  readonly version?: string;
  readonly log: Logger;
  readonly limits?: Partial<ServeLimits>;
}

interface ServeLimits extends TimeLimits, UploadLimits {
  /** A connection on which nothing moves is cut, milliseconds. Longer than any operation of the engine may take. */
  readonly idleMs: number;
  /** Longest time for one request to come in, milliseconds. */
  readonly requestMs: number;
  readonly connections: number;
  readonly watchers: number;
}

const LIMITS: ServeLimits = {
  audioBytes: 512 * 1024 ** 2,
  waitingBytes: 4 * 1024 ** 3,
  uploadMs: 3_600_000,
  idleMs: 150_000,
  requestMs: 600_000,
  connections: 2_000,
  watchers: 1_000,
};

const SHORTEST_TOKEN = 16;

export interface StorageServer {
  /** What clients are configured with. */
  readonly url: string;
  /** Ends every connection; what was not answered was perhaps done, and is safe to repeat. */
  close(): Promise<void>;
}

/**
 * Shows an engine to the network by docs/engines/http.openapi.yaml. The engine is the caller's: open before and closed
 * after.
 * @throws VoxpostError CONFIG_INVALID when it may not, or cannot, listen there
 */
export async function serveStorage(engine: Engine, options: ServeOptions): Promise<StorageServer> {
  const { host, port, token, tls, log } = options;
  checkToken(options);
  if (!tls && !isLoopback(host)) {
    log.warn({ host }, "The storage server speaks plain HTTP: let only a proxy that does TLS reach it");
  }
  const limits = { ...LIMITS, ...options.limits };
  const uploads = new Uploads(limits, options.folder);
  const rooms = {
    engine: withTimeout(engine, limits),
    uploads,
    events: new Events(engine, limits.watchers),
    turns: new Turns(),
    server: `voxpost ${options.version ?? ""}`.trim(),
  };
  const { fetch } = createApp(rooms, { token, log });
  const timing = { requestTimeout: limits.requestMs, connectionsCheckingInterval: 1_000 };
  const how = tls
    ? { createServer: createTlsServer, serverOptions: { ...timing, ...tls } }
    : { serverOptions: timing };
  const { server, ...listening } = await listen({ fetch, host, port, how });
  server.maxConnections = limits.connections;
  if ("requestTimeout" in server) server.setTimeout(limits.idleMs);
  return {
    url: tls ? listening.url.replace(/^http/, "https") : listening.url,
    async close() {
      await listening.close();
      await uploads.close();
    },
  };
}

function checkToken({ host, token }: ServeOptions): void {
  if (token === undefined) {
    if (isLoopback(host)) return;
    const why = "other machines reach it, and everybody could hear and delete every message";
    throw new VoxpostError("CONFIG_INVALID", `Without a token nothing listens on ${host}: ${why}`);
  }
  if (token.length < SHORTEST_TOKEN || !/^[!-~]+$/.test(token)) {
    const rule = `at least ${SHORTEST_TOKEN} printable characters without blanks`;
    throw new VoxpostError("CONFIG_INVALID", `The token of the storage server needs ${rule}`);
  }
}
