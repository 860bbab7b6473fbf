import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A TCP proxy between engine and server that listens in, cuts, delays, and makes a server of fewer or other abilities. */
export interface ImapProxy {
  readonly port: number;
  /** Commands that clients sent, without their tags; what stands in literals is not looked at. */
  readonly commands: string[];
  /** Those of them that were refused as unknown. */
  readonly refused: string[];
  /** Bytes to the clients. */
  readonly bytes: number;
  /** Most connections that were open at one time; one that said LOGOUT is as good as closed. */
  readonly most: number;
  readonly open: number;
  /** An APPEND goes no further (`hold`). */
  readonly held: boolean;
  /** Drops all connections. */
  cut(): void;
  /** Drops the connection on which this is sent next, as soon as that many bytes of it went through; or came back. */
  cutAfter(bytes: number, direction?: "sent" | "received"): void;
  /** Nothing goes through in either direction until this is called again with false. */
  freeze(frozen: boolean): void;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** Capabilities and response codes that the client does not get to see. */
  hide?: readonly string[];
  /** Commands that are answered by BAD, as a server does that does not know them. */
  refuse?: RegExp;
  /** Said instead of something that the server says, in lines such as its capabilities. */
  say?: Readonly<Record<string, string>>;
  /** Added to each way back, milliseconds. */
  delayMs?: number;
  /** An APPEND goes no further once that many bytes of it went through; what is said to it then, if anything. */
  hold?: { after: number; answer?: string };
}

/** One line that a client sends; imapflow sends each command in a piece of its own. */
const COMMAND = /^([0-9A-Z]+) ([A-Z]+(?: .*)?)\r$/gm;

export async function startImapProxy(target: number, options: ProxyOptions = {}): Promise<ImapProxy> {
  const commands: string[] = [];
  const refused: string[] = [];
  const pairs = new Set<[Socket, Socket]>();
  const sessions = new Set<Socket>();
  let most = 0;
  let bytes = 0;
  const left = { sent: Number.POSITIVE_INFINITY, received: Number.POSITIVE_INFINITY };
  let frozen = false;
  let held = false;
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
    for (const socket of pair) socket.setNoDelay(true).on("error", drop).on("close", drop);
    const pass = (data: Buffer, to: Socket, direction: keyof typeof left) => {
      to.write(data.subarray(0, left[direction]));
      left[direction] -= data.length;
      if (left[direction] > 0) return;
      left[direction] = Number.POSITIVE_INFINITY;
      drop();
    };
    let appending: { tag: string; bytes: number } | undefined;
    client.on("data", (data: Buffer) => {
      if (frozen) return;
      if (appending && options.hold) {
        appending.bytes += data.length;
        if (appending.bytes > options.hold.after) {
          if (!held && options.hold.answer) client.write(`${appending.tag} ${options.hold.answer}\r\n`);
          held = true;
          return;
        }
      }
      for (const [, tag = "", command = ""] of data.toString("latin1").matchAll(COMMAND)) {
        commands.push(command);
        if (command === "LOGOUT") sessions.delete(client);
        if (command.startsWith("APPEND")) appending = { tag, bytes: 0 };
        if (!options.refuse?.test(command)) continue;
        refused.push(command);
        client.write(`${tag} BAD Unknown command.\r\n`);
        return;
      }
      pass(data, upstream, "sent");
    });
    upstream.on("data", async (data: Buffer) => {
      if (options.delayMs) await sleep(options.delayMs);
      if (frozen) return;
      bytes += data.length;
      pass(disguise(data, options), client, "received");
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
    refused,
    get bytes() {
      return bytes;
    },
    get most() {
      return most;
    },
    get open() {
      return pairs.size;
    },
    get held() {
      return held;
    },
    cut,
    cutAfter: (count, direction = "sent") => {
      left[direction] = count;
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

/** What is hidden keeps its length, so that literals stay what they are. */
function disguise(data: Buffer, { hide = [], say = {} }: ProxyOptions): Buffer {
  let text = data.toString("latin1");
  for (const word of hide) text = text.replaceAll(word, `X${word.slice(1)}`);
  for (const [word, other] of Object.entries(say)) text = text.replaceAll(word, other);
  return Buffer.from(text, "latin1");
}
