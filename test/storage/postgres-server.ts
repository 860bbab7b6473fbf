import { chmodSync, chownSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { execa } from "execa";
import pg from "pg";
import { startLab } from "../../lab/lab.ts";
import type { PostgresLab } from "../../lab/postgres.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { recordingLog } from "./samples.ts";

/** A real PostgreSQL with a database for the tests. */
export interface PostgresServer extends Pick<PostgresLab, "kill" | "restart" | "exited" | "port"> {
  /** A number of which no mailbox was used yet; followed by 0 it is another such number. */
  freshNumber(): string;
  /** Engine options; `over` replaces top-level ones. */
  tree(over?: Record<string, unknown>): Record<string, unknown>;
  /** Opened; the caller closes it. */
  engine(over?: Record<string, unknown>): Promise<Engine>;
  /** Gives the server a certificate for 127.0.0.1 of its own making, and returns its path. */
  startTls(): Promise<string>;
  /** Makes an empty database, and returns its URL. */
  database(): Promise<string>;
  /** A connection of a test's own, which ends it. */
  client(): Promise<pg.Client>;
  /** Asks the server in SQL. */
  query(text: string, url?: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export async function startPostgresServer(): Promise<PostgresServer> {
  const lab = await startLab({ servers: ["postgres"] });
  const { postgres } = lab;
  if (!postgres) throw new Error("the lab has no PostgreSQL");
  const { user, host, port, password } = postgres;
  const urlOf = (database: string) => `postgres://${user}@${host}:${port}/${database}`;
  const connect = async (to: string) => {
    const client = new pg.Client(to.replace("@", `:${password}@`));
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const query = async (text: string, to = urlOf(postgres.database)) => {
    const client = await connect(to);
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  let databases = 0;
  const database = async () => {
    const name = `voxpost${databases++}`;
    await query(`create database ${name}`);
    return urlOf(name);
  };
  const url = await database();
  let used = 0;
  const tree = (over: Record<string, unknown> = {}) => ({
    engine: "sql",
    url,
    password,
    tls: "none",
    ...over,
  });
  return {
    port,
    kill: (signal) => postgres.kill(signal),
    restart: () => postgres.restart(),
    get exited() {
      return postgres.exited;
    },
    freshNumber: () => `7${String(used++).padStart(3, "0")}`,
    tree,
    async engine(over) {
      const engine = createEngine(tree(over), { folder: tmpdir(), log: recordingLog().log });
      await engine.open();
      return engine;
    },
    async startTls() {
      const data = `${lab.folder}/postgres/data`;
      const [key, certificate] = [`${data}/server.key`, `${data}/server.crt`];
      await execa("openssl", [
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=voxpost"],
        ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
      ]);
      const { uid, gid } = statSync(data);
      for (const file of [key, certificate]) chownSync(file, uid, gid);
      chmodSync(key, 0o600);
      await query("alter system set ssl = on");
      await postgres.restart();
      return certificate;
    },
    database,
    client: () => connect(url),
    query,
    stop: () => lab.stop(),
  };
}
