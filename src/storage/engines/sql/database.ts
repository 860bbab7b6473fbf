import type { Kysely, Transaction } from "kysely";
import { VoxpostError } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import { orAborted } from "../../signals.ts";
import { toFault } from "./faults.ts";
import { type ColumnTypes, isMade, migrate, migrations } from "./migrations.ts";
import type { Schema } from "./schema.ts";

export type Db = Kysely<Schema>;

/** What SQLite and PostgreSQL do each in its own way; the queries are the same. */
export interface Backend {
  /** For errors and logs: holds no secret. */
  readonly name: string;
  readonly types: ColumnTypes;
  /** Makes local things only. */
  prepare(): Promise<void>;
  /** Connects at the first query. */
  connect(): Connection;
  /** Calls back after each change of the mailbox that any program makes, until the signal aborts. */
  watch(
    database: Database,
    mailbox: MailboxAddress,
    onChange: () => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Room on the disk, where that is this machine's. */
  freeBytes?(): Promise<number>;
}

export interface Connection {
  readonly db: Db;
  /** False when it leads to what is no longer there. */
  readonly good: boolean;
  /** Tells other programs of a change, once the transaction has become visible. */
  announce(transaction: Transaction<Schema>, mailbox: MailboxAddress): Promise<void>;
  close(): Promise<void>;
}

/** The mailbox of a transaction: its row is locked, and its version is this transaction's own. */
export interface Mailbox {
  readonly id: number;
  readonly version: number;
  readonly bytes: number;
}

/** What happens to a mailbox in a transaction. */
export type Change<T> = (transaction: Transaction<Schema>, mailbox: Mailbox) => Promise<T>;

/** The tables, brought up to date at the first use, and connected again when need be. */
export class Database {
  readonly #backend: Backend;
  readonly #create: boolean;
  #current: Connection | undefined;
  #migrated: Promise<void> | undefined;

  constructor(backend: Backend, create: boolean) {
    this.#backend = backend;
    this.#create = create;
  }

  /** Errors become ours, and the signal ends the waiting; what the database has begun may still come to its end. */
  async run<T>(signal: AbortSignal, work: (db: Db, connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await orAborted(this.#run(work), signal);
    } catch (error) {
      throw toFault(error, this.#backend.name);
    }
  }

  /** Changes one mailbox in one transaction; nothing of it is seen before its end, or when it throws. */
  change<T>(signal: AbortSignal, mailbox: MailboxAddress, work: Change<T>): Promise<T> {
    return this.run(signal, (db, connection) =>
      db.transaction().execute(async (transaction) => {
        const result = await work(transaction, await enter(transaction, mailbox));
        await connection.announce(transaction, mailbox);
        return result;
      }),
    );
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    this.#migrated = undefined;
    await current?.close();
  }

  async #run<T>(work: (db: Db, connection: Connection) => Promise<T>): Promise<T> {
    if (this.#current && !this.#current.good) await this.close();
    this.#current ??= this.#backend.connect();
    const connection = this.#current;
    this.#migrated ??= this.#migrate(connection);
    await this.#migrated;
    return work(connection.db, connection);
  }

  async #migrate({ db }: Connection): Promise<void> {
    try {
      const { name, types } = this.#backend;
      if (!this.#create && !(await isMade(db))) {
        throw new VoxpostError("STORE_UNREACHABLE", `${name} has no messages of Voxpost's, and never had`);
      }
      await migrate(db, migrations(types), name);
      await sweep(db);
    } catch (error) {
      this.#migrated = undefined;
      throw error;
    }
  }
}

/** No upload lasts this long, so what is older was left by a program that was killed. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

async function sweep(db: Db): Promise<void> {
  await db
    .deleteFrom("parts")
    .where("staged_at", "<", Date.now() - ABANDONED_MS)
    .execute();
}

/** The first statement of every transaction, so that all that follows happens to this mailbox one after the other. */
async function enter(
  transaction: Transaction<Schema>,
  { context, mailbox }: MailboxAddress,
): Promise<Mailbox> {
  return transaction
    .insertInto("mailboxes")
    .values({ context, mailbox, version: 1, bytes: 0 })
    .onConflict((conflict) =>
      conflict
        .columns(["context", "mailbox"])
        .doUpdateSet((row) => ({ version: row("mailboxes.version", "+", 1) })),
    )
    .returning(["id", "version", "bytes"])
    .executeTakeFirstOrThrow(() => new VoxpostError("INTERNAL", "A mailbox was neither found nor made"));
}
