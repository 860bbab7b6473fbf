import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { ask } from "./network.ts";
import { takePorts } from "./ports.ts";
import { type Server, startServer } from "./processes.ts";
import { makeRunFolder, type RunFolder } from "./run-folder.ts";
import { findServices } from "./systems.ts";

/** Several Redis servers that are one for whoever uses them. */
export interface RedisGroup {
  /** As in the program's configuration. */
  readonly options: { sentinels: string[]; master: string } | { cluster: string[] };
  /** By port. */
  readonly nodes: ReadonlyMap<number, Server>;
  /** Asks one of them, as redis-cli does. */
  cli(port: number, ...command: string[]): Promise<string>;
  stop(): Promise<void>;
}

const MASTER = "mymaster";
/** After so long without an answer a master is replaced, milliseconds. */
const REPLACED_AFTER_MS = 1_000;

/** A master, a replica, and three Sentinels of which two must agree. */
export function startSentinels(): Promise<RedisGroup> {
  return startGroup(async ({ start, ports: [master = 0, replica = 0, ...sentinels], cli, write }) => {
    await start(master, []);
    await start(replica, ["--replicaof", "127.0.0.1", String(master)]);
    for (const port of sentinels.slice(0, 3)) {
      const lines = [
        `sentinel monitor ${MASTER} 127.0.0.1 ${master} 2`,
        `sentinel down-after-milliseconds ${MASTER} ${REPLACED_AFTER_MS}`,
        `sentinel failover-timeout ${MASTER} 5000`,
      ];
      // Sentinel keeps what it learns in its configuration file.
      await start(port, ["--sentinel"], write(`sentinel-${port}.conf`, lines.join("\n")));
    }
    const known = async () => {
      const answers = sentinels.slice(0, 3).map((port) => cli(port, "sentinel", "master", MASTER));
      return (await Promise.all(answers)).every(
        (answer) => /num-slaves\n1\n/.test(answer) && /num-other-sentinels\n2\n/.test(answer),
      );
    };
    await until(known, "the Sentinels to know each other");
    return { sentinels: sentinels.slice(0, 3).map((port) => `127.0.0.1:${port}`), master: MASTER };
  });
}

/** Three masters, each with a replica that takes its place. */
export function startCluster(): Promise<RedisGroup> {
  return startGroup(async ({ start, ports, cli }) => {
    const nodes = ports.slice(0, 6);
    for (const [index, port] of nodes.entries()) {
      const bus = String(ports[index + 6]);
      await start(port, [
        ...["--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-config-file", `nodes-${port}.conf`],
        ...["--cluster-node-timeout", String(REPLACED_AFTER_MS), "--cluster-replica-validity-factor", "0"],
      ]);
    }
    const addresses = nodes.map((port) => `127.0.0.1:${port}`);
    await cli(nodes[0] ?? 0, "--cluster", "create", ...addresses, "--cluster-replicas", "1", "--cluster-yes");
    const isWhole = async () => {
      const answers = await Promise.all(nodes.map((port) => cli(port, "cluster", "info")));
      const replicas = await cli(nodes[0] ?? 0, "cluster", "nodes");
      return (
        answers.every((answer) => answer.includes("cluster_state:ok")) &&
        replicas.match(/slave .* connected/g)?.length === 3
      );
    };
    await until(isWhole, "the cluster to be whole");
    return { cluster: addresses };
  });
}

interface Making {
  /** Two blocks of them. */
  readonly ports: readonly number[];
  start(port: number, settings: string[], file?: string): Promise<void>;
  cli: RedisGroup["cli"];
  /** Writes a file beside the servers' data; its path as they see it. */
  write(name: string, text: string): string;
}

async function startGroup(make: (making: Making) => Promise<RedisGroup["options"]>): Promise<RedisGroup> {
  const { root } = await findServices(() => {}, ["redis"]);
  const run: RunFolder = makeRunFolder();
  const place = run.place("redis", root);
  const blocks = [await takePorts(), await takePorts()];
  const nodes = new Map<number, Server>();
  const cli: RedisGroup["cli"] = async (port, ...command) => {
    const { args, command: program, env } = place.command("redis-cli", ["-p", String(port), ...command]);
    return (await execa(program, args, { env, extendEnv: false, timeout: 30_000 })).stdout;
  };
  const stop = async () => {
    await Promise.all([...nodes.values()].map((node) => node.stop()));
    run.remove();
    for (const { release } of blocks) release();
  };
  try {
    const options = await make({
      ports: blocks.flatMap(({ ports }) => Object.values(ports)),
      cli,
      write(name, text) {
        writeFileSync(`${place.outside}/${name}`, `${text}\n`, { mode: 0o666 });
        return `${place.inside}/${name}`;
      },
      async start(port, settings, file) {
        const own = ["--bind", "127.0.0.1", "--port", String(port), "--dir", place.inside];
        const data = ["--appendonly", "yes", "--appenddirname", `data-${port}`, "--save", ""];
        const server = await startServer({
          name: `redis-${port}`,
          ...place.command("redis-server", [
            ...(file ? [file] : []),
            ...own,
            ...(file ? [] : data),
            ...settings,
          ]),
          log: `${run.logs}/redis-${port}.log`,
          readyWithinMs: 15_000,
          isReady: async () => (await ask(port, "PING\r\n")).startsWith("+PONG"),
        });
        nodes.set(port, server);
      },
    });
    return { options, nodes, cli, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`waited 30 s for ${what}`);
    await sleep(100);
  }
}
