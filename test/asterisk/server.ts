import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { Refusal, type Reply, type Request, type Route } from "./api.ts";
import type { Applications } from "./applications.ts";
import type { Faults } from "./faults.ts";
import { resource, resourceList } from "./swagger.ts";

export interface AriServer {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Requests that are being answered; those that a fault stalls are not counted. */
  readonly busy: number;
  /** Every request so far, as `channels.play`, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const USER = "voxpost";
const PASSWORD = "simulated";

/** Serves ARI on a free port of 127.0.0.1: the routes, their description for Swagger clients, and the event websocket. */
export async function startAriServer(
  routes: readonly Route[],
  applications: Applications,
  faults: Faults,
): Promise<AriServer> {
  const requests: string[] = [];
  let busy = 0;
  const table = routes.map((route) => ({ route, pattern: patternOf(route.path) }));

  const answer = async (method: string, url: URL, body: string): Promise<Reply | undefined> => {
    const path = url.pathname.replace(/^\/ari/, "");
    const description = /^\/api-docs\/(\w+)\.json$/.exec(path)?.[1];
    if (description === "resources") return { status: 200, body: resourceList(routes, `${url.origin}/ari`) };
    if (description) return { status: 200, body: resource(description, routes, `${url.origin}/ari`) };
    for (const { route, pattern } of table) {
      const match = pattern.exec(path);
      if (!match || route.method !== method) continue;
      const name = `${route.resource}.${route.name}`;
      requests.push(name);
      const fault = faults.ofRequest(name);
      if (fault === "stall") return undefined;
      if (fault) throw new Refusal(fault.status, fault.message);
      return route.handle(requestOf(match.groups ?? {}, url, body));
    }
    throw new Refusal(404, "Resource not found");
  };

  const server = createServer(async (incoming, response) => {
    busy++;
    let waiting = false;
    try {
      const body = await text(incoming);
      const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host}`);
      if (!isAuthorised(incoming, url)) throw new Refusal(401, "Authentication required");
      // A request that waits for its turn on the channel must not keep the clock from going on.
      const pending = answer(incoming.method ?? "GET", url, body);
      const early = await Promise.race([pending, turnOfTheLoop().then(() => "waits" as const)]);
      if (early === "waits") {
        waiting = true;
        busy--;
      }
      const reply = early === "waits" ? await pending : early;
      if (reply) send(response, reply);
    } catch (error) {
      const status = error instanceof Refusal ? error.status : 500;
      send(response, { status, body: { message: error instanceof Error ? error.message : String(error) } });
    } finally {
      if (!waiting) busy--;
    }
  });
  const sockets = new WebSocketServer({ server, path: "/ari/events" });
  sockets.on("connection", (socket, incoming) => {
    const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
    if (!isAuthorised(incoming, url)) {
      socket.close(1008);
      return;
    }
    const all = url.searchParams.get("subscribeAll") === "true";
    for (const app of (url.searchParams.get("app") ?? "").split(",")) applications.register(app, socket, all);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    user: USER,
    password: PASSWORD,
    requests,
    get busy() {
      return busy;
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
}

function requestOf(inPath: Record<string, string>, url: URL, body: string): Request {
  const given = (body ? JSON.parse(body) : {}) as Record<string, unknown>;
  return {
    get: (name) => {
      const path = inPath[name];
      if (path !== undefined) return decodeURIComponent(path);
      return url.searchParams.get(name) ?? String(given[name] ?? "");
    },
    variables: (given.variables ?? {}) as Record<string, string>,
  };
}

function isAuthorised(incoming: IncomingMessage, url: URL): boolean {
  const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;
  return (
    incoming.headers.authorization === basic || url.searchParams.get("api_key") === `${USER}:${PASSWORD}`
  );
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const binary = body instanceof Buffer;
  const bytes = binary ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
  response.writeHead(status, {
    "content-type": binary ? "audio/wav" : "application/json",
    "content-length": bytes.length,
  });
  response.end(bytes);
}

async function text(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
