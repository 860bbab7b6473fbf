import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A server far away: the same bytes, each answer later. */
export interface SlowLink {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on loopback for a server there; `roundTripMs` is added on the way back. TCP's own round trip is not. */
export async function startSlowLink(target: number, roundTripMs: number): Promise<SlowLink> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    const drop = () => {
      for (const socket of [client, upstream]) {
        open.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay(true).on("error", drop).on("close", drop);
    }
    client.on("data", (data) => upstream.write(data));
    upstream.on("data", async (data) => {
      // Timers of one length fire in the order in which they were set.
      await sleep(roundTripMs);
      if (open.has(client)) client.write(data);
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
