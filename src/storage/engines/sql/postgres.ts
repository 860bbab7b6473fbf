import { readFileSync } from "node:fs";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import type { Logger } from "../../../log.ts";
import { formatMailbox } from "../../../model/mailbox.ts";
import type { Backend, Connection } from "./database.ts";
import { Listener } from "./listen.ts";
import type { ColumnTypes } from "./migrations.ts";
import { BoundedPool } from "./pool.ts";
import type { Schema } from "./schema.ts";
import type { DatabaseUrl } from "./url.ts";

export interface PostgresParts {
  readonly server: Extract<DatabaseUrl, { kind: "postgres" }>;
  readonly password: string | undefined;
  readonly tls: boolean;
  /** PEM file. */
  readonly ca: string | undefined;
  readonly maxConnections: number;
  readonly connectMs: number;
  readonly operationMs: number;
  readonly log: Logger;
}

const TYPES: ColumnTypes = {
  bytes: "bytea",
  key: ["bigint", (column) => column.primaryKey().generatedAlwaysAsIdentity()],
};

/** Notices of changes, with the mailbox as their text. */
const CHANNEL = "voxpost";

/** The server is asked to give up first; this much later we do without its answer. */
const GRACE_MS = 1_000;

/** PostgreSQL, shared by as many programs and machines as there are. */
export function postgresBackend(parts: PostgresParts): Backend {
  const { server, maxConnections, connectMs, operationMs } = parts;
  const { host, port, database } = server;
  const name = `postgres://${host.includes("/") ? encodeURIComponent(host) : host}:${port}/${database}`;
  const listener = new Listener({
    name,
    channel: CHANNEL,
    client: () => clientOptions(parts),
    log: parts.log,
  });
  return {
    name,
    types: TYPES,
    prepare: async () => {},
    connect(): Connection {
      const pool = new BoundedPool({
        ...clientOptions(parts),
        max: maxConnections,
        connectionTimeoutMillis: connectMs,
        statement_timeout: operationMs,
        // A program that died, or hangs, must not keep a mailbox locked.
        idle_in_transaction_session_timeout: operationMs,
        query_timeout: operationMs + GRACE_MS,
        onConnect: insistOnDurability,
      });
      const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
      return {
        db,
        good: true,
        async announce(transaction, mailbox) {
          await sql`select pg_notify(${CHANNEL}, ${formatMailbox(mailbox)})`.execute(transaction);
        },
        async close() {
          await Promise.all([listener.close(), db.destroy()]);
        },
      };
    },
    watch: (_, mailbox, onChange, signal) => listener.watch(formatMailbox(mailbox), onChange, signal),
  };
}

function clientOptions({ server, password, tls, ca, connectMs }: PostgresParts): pg.ClientConfig {
  const { host, port, database, user } = server;
  const secret = password ?? server.password;
  return {
    host,
    port,
    database,
    user,
    ...(secret === undefined ? {} : { password: secret }),
    // A Unix socket leaves nothing to encrypt. // pg adds the name to ask for; `host` is what the certificate is compared with, which may be an address.
    ssl: tls &&
      !host.startsWith("/") && { host, ...(ca === undefined ? {} : { ca: readFileSync(ca, "utf8") }) },
    application_name: "voxpost",
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    types: {
      getTypeParser: ((type: number, format: "text") =>
        parserOf(type, format)) as typeof pg.types.getTypeParser,
    },
  };
}

/** As numbers, which reach to 2^53: times, sizes and counts all stay below. */
function parserOf(type: number, format: "text") {
  return type === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(type, format);
}

/** A server may be set to answer before a commit is on its disk. What waits for more than that is left as it is. */
async function insistOnDurability(client: pg.ClientBase): Promise<void> {
  const off = "current_setting('synchronous_commit') = 'off'";
  await client.query(`select set_config('synchronous_commit', 'on', false) where ${off}`);
}
