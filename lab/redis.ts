import { ask } from "./network.ts";
import { type Server, startServer } from "./processes.ts";
import type { RunFolder } from "./run-folder.ts";

export interface RedisLab extends Server {
  url: string;
}

/** Starts a private Redis on 127.0.0.1 with its append-only file in the run's folder. */
export async function startRedis(run: RunFolder, root: string | undefined, port: number): Promise<RedisLab> {
  const place = run.place("redis", root);
  const server = await startServer({
    name: "redis",
    ...place.command("redis-server", [
      ...["--bind", "127.0.0.1", "--port", String(port), "--dir", place.inside],
      ...["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
      ...["--maxmemory-policy", "noeviction", "--daemonize", "no"],
    ]),
    log: `${run.logs}/redis.log`,
    readyWithinMs: 15_000,
    isReady: async () => (await ask(port, "PING\r\n")).startsWith("+PONG"),
  });
  return Object.assign(server, { url: `redis://127.0.0.1:${port}` });
}
