import { Redis } from "ioredis";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";

/** BullMQ's keys lie under this; the braces keep them on one node of a Redis Cluster. */
export const PREFIX = "{voxpost}";

/** A command that Redis has not answered by then fails, milliseconds. */
const COMMAND_MS = 1_000;

/**
 * For commands that a call or a job may wait for: each fails within a second, at once while Redis is away. Connects by itself,
 * again and again.
 */
export function boundedRedis(url: string, log: Logger): Redis {
  const redis = new Redis({
    ...address(url),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_MS,
    retryStrategy,
  });
  return withLog(redis, log);
}

/**
 * For a worker, which waits for its next job on a connection of its own, however long that takes. It keeps quiet: the other one
 * tells when Redis goes and comes.
 */
export function blockingRedis(url: string): Redis {
  const redis = new Redis({ ...address(url), maxRetriesPerRequest: null, retryStrategy });
  redis.on("error", () => {});
  return redis;
}

/** `redis://…`, `rediss://…`, or `unix:///path`. */
function address(url: string) {
  if (url.startsWith("unix://")) return { path: url.slice("unix://".length) };
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 6379),
    db: Number(pathname.slice(1) || 0),
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === "rediss:" ? { tls: {} } : {}),
  };
}

function retryStrategy(attempt: number): number {
  return Math.min(50 * 2 ** attempt, 2_000);
}

/** One line when it goes and one when it is back, instead of one for each attempt. */
function withLog(redis: Redis, log: Logger): Redis {
  let away = false;
  redis.on("error", (error: Error) => {
    const err = VoxpostError.from(error, "QUEUE_UNREACHABLE", "Redis cannot be used");
    if (!away) log.error({ err }, "jobs wait for Redis; trying again until it answers");
    away = true;
  });
  redis.on("ready", () => {
    if (away) log.info("Redis answers again");
    away = false;
  });
  return redis;
}
