import { writeFileSync } from "node:fs";
import { execa } from "execa";
import pg from "pg";
import { type Server, startServer } from "./processes.ts";
import type { Place, RunFolder } from "./run-folder.ts";

export interface PostgresLab extends Server {
  host: string;
  port: number;
  /** May do everything, making databases too. */
  user: string;
  password: string;
  /** Exists from the start. Make others beside it: `create database …`. */
  database: string;
}

/** Debian keeps it out of the PATH, as several versions may be installed. */
const DEBIAN = "/usr/lib/postgresql/15/bin/";
/** PostgreSQL refuses to run as root. */
const USER = "postgres";

/** Starts a private PostgreSQL on 127.0.0.1, without TLS, with a cluster of its own in the run's folder. */
export async function startPostgres(
  run: RunFolder,
  root: string | undefined,
  port: number,
  password: string,
): Promise<PostgresLab> {
  const place = run.place("postgres", root);
  const [passwords, data] = ["password", "data"].map((name) => `${place.inside}/${name}`);
  writeFileSync(`${place.outside}/password`, `${password}\n`);
  if (root) await execa("chown", ["-R", await ownerOf(root), place.outside]);
  const setUp = asUser(place, root, "initdb", [
    ...["--pgdata", `${data}`, "--username", USER, "--pwfile", `${passwords}`],
    ...["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"],
  ]);
  await execa(setUp.command, setUp.args, { env: setUp.env, timeout: 60_000, cwd: "/" });
  const login = { host: "127.0.0.1", port, user: USER, password, database: "postgres" };
  const server = await startServer({
    name: "postgres",
    ...asUser(place, root, "postgres", [
      ...["-D", `${data}`, "-p", String(port), "-h", "127.0.0.1", "-k", ""],
      // An unpacked system has no /dev/shm of its own.
      ...["-c", "dynamic_shared_memory_type=mmap"],
    ]),
    log: `${run.logs}/postgres.log`,
    readyWithinMs: 30_000,
    isReady: () => answers(login),
  });
  const { stop } = server;
  return Object.assign(server, login, {
    async stop() {
      // SIGTERM alone waits for every client to leave.
      server.kill("SIGINT");
      await stop();
    },
  });
}

function asUser(place: Place, root: string | undefined, program: string, args: string[]) {
  if (!root) return place.command(program, args);
  const user = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"];
  return place.command("setpriv", [...user, DEBIAN + program, ...args]);
}

/** Numbers: the names are those of the unpacked system, not of this machine. */
async function ownerOf(root: string): Promise<string> {
  const { stdout } = await execa("chroot", [root, "getent", "passwd", USER]);
  const [, , uid, gid] = stdout.split(":");
  return `${uid}:${gid}`;
}

/** It takes connections before it has recovered from a kill, and then only says so. */
async function answers(server: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client({ ...server, connectionTimeoutMillis: 1_000 });
  client.on("error", () => {});
  await client.connect();
  await client.end();
  return true;
}
