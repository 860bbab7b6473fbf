import { Cluster, Redis } from "ioredis";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { RedisServers } from "./redis-options.ts";

/** One server and a Cluster take the same commands. */
export type RedisClient = Redis | Cluster;

/** BullMQ's keys lie under this; the braces keep them on one node of a Redis Cluster. */
export const PREFIX = "{voxpost}";

/** A command that Redis has not answered by then fails, milliseconds. */
const COMMAND_MS = 1_000;

/**
 * For commands that a call or a job may wait for: each fails within a second, at once while Redis is away. Connects by itself,
 * again and again.
 */
export function boundedRedis(servers: RedisServers, log: Logger): RedisClient {
  const bounds = { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: COMMAND_MS };
  return withLog(connect(servers, bounds), log);
}

/**
 * For a worker, which waits for its next job on a connection of its own, however long that takes. It keeps quiet: the other one
 * tells when Redis goes and comes.
 */
export function blockingRedis(servers: RedisServers): RedisClient {
  const redis = connect(servers, { maxRetriesPerRequest: null, enableOfflineQueue: true });
  redis.on("error", () => {});
  return redis;
}

interface Bounds {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue: boolean;
  readonly commandTimeout?: number;
}

function connect(servers: RedisServers, bounds: Bounds): RedisClient {
  if (typeof servers === "string") return new Redis({ ...address(servers), ...bounds, retryStrategy });
  const { url, sentinels, cluster, master, username, password, sentinel_password, tls } = servers;
  if (url !== undefined) return connect(url, bounds);
  const access = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
  const secured = tls ? { tls: {} } : {};
  if (sentinels) {
    return new Redis({
      sentinels: sentinels.map((each) => nodeOf(each, 26379)),
      name: master,
      ...access,
      ...secured,
      ...(sentinel_password ? { sentinelPassword: sentinel_password } : {}),
      ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
      // Otherwise a master that Sentinel has replaced is noticed only when it closes the connection.
      failoverDetector: true,
      sentinelRetryStrategy: retryStrategy,
      retryStrategy,
      ...bounds,
    });
  }
  const { enableOfflineQueue, ...ofEach } = bounds;
  const nodes = (cluster ?? []).map((each) => nodeOf(each, 6379));
  return new Cluster(nodes, {
    clusterRetryStrategy: retryStrategy,
    enableOfflineQueue,
    // A node that is away is known by then to the others, and its place is taken.
    slotsRefreshTimeout: COMMAND_MS,
    redisOptions: { ...ofEach, ...access, ...secured },
  });
}

/** HOST:PORT, with brackets around an IPv6 address. */
function nodeOf(text: string, otherwise: number): { host: string; port: number } {
  const { hostname, port } = new URL(`redis://${text}`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || otherwise) };
}

/** `redis://…`, `rediss://…`, or `unix:///path`. */
function address(url: string) {
  if (url.startsWith("unix://")) return { path: url.slice("unix://".length) };
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  return {
    ...nodeOf(`${hostname}:${port || 6379}`, 6379),
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
function withLog(redis: RedisClient, log: Logger): RedisClient {
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
