import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { VoxpostError } from "./errors.ts";
import { boundedRedis } from "./jobs/redis.ts";
import type { RedisServers } from "./jobs/redis-options.ts";
import { createLogger, type Logger } from "./log.ts";

export interface PrivateRedis {
  readonly url: string;
  /** Ends it, after it has written its data. One that was taken over is left running for its owner. */
  stop(): Promise<void>;
}

/** How long a private Redis may take to answer after its start, milliseconds. */
const START_MS = 10_000;

const SOCKET = "redis.sock";

/** Where the private Redis of a folder listens while it runs. */
export function privateRedisUrl(folder: string): string {
  return `unix://${join(folder, SOCKET)}`;
}

/**
 * Starts a Redis of our own, on a Unix socket in the given folder, so that a first try needs no server. One that an
 * earlier, killed program left behind is used again.
 * @throws VoxpostError DEPENDENCY_MISSING when there is no `redis-server` on this machine
 */
export async function startPrivateRedis(folder: string, log: Logger): Promise<PrivateRedis> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const url = privateRedisUrl(folder);
  const socket = join(folder, SOCKET);
  if (await answers(socket)) return { url, stop: async () => {} };

  const settings = ["--port", "0", "--unixsocket", socket, "--unixsocketperm", "600", "--dir", folder];
  const durability = ["--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"];
  // In a group of its own: Ctrl-C in a terminal must not end it before we have drained.
  const child = spawn("redis-server", [...settings, ...durability], { stdio: "ignore", detached: true });
  const failed = once(child, "error").then(([error]) => {
    throw VoxpostError.from(
      error,
      "DEPENDENCY_MISSING",
      "Cannot start a private Redis: install redis-server, or name a Redis of yours under `redis.url`",
    );
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await Promise.race([untilItAnswers(socket, exited), failed]);
  failed.catch(() => {});
  log.info({ socket }, "private Redis started");
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function untilItAnswers(socket: string, exited: Promise<unknown>): Promise<void> {
  let over = false;
  void exited.then(() => {
    over = true;
  });
  const deadline = Date.now() + START_MS;
  while (!over && Date.now() < deadline) {
    if (await answers(socket)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new VoxpostError(
    "DEPENDENCY_MISSING",
    `The private Redis on ${socket} ${over ? "ended at once" : "does not answer"}; run redis-server by hand to see why`,
  );
}

async function answers(path: string): Promise<boolean> {
  const redis = new Redis({ path, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

/**
 * Whether a Redis can carry our jobs, in words.
 * @throws VoxpostError QUEUE_UNREACHABLE, or DEPENDENCY_MISSING when it may throw jobs away
 */
export async function examineRedis(servers: RedisServers): Promise<string> {
  const redis = boundedRedis(servers, createLogger("silent"));
  try {
    if (redis.status !== "ready") await once(redis, "ready", { signal: AbortSignal.timeout(START_MS) });
    const info = await redis.info();
    const version = /redis_version:(\S+)/.exec(info)?.[1] ?? "of an unknown version";
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1] ?? "noeviction";
    if (policy !== "noeviction") {
      throw new VoxpostError(
        "DEPENDENCY_MISSING",
        `its maxmemory-policy is ${policy}, so it may throw jobs away; set it to noeviction`,
      );
    }
    return `${version}, maxmemory-policy ${policy}`;
  } catch (error) {
    throw VoxpostError.from(
      error,
      "QUEUE_UNREACHABLE",
      "it does not answer; check redis.url and that it runs",
    );
  } finally {
    redis.disconnect();
  }
}
