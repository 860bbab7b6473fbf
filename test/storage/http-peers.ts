import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Servers that do as a test says. */
export interface Peer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers as the function does, after `GET /v1`, which it answers as a server of the protocol with everything. */
export async function scripted(
  handle: RequestListener,
  service: object = {},
): Promise<Peer & { asked: string[] }> {
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    if (request.url === "/v1") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ ...SERVICE, ...service }));
      return;
    }
    asked.push(`${request.method} ${request.url}`);
    handle(request, response);
  });
  const url = await listening(server);
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, asked, close };
}

const capabilities = {
  ...{ authenticate: true, greetings: true, watch: true, quota: true, search: true, move: true },
  ...{ writable: true, texts: true, mailboxes: true, space: true },
};
const SERVICE = { protocol: "voxpost-storage", version: "1.0", server: "scripted", capabilities };

/** A line to a server that can be cut, always at the same place of every connection. */
export interface Line extends Peer {
  /** From now on a connection is cut when so many bytes went up, or down; undefined lets all pass. */
  cutAt(limits: { up?: number; down?: number }): void;
  /** Ends what is open now. */
  cut(): void;
  readonly open: number;
}

export async function line(target: string): Promise<Line> {
  let limits: { up?: number; down?: number } = {};
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(target).port), "127.0.0.1");
    const drop = () => {
      for (const socket of [client, upstream]) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    const pass = (from: Socket, to: Socket, way: "up" | "down") => {
      let passed = 0;
      sockets.add(from);
      from.on("error", drop).on("close", drop);
      from.on("data", (data: Buffer) => {
        const left = (limits[way] ?? Number.POSITIVE_INFINITY) - passed;
        passed += data.length;
        to.write(data.subarray(0, Math.max(0, left)), () => {
          if (left < data.length) drop();
        });
      });
    };
    pass(client, upstream, "up");
    pass(upstream, client, "down");
  });
  const url = await listening(server);
  const cut = () => {
    for (const socket of [...sockets]) socket.destroy();
  };
  return {
    url,
    cut,
    get open() {
      return sockets.size / 2;
    },
    cutAt(next) {
      limits = next;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}
