import { createRequire } from "node:module";
import ari, { type Client } from "ari-client";
import { VoxpostError } from "../errors.ts";
import type { AriEvent, AriListener } from "./ari-events.ts";
import { AriRequests, type AriServer } from "./ari-requests.ts";

// swagger-client, inside ari-client, puts a function `log` among the globals and prints a notice with it at each connect.
Reflect.set(globalThis, "log", () => {});

// It also throws what it has reported already, where nobody can catch it: an Asterisk that is just starting would end us.
const requireByAriClient = createRequire(createRequire(import.meta.url).resolve("ari-client"));
const { SwaggerApi } = requireByAriClient("swagger-client") as {
  SwaggerApi: { prototype: { failure(message: string): void; fail(message: string): void } };
};
SwaggerApi.prototype.fail = function (message) {
  this.failure(message);
};

/** One live subscription to a Stasis application. It ends once; whoever wants another one opens it. */
export interface AriSubscription {
  close(): void;
}

export interface AriSubscriptionOptions {
  readonly app: string;
  readonly onEvent: AriListener;
  /** Once, when the socket is gone without `close`. */
  readonly onEnd: (reason: string) => void;
  /** Bound on connecting, and on an answer to a ping. */
  readonly timeoutMs: number;
}

/** The parts of ari-client's socket (ws 6) that we use. */
interface Socket {
  on(event: "open", listener: () => void): void;
  on(event: "message", listener: (data: unknown) => void): void;
  on(event: "pong", listener: () => void): void;
  on(event: "close", listener: (code: number) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  removeAllListeners(event: "message"): void;
  ping(): void;
  terminate(): void;
  close(): void;
}

/**
 * Opens an ARI WebSocket with ari-client, the one place that knows it. Three of its habits are switched off, which needs
 * two of its private fields (the version is pinned): it would reconnect by itself, and then give up for good; an event
 * that its API description lacks would end the process; and a dead connection would go unnoticed.
 *
 * @throws VoxpostError ASTERISK_UNREACHABLE, ASTERISK_REFUSED (user or password)
 */
export async function subscribe(
  server: AriServer,
  options: AriSubscriptionOptions,
): Promise<AriSubscription> {
  await checkServer(server, options.timeoutMs);
  const client = (await connectInTurn(server, options.timeoutMs)) as Client & {
    _ws: Socket;
    _wsClosed: boolean;
  };
  // Rejects only after ari-client's own attempts, which are switched off by `_wsClosed`.
  client.start(options.app).catch(() => {});
  const socket = client._ws;
  client._wsClosed = true;
  socket.removeAllListeners("message");
  socket.on("message", (data) => {
    const event = parseEvent(data);
    if (event) options.onEvent(event);
  });
  let ended = false;
  let opened = false;
  const end = (reason: string) => {
    if (ended) return;
    ended = true;
    clearInterval(pings);
    socket.terminate();
    if (opened) options.onEnd(reason);
  };
  socket.on("close", (code) => end(`closed with code ${code}`));
  socket.on("error", (error) => end(error.message));

  let answered = true;
  socket.on("pong", () => {
    answered = true;
  });
  const pings = setInterval(() => {
    if (!opened) return;
    if (!answered) return end(`no answer to a ping within ${options.timeoutMs} ms`);
    answered = false;
    socket.ping();
  }, options.timeoutMs);
  pings.unref();

  const open = new Promise<void>((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
    socket.on("close", (code) => reject(new Error(`closed with code ${code}`)));
  });
  try {
    await bounded(open, server, options.timeoutMs);
  } catch (error) {
    end("not opened");
    throw error;
  }
  opened = true;
  return {
    close() {
      if (ended) return;
      ended = true;
      clearInterval(pings);
      // Until the other side has closed too, events still arrive; a call among them would be nobody's.
      socket.removeAllListeners("message");
      socket.close();
    },
  };
}

/** Anything that is no ARI, such as a web page, would end us in the midst of swagger-client. */
async function checkServer(server: AriServer, timeoutMs: number): Promise<void> {
  const info = await new AriRequests(server, timeoutMs)
    .get<{ system?: object }>("/asterisk/info", { query: { only: "system" } })
    .catch((error: unknown) => {
      throw VoxpostError.from(error, "ASTERISK_UNREACHABLE", `What answers at ${server.url} is no ARI`);
    });
  if (!info?.system)
    throw new VoxpostError("ASTERISK_UNREACHABLE", `What answers at ${server.url} is no ARI`);
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * ari-client keeps the password for reading the API description in one place for all servers, so they take turns. It would
 * wait for ever for a server that falls silent.
 */
function connectInTurn(server: AriServer, timeoutMs: number): Promise<Client> {
  const connection = turn.then(() =>
    bounded(ari.connect(server.url, server.user, server.password), server, timeoutMs),
  );
  turn = connection.catch(() => {});
  return connection;
}

async function bounded<T>(work: Promise<T>, server: AriServer, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } catch (error) {
    // swagger-client rejects with plain strings too.
    const detail = error instanceof Error ? error.message : String(error);
    throw new VoxpostError("ASTERISK_UNREACHABLE", `Cannot connect to ARI at ${server.url}: ${detail}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

function parseEvent(data: unknown): AriEvent | undefined {
  try {
    const event: unknown = JSON.parse(String(data));
    return typeof event === "object" && event !== null && "type" in event ? (event as AriEvent) : undefined;
  } catch {
    return undefined;
  }
}
