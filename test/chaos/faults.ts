import { rmSync } from "node:fs";
import { join } from "node:path";
import { fillDisk } from "../../lab/full-disk.ts";
import type { Server } from "../../lab/processes.ts";
import type { Line } from "./proxy.ts";
import type { Stage } from "./stage.ts";

/** Undoes a fault; resolves when whatever it struck serves again. */
type Heal = () => Promise<void>;

export interface Fault {
  readonly name: string;
  readonly kind: "killed" | "frozen" | "partitioned" | "filled up" | "emptied";
  /** One of these has one fault at a time. */
  readonly on: "a" | "b" | "redis" | "imap" | "asterisk" | "ari";
  /** How long it lasts, seconds. */
  readonly lasts: readonly [shortest: number, longest: number];
  readonly strike: (stage: Stage) => Promise<Heal>;
  /** Costs so much that it comes seldom. Default 3; the higher the more often. */
  readonly weight?: number;
}

const kill =
  (server: (stage: Stage) => Server) =>
  async (stage: Stage): Promise<Heal> => {
    const victim = server(stage);
    victim.kill();
    await victim.exited;
    return () => victim.restart();
  };

const freeze =
  (server: (stage: Stage) => Server) =>
  async (stage: Stage): Promise<Heal> => {
    server(stage).kill("SIGSTOP");
    return async () => server(stage).kill("SIGCONT");
  };

const network =
  (which: keyof Stage["lines"], line: Line) =>
  async ({ lines }: Stage): Promise<Heal> => {
    lines[which].set(line);
    return async () => lines[which].set("open");
  };

const A = ({ programs }: Stage) => programs.a;
const B = ({ programs }: Stage) => programs.b;
const REDIS = ({ redis }: Stage) => redis;
const IMAP = ({ imap }: Stage) => imap;
const ASTERISK = ({ asterisk }: Stage) => asterisk;

/** Everything that is broken, and how it is put right. */
export const FAULTS: readonly Fault[] = [
  { name: "call program killed", kind: "killed", on: "a", lasts: [0, 5], strike: kill(A), weight: 6 },
  { name: "call program frozen", kind: "frozen", on: "a", lasts: [2, 14], strike: freeze(A) },
  { name: "worker killed", kind: "killed", on: "b", lasts: [0, 5], strike: kill(B), weight: 6 },
  { name: "worker frozen", kind: "frozen", on: "b", lasts: [2, 10], strike: freeze(B) },

  { name: "Redis killed", kind: "killed", on: "redis", lasts: [0, 4], strike: kill(REDIS) },
  {
    name: "Redis killed, its data lost",
    kind: "emptied",
    on: "redis",
    lasts: [0, 4],
    strike: killWithoutData,
  },
  { name: "Redis frozen", kind: "frozen", on: "redis", lasts: [2, 6], strike: freeze(REDIS) },
  { name: "FLUSHALL", kind: "emptied", on: "redis", lasts: [0, 0], strike: flush, weight: 6 },
  { name: "Redis at its memory limit", kind: "filled up", on: "redis", lasts: [2, 6], strike: fillRedis },
  {
    name: "network to Redis cut",
    kind: "partitioned",
    on: "redis",
    lasts: [1, 5],
    strike: network("redis", "cut"),
  },
  {
    name: "network to Redis stalled",
    kind: "partitioned",
    on: "redis",
    lasts: [1, 5],
    strike: network("redis", "stalled"),
  },

  { name: "Dovecot killed", kind: "killed", on: "imap", lasts: [0, 5], strike: kill(IMAP) },
  { name: "Dovecot frozen", kind: "frozen", on: "imap", lasts: [2, 6], strike: freeze(IMAP) },
  {
    name: "network to Dovecot cut",
    kind: "partitioned",
    on: "imap",
    lasts: [0, 5],
    strike: network("imap", "cut"),
  },
  {
    name: "Dovecot accepts and stalls",
    kind: "partitioned",
    on: "imap",
    lasts: [2, 6],
    strike: network("imap", "stalled"),
  },
  {
    name: "Dovecot slow, 0.6 s a round trip",
    kind: "partitioned",
    on: "imap",
    lasts: [4, 8],
    strike: network("imap", { slowMs: 300 }),
  },
  {
    name: "Dovecot very slow, 3 s a round trip",
    kind: "partitioned",
    on: "imap",
    lasts: [20, 40],
    strike: network("imap", { slowMs: 1_500 }),
    weight: 1,
  },
  {
    name: "answer to APPEND lost",
    kind: "partitioned",
    on: "imap",
    lasts: [3, 4],
    strike: loseAnswer,
    weight: 6,
  },
  { name: "mailboxes over quota", kind: "filled up", on: "imap", lasts: [2, 5], strike: overQuota },

  {
    name: "Asterisk's sockets dropped",
    kind: "partitioned",
    on: "ari",
    lasts: [0, 4],
    strike: network("ari", "cut"),
  },
  {
    name: "Asterisk's sockets stalled",
    kind: "partitioned",
    on: "ari",
    lasts: [2, 11],
    strike: network("ari", "stalled"),
  },
  {
    name: "Asterisk killed",
    kind: "killed",
    on: "asterisk",
    lasts: [0, 2],
    strike: kill(ASTERISK),
    weight: 1,
  },
  {
    name: "Asterisk frozen",
    kind: "frozen",
    on: "asterisk",
    lasts: [1, 3],
    strike: freeze(ASTERISK),
    weight: 1,
  },
  {
    name: "Asterisk's disk full",
    kind: "filled up",
    on: "asterisk",
    lasts: [2, 8],
    strike: fillAsterisk,
    weight: 1,
  },
];

/** @throws when there is none of this name */
export function faultNamed(name: string): Fault {
  const fault = FAULTS.find((each) => each.name === name);
  if (!fault) throw new Error(`no fault is named "${name}"`);
  return fault;
}

async function killWithoutData(stage: Stage): Promise<Heal> {
  const heal = await kill(REDIS)(stage);
  rmSync(join(stage.lab.folder, "redis", "appendonlydir"), { recursive: true, force: true });
  return heal;
}

async function flush({ commands }: Stage): Promise<Heal> {
  await commands.flushall();
  return async () => {};
}

async function fillRedis({ commands }: Stage): Promise<Heal> {
  await commands.config("SET", "maxmemory", "1");
  return async () => void (await commands.config("SET", "maxmemory", "0"));
}

async function loseAnswer({ lines }: Stage): Promise<Heal> {
  lines.imap.loseAnswerTo(/^\S+ APPEND /m);
  return async () => {};
}

async function fillAsterisk({ asterisk, disk }: Stage): Promise<Heal> {
  disk.times++;
  disk.giveSpace = await fillDisk(asterisk);
  return async () => {
    await disk.giveSpace?.();
    disk.giveSpace = undefined;
  };
}

async function overQuota(stage: Stage): Promise<Heal> {
  stage.setQuota("1k");
  return async () => stage.setQuota("1G");
}
