import { statSync } from "node:fs";
import { mkdir, open, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import SQLite from "better-sqlite3";
import {
  CompiledQuery,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
} from "kysely";
import { syncFolder } from "../../disk.ts";
import type { Backend, Connection } from "./database.ts";
import type { ColumnTypes } from "./migrations.ts";
import { pollMailbox } from "./poll.ts";
import type { Schema } from "./schema.ts";

export interface SqliteParts {
  readonly path: string;
  /** Longest wait for another program's writing. */
  readonly operationMs: number;
  readonly pollMs: number;
}

const TYPES: ColumnTypes = {
  bytes: "blob",
  key: ["integer", (column) => column.primaryKey().autoIncrement()],
};

/** SQLite in a file of this machine. */
export function sqliteBackend({ path, operationMs, pollMs }: SqliteParts): Backend {
  return {
    name: `sqlite:${path}`,
    types: TYPES,
    async prepare() {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, "a", 0o600);
      await file.close();
      await syncFolder(dirname(path));
    },
    connect: () => connect(path, operationMs),
    async freeBytes() {
      const { bavail, bsize } = await statfs(dirname(path));
      return bavail * bsize;
    },
    watch: (database, mailbox, onChange, signal) =>
      pollMailbox({ database, mailbox, onChange, signal, pollMs }),
  };
}

function connect(path: string, operationMs: number): Connection {
  let opened: { inode: number } | undefined;
  const dialect = new PatientDialect(() => {
    // Never made here: when the disk that should be there is not mounted, no mailbox must look empty.
    const database = new SQLite(path, { fileMustExist: true, timeout: 0 });
    opened = { inode: inodeOf(path) };
    database.pragma("journal_mode = WAL");
    // Each commit is on the disk before it counts; WAL's usual NORMAL loses the last ones in a power cut.
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    return database;
  }, operationMs);
  const db = new Kysely<Schema>({ dialect });
  return {
    db,
    // A file that was removed or replaced (a restored backup) goes on existing for whoever has it open.
    get good() {
      return opened === undefined || inodeOf(path) === opened.inode;
    },
    // A watcher in another program sees for itself.
    announce: async () => {},
    close: () => db.destroy(),
  };
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? -1;
}

class PatientDialect extends SqliteDialect {
  readonly #database: () => SQLite.Database;
  readonly #patienceMs: number;

  constructor(database: () => SQLite.Database, patienceMs: number) {
    super({ database: async () => database() });
    this.#database = database;
    this.#patienceMs = patienceMs;
  }

  override createDriver(): Driver {
    return new PatientDriver(this.#database, this.#patienceMs);
  }

  override createAdapter(): DialectAdapter {
    return new TransactionalAdapter();
  }
}

/** SQLite can change tables in a transaction, so that a program that is killed leaves no half of a migration. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/**
 * Waits for other programs' writing without stopping this one: SQLite's own busy timeout would hold up every call that
 * the program serves.
 */
class PatientDriver extends SqliteDriver {
  readonly #patienceMs: number;

  constructor(database: () => SQLite.Database, patienceMs: number) {
    super({ database: async () => database() });
    this.#patienceMs = patienceMs;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    const patienceMs = this.#patienceMs;
    return {
      executeQuery: (query) => patiently(patienceMs, () => connection.executeQuery(query)),
      streamQuery: (query, size) => connection.streamQuery(query, size),
    };
  }

  /** With the right to write from the start: one that is asked for half way may be refused. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }
}

const PAUSE_MS = 5;

async function patiently<T>(patienceMs: number, attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const busy = error instanceof SQLite.SqliteError && error.code.startsWith("SQLITE_BUSY");
      if (!busy || Date.now() > end) throw error;
      await wait(PAUSE_MS * (1 + Math.random()));
    }
  }
}
