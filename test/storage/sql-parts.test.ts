import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import SQLite from "better-sqlite3";
import fc from "fast-check";
import type { Kysely, Migration } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Connection, Database } from "../../src/storage/engines/sql/database.ts";
import { SqlEngine } from "../../src/storage/engines/sql/engine.ts";
import { toFault } from "../../src/storage/engines/sql/faults.ts";
import { migrate, migrations } from "../../src/storage/engines/sql/migrations.ts";
import { postgresBackend } from "../../src/storage/engines/sql/postgres.ts";
import { sqliteBackend } from "../../src/storage/engines/sql/sqlite.ts";
import { fromStored, toStored } from "../../src/storage/engines/sql/text.ts";
import { parseDatabaseUrl } from "../../src/storage/engines/sql/url.ts";
import { engineFaults } from "../../src/storage/registry.ts";
import { type PostgresServer, startPostgresServer } from "./postgres-server.ts";
import { idsOf, newMessage, recordingLog } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };

let server: PostgresServer;
let folder: string;
beforeAll(async () => {
  server = await startPostgresServer();
  folder = await mkdtemp(join(tmpdir(), "voxpost-sql-"));
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A backend on an empty database of each kind, and the configuration that leads to the same. */
const KINDS = {
  async SQLite() {
    const path = join(folder, `${Math.random()}.db`);
    const backend = sqliteBackend({ path, operationMs: 5_000, pollMs: 1_000 });
    await backend.prepare();
    return { backend, tree: { engine: "sql", url: `sqlite://${path}` } };
  },
  async PostgreSQL() {
    const tree = server.tree({ url: await server.database() });
    const url = parseDatabaseUrl(String(tree.url));
    if (url?.kind !== "postgres") throw new Error("unreachable");
    const backend = postgresBackend({
      server: url,
      password: String(tree.password),
      tls: false,
      ca: undefined,
      maxConnections: 5,
      connectMs: 5_000,
      operationMs: 10_000,
      log: recordingLog().log,
    });
    return { backend, tree };
  },
} as const;

describe.each(Object.entries(KINDS))("tables on %s", (_, make) => {
  test("are made once, however many programs begin at once", async () => {
    const { backend } = await make();
    const databases = Array.from({ length: 5 }, () => new Database(backend, true));
    const counts = databases.map((database) =>
      database.run(new AbortController().signal, (db) => db.selectFrom("messages").select("id").execute()),
    );
    expect(await Promise.all(counts)).toEqual([[], [], [], [], []]);
    await Promise.all(databases.map((database) => database.close()));
  });

  test("of an older version are brought up to date with all that is in them; newer ones are refused", async () => {
    const { backend } = await make();
    const engine = new SqlEngine({ backend, log: recordingLog().log });
    await engine.open();
    const { envelope } = await engine.append("INBOX", newMessage(mailbox));
    await engine.close();

    const known = migrations(backend.types);
    const add: Migration = {
      up: (db: Kysely<unknown>) =>
        db.schema
          .alterTable("messages")
          .addColumn("mood", "text", (column) => column.notNull().defaultTo("calm"))
          .execute(),
    };
    const broken: Migration = {
      async up(db: Kysely<unknown>) {
        await db.schema.alterTable("messages").addColumn("half", "text").execute();
        await db.schema.alterTable("nothing").addColumn("half", "text").execute();
      },
    };
    await withConnection(backend.connect(), async ({ db }) => {
      const torn = migrate(db, { ...known, "9999-half": broken }, "it");
      await expect(torn).rejects.toThrow(/nothing/);
      await migrate(db, { ...known, "9999-mood": add }, "it");
      await migrate(db, { ...known, "9999-mood": add }, "it");
      const [row] = await db.selectFrom("messages").selectAll().execute();
      expect(row).toMatchObject({ message_id: envelope.id, mood: "calm" });
      expect(row).not.toHaveProperty("half");
    });

    const older = new SqlEngine({ backend, log: recordingLog().log });
    await older.open();
    const refused = { code: "STORE_REFUSED", message: expect.stringContaining("9999-mood") };
    await expect(older.append("INBOX", newMessage(mailbox))).rejects.toMatchObject(refused);
    await older.close();
  });

  test("tell which mailboxes have something, by pages", async () => {
    const { backend } = await make();
    const engine = new SqlEngine({ backend, log: recordingLog().log });
    await engine.open();
    await engine.append("Work", newMessage(mailbox));
    const gone = await engine.append("INBOX", newMessage({ mailbox: "1002", context: "default" }));
    await engine.remove(gone.ref);
    const found = [];
    for await (const each of engine.mailboxes()) found.push(each);
    expect(found).toEqual([mailbox]);
    expect(idsOf(await engine.find(mailbox, {}))).toHaveLength(1);
    await engine.close();
  });

  const megabytes = process.env.VOXPOST_TEST_ALL ? 100 : 40;
  test(`take and give ${megabytes} MB without holding it`, async () => {
    const { tree } = await make();
    const script = fileURLToPath(new URL("stream.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--expose-gc", "--import", "tsx", script, String(megabytes)],
      { env: { ...process.env, VOXPOST_TREE: JSON.stringify(tree) } },
    );
    const { read, growth } = JSON.parse(stdout) as { read: number; growth: { in: number; out: number } };
    expect(read).toBe(megabytes * 2 ** 20);
    expect(Math.max(growth.in, growth.out)).toBeLessThan(30);
  }, 60_000);
});

async function withConnection(connection: Connection, work: (connection: Connection) => Promise<void>) {
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}

test("any text comes back as it was, and as text that both databases take", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const stored = toStored(text);
      expect(fromStored(stored)).toBe(text);
      expect(stored).not.toContain("\0");
      expect(Buffer.from(stored).toString()).toBe(stored);
    }),
  );
  const awkward = "\ud83d \\0000 \\\\ \\d83d \0\udc00";
  expect(fromStored(toStored(awkward))).toBe(awkward);
});

test.each([
  ["sqlite:///srv/vm.db", { kind: "sqlite", path: "/srv/vm.db" }],
  ["sqlite:vm.db", { kind: "sqlite", path: "vm.db" }],
  ["sqlite:../a b.db", { kind: "sqlite", path: "../a b.db" }],
  ["sqlite:", undefined],
  ["sqlite::memory:", undefined],
  ["sqlite://host/vm.db", undefined],
  ["sqlite:///vm.db?mode=ro", undefined],
  [
    "postgres://ann@db.example.org/voxpost",
    {
      kind: "postgres",
      host: "db.example.org",
      port: 5432,
      user: "ann",
      database: "voxpost",
      password: undefined,
    },
  ],
  [
    "postgresql://ann:a%40b@[::1]:6000/vox%20post",
    { kind: "postgres", host: "::1", port: 6000, user: "ann", database: "vox post", password: "a@b" },
  ],
  [
    "postgres://ann@%2Frun%2Fpostgresql/voxpost",
    {
      kind: "postgres",
      host: "/run/postgresql",
      port: 5432,
      user: "ann",
      database: "voxpost",
      password: undefined,
    },
  ],
  ["postgres://ann@db/voxpost?sslmode=disable", undefined],
  ["postgres://db/voxpost", undefined],
  ["postgres://ann@db", undefined],
  ["mysql://ann@db/voxpost", undefined],
])("the url %s", (text, parsed) => {
  expect(parseDatabaseUrl(text)).toEqual(parsed);
  const faults = engineFaults({ engine: "sql", url: text });
  expect(faults).toHaveLength(parsed ? 0 : 1);
  expect(faults.join()).not.toContain("ann");
});

const coded = (code: string, message = "said") => Object.assign(new Error(message), { code });
test.each([
  [new SQLite.SqliteError("database or disk is full", "SQLITE_FULL"), "STORE_FULL", true],
  [new SQLite.SqliteError("locked", "SQLITE_BUSY_SNAPSHOT"), "STORE_TIMEOUT", true],
  [new SQLite.SqliteError("read-only", "SQLITE_READONLY_DBMOVED"), "STORE_REFUSED", true],
  [new SQLite.SqliteError("constraint", "SQLITE_CONSTRAINT_NOTNULL"), "STORE_REFUSED", false],
  [new SQLite.SqliteError("disk I/O error", "SQLITE_IOERR_READ"), "STORE_UNREACHABLE", true],
  [new SQLite.SqliteError("cannot open", "SQLITE_CANTOPEN"), "STORE_UNREACHABLE", true],
  [coded("53100"), "STORE_FULL", true],
  [coded("53300"), "STORE_UNREACHABLE", true],
  [coded("57014"), "STORE_TIMEOUT", true],
  [coded("57P01"), "STORE_UNREACHABLE", true],
  [coded("40P01"), "STORE_UNREACHABLE", true],
  [coded("08006"), "STORE_UNREACHABLE", true],
  [coded("23502"), "STORE_REFUSED", false],
  [coded("22021"), "STORE_REFUSED", false],
  [coded("25006"), "STORE_REFUSED", true],
  [coded("ECONNREFUSED"), "STORE_UNREACHABLE", true],
  [coded("CERT_HAS_EXPIRED"), "STORE_REFUSED", true],
  [new Error("timeout exceeded when trying to connect"), "STORE_TIMEOUT", true],
  [new Error("Query read timeout"), "STORE_TIMEOUT", true],
  [new Error("Connection terminated unexpectedly"), "STORE_UNREACHABLE", true],
])("%s is %s", (error, code, retryable) => {
  expect(toFault(error, "it")).toMatchObject({ code, retryable, cause: error });
});
