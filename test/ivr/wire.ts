import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP connection to Asterisk that can be cut, or go dead while it looks connected. */
export interface Wire {
  readonly url: string;
  /** Both ends see their connections closed, frozen ones too; new ones are accepted. */
  cut(): void;
  /** Present connections carry nothing any more, and nobody is told. New ones work, unless `forNew`. */
  freeze(options?: { forNew: boolean }): void;
  /** New connections work again; frozen ones stay dead. */
  thaw(): void;
  close(): Promise<void>;
}

export async function startWire(target: string): Promise<Wire> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  const all = new Set<Socket>();
  let isFrozenForNew = false;
  const server = createServer((near) => {
    near.on("error", () => {});
    all.add(near);
    if (isFrozenForNew) return;
    const far = connect(Number(port), hostname);
    all.add(far);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [far, near] as const]) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of all) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    freeze({ forNew } = { forNew: false }) {
      isFrozenForNew = forNew;
      for (const [near, far] of pairs) {
        near.unpipe(far).resume();
        far.unpipe(near).resume();
        near.removeAllListeners("close");
      }
      pairs.clear();
    },
    thaw() {
      isFrozenForNew = false;
    },
    async close() {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
