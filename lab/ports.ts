import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { claim } from "./lock.ts";

/** The ports of one lab, all on 127.0.0.1. With `--ports BASE` they are BASE, BASE + 1, … in this order. */
export interface Ports {
  sip: number;
  ari: number;
  ami: number;
  imap: number;
  imaps: number;
  redis: number;
  /** Where the program offers audio to Asterisk. */
  media: number;
  postgres: number;
}

const NAMES = ["sip", "ari", "ami", "imap", "imaps", "redis", "media", "postgres"] as const;
const BLOCK = 10;

/**
 * Finds a block of ports that nobody uses, and keeps other labs of this project off it until `release`.
 * With `base`, exactly that block; rejects, naming the port, when one of them is taken.
 */
export async function takePorts(base?: number): Promise<{ ports: Ports; release(): void }> {
  for (let attempt = 0; attempt < 200; attempt++) {
    // Below 32,768, where systems begin to hand out ports by themselves; above Asterisk's RTP ports.
    const first = base ?? 21_000 + BLOCK * Math.floor(Math.random() * 1_100);
    const claimed = claim(`ports-${first}`);
    const taken = claimed ? await firstTaken(first) : first;
    if (claimed && taken === undefined) return { ports: block(first), release: claimed.release };
    claimed?.release();
    if (base !== undefined)
      throw new Error(`port ${taken} of 127.0.0.1 is in use; choose another --ports BASE`);
  }
  throw new Error("no free block of ports found on 127.0.0.1 between 21000 and 32000");
}

function block(first: number): Ports {
  return Object.fromEntries(NAMES.map((name, index) => [name, first + index])) as unknown as Ports;
}

async function firstTaken(first: number): Promise<number | undefined> {
  for (let port = first; port < first + NAMES.length; port++) {
    if (!((await isTcpFree(port)) && (await isUdpFree(port)))) return port;
  }
  return undefined;
}

function isTcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function isUdpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}
