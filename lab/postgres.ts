import { writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { execa } from "execa";
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
  const server = await startServer({
    name: "postgres",
    ...asUser(place, root, "postgres", [
      ...["-D", `${data}`, "-p", String(port), "-h", "127.0.0.1", "-k", ""],
      // An unpacked system has no /dev/shm of its own.
      ...["-c", "dynamic_shared_memory_type=mmap"],
    ]),
    log: `${run.logs}/postgres.log`,
    readyWithinMs: 30_000,
    isReady: () => answers(port),
  });
  return Object.assign(server, { host: "127.0.0.1", port, user: USER, password, database: "postgres" });
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

/** A question about TLS (SSLRequest) is answered with one letter, but only by a server that has come up. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () =>
      socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])),
    );
    socket.setTimeout(1_000, () => socket.destroy(new Error(`no answer from port ${port} within 1 s`)));
    socket.once("error", reject);
    socket.once("data", (data) => {
      resolve(data[0] === "N".charCodeAt(0) || data[0] === "S".charCodeAt(0));
      socket.destroy();
    });
  });
}
