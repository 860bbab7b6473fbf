import { connect, createServer, type Socket } from "node:net";

/** What a network does to those who use it. */
export type Line =
  /** Passes everything on. */
  | "open"
  /** Every connection is dropped, and so is each new one. */
  | "cut"
  /** Connections are accepted, and nothing comes through until it is another line again. */
  | "stalled"
  /** Each piece comes later by this many milliseconds, both ways. */
  | { readonly slowMs: number };

/** A TCP proxy in front of one server. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  set(line: Line): void;
  /** Drops the next connection on which a client sends this, when the server's next answer is due: done, and nobody knows. */
  loseAnswerTo(command: RegExp): void;
  close(): Promise<void>;
}

export async function startProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<{ sockets: [Socket, Socket]; doomed: boolean }>();
  let line: Line = "open";
  let lost: RegExp | undefined;
  const server = createServer({ noDelay: true }, (client) => {
    if (line === "cut") return void client.destroy();
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const pair = { sockets: [client, upstream] as [Socket, Socket], doomed: false };
    pairs.add(pair);
    const drop = () => {
      pairs.delete(pair);
      for (const socket of pair.sockets) socket.destroy();
    };
    for (const socket of pair.sockets) socket.on("error", drop).on("close", drop);
    const pass = (data: Buffer, to: Socket) => {
      if (typeof line === "object") setTimeout(() => to.writable && to.write(data), line.slowMs);
      else to.write(data);
    };
    client.on("data", (data: Buffer) => {
      if (lost?.test(data.toString("latin1"))) {
        lost = undefined;
        pair.doomed = true;
      }
      pass(data, upstream);
    });
    upstream.on("data", (data: Buffer) => {
      // "+" asks for the rest of what the client says; only a tagged answer is the end of it.
      if (pair.doomed && !data.toString("latin1").startsWith("+")) drop();
      else pass(data, client);
    });
    if (line === "stalled") for (const socket of pair.sockets) socket.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const cut = () => {
    for (const { sockets } of [...pairs]) for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === "object" && address ? address.port : 0,
    get connections() {
      return pairs.size;
    },
    set(next) {
      line = next;
      if (next === "cut") cut();
      for (const { sockets } of pairs) {
        for (const socket of sockets) {
          if (next === "stalled") socket.pause();
          else socket.resume();
        }
      }
    },
    loseAnswerTo(command) {
      lost = command;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
