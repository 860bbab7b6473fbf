import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy between engine and server that listens in, cuts, and hides what the server can do. */
export interface ImapProxy {
  readonly port: number;
  /** Commands that clients sent, without their tags; what stands in literals is not looked at. */
  readonly commands: string[];
  /** Most connections that were open at one time; one that said LOGOUT is as good as closed. */
  readonly most: number;
  readonly open: number;
  /** Drops all connections. */
  cut(): void;
  /** Drops the connection on which this is sent next, as soon as that many bytes of it went through. */
  cutAfter(bytes: number): void;
  /** Nothing goes through in either direction until this is called again with false. */
  freeze(frozen: boolean): void;
  close(): Promise<void>;
}

/** `hide`: capabilities and response codes that the client does not get to see. */
export async function startImapProxy(target: number, hide: readonly string[] = []): Promise<ImapProxy> {
  const commands: string[] = [];
  const pairs = new Set<[Socket, Socket]>();
  const sessions = new Set<Socket>();
  let most = 0;
  let left = Number.POSITIVE_INFINITY;
  let frozen = false;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    sessions.add(client);
    most = Math.max(most, sessions.size);
    const drop = () => {
      pairs.delete(pair);
      sessions.delete(client);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on("error", drop).on("close", drop);
    client.on("data", (data: Buffer) => {
      if (frozen) return;
      for (const [, command = ""] of data.toString("latin1").matchAll(/^[0-9A-Z]+ ([A-Z]+(?: .*)?)\r$/gm)) {
        commands.push(command);
        if (command === "LOGOUT") sessions.delete(client);
      }
      const passed = data.subarray(0, left);
      left -= data.length;
      upstream.write(passed);
      if (left > 0) return;
      left = Number.POSITIVE_INFINITY;
      drop();
    });
    upstream.on("data", (data: Buffer) => {
      if (!frozen) client.write(disguise(data, hide));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const cut = () => {
    for (const pair of [...pairs]) for (const socket of pair) socket.destroy();
  };
  return {
    port: typeof address === "object" && address ? address.port : 0,
    commands,
    get most() {
      return most;
    },
    get open() {
      return pairs.size;
    },
    cut,
    cutAfter: (bytes) => {
      left = bytes;
    },
    freeze: (value) => {
      frozen = value;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Of the same length, so that literals stay what they are. */
function disguise(data: Buffer, hide: readonly string[]): Buffer {
  let text = data.toString("latin1");
  for (const word of hide) text = text.replaceAll(word, `X${word.slice(1)}`);
  return Buffer.from(text, "latin1");
}
