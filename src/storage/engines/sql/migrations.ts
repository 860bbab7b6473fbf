import { type ColumnDefinitionBuilder, type Kysely, type Migration, Migrator, sql } from "kysely";
import { VoxpostError } from "../../../errors.ts";
import type { Schema } from "./schema.ts";

/** What the databases call differently, of all that the tables need. */
export interface ColumnTypes {
  readonly bytes: "bytea" | "blob";
  /** Counts by itself, and never gives a number twice: whoever reads a removed part must not get another one. */
  readonly key: readonly [
    type: "bigint" | "integer",
    make: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder,
  ];
}

/**
 * Every change that was ever made to the tables, in the order of the names. One that was released is never edited: a
 * change is a new row. Each runs in a transaction, in one program at a time.
 */
export function migrations(types: ColumnTypes): Record<string, Migration> {
  return {
    "0001-tables": { up: (db) => makeTables(db, types) },
    // From here on a part may be a message's extras. The tables are as they were, but an older program would play them.
    "0002-extras": { up: async () => {} },
    "0003-dialplan-context": {
      up: (db) => db.schema.alterTable("messages").addColumn("dialplan_context", "text").execute(),
    },
  };
}

const TABLE = "voxpost_migrations";

/**
 * Makes the tables, or brings them up to date. `name` is the database's.
 * @throws VoxpostError STORE_REFUSED when a newer Voxpost made them
 */
export async function migrate(
  db: Kysely<Schema>,
  known: Record<string, Migration>,
  name: string,
): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => known },
    migrationTableName: TABLE,
    migrationLockTableName: `${TABLE}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const newer = await findNewer(db, known);
  if (newer === undefined) throw error;
  throw new VoxpostError(
    "STORE_REFUSED",
    `${name} was changed by a newer Voxpost (${newer}), which this one could damage: use the newer one`,
    { cause: error },
  );
}

/** Whether any Voxpost made its tables here. */
export async function isMade(db: Kysely<Schema>): Promise<boolean> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  return tables.some(({ name }) => name === TABLE);
}

async function findNewer(db: Kysely<Schema>, known: Record<string, Migration>): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(TABLE)}`.execute(db);
  return rows.map(({ name }) => name).find((name) => !Object.hasOwn(known, name));
}

async function makeTables({ schema }: Kysely<unknown>, { bytes, key }: ColumnTypes): Promise<void> {
  await schema
    .createTable("mailboxes")
    .addColumn("id", ...key)
    .addColumn("context", "text", required)
    .addColumn("mailbox", "text", required)
    .addColumn("version", "bigint", required)
    .addColumn("bytes", "bigint", required)
    .addUniqueConstraint("mailboxes_name", ["context", "mailbox"])
    .execute();

  await schema
    .createTable("messages")
    .addColumn("id", ...key)
    .addColumn("mailbox", "bigint", (column) => column.notNull().references("mailboxes.id"))
    .addColumn("folder", "text", required)
    .addColumn("arrival", "bigint", required)
    .addColumn("message_id", "text", required)
    .addColumn("received_at", "bigint", required)
    .addColumn("duration", "integer", required)
    .addColumn("caller_number", "text")
    .addColumn("caller_name", "text")
    .addColumn("heard", "smallint", required)
    .addColumn("urgent", "smallint", required)
    .addColumn("priority", "smallint", required)
    .addColumn("private", "smallint", required)
    .addColumn("category", "text")
    .addColumn("call_id", "text")
    .addColumn("text", "text")
    .addColumn("bytes", "bigint", required)
    .addColumn("view", "text", (column) => column.notNull().generatedAlwaysAs(VIEW).stored())
    .addUniqueConstraint("messages_key", ["mailbox", "arrival"])
    .execute();
  const index = (name: string) => schema.createIndex(name).on("messages");
  await index("messages_page").columns(["mailbox", "folder", "received_at", "arrival"]).execute();
  await index("messages_view").columns(["mailbox", "folder", "view", "received_at", "arrival"]).execute();
  await index("messages_time").columns(["mailbox", "received_at"]).execute();
  await index("messages_message_id").columns(["mailbox", "message_id", "received_at"]).execute();

  await schema
    .createTable("parts")
    .addColumn("id", ...key)
    .addColumn("message", "bigint", (column) => column.references("messages.id").onDelete("cascade"))
    .addColumn("position", "integer", required)
    .addColumn("kind", "text", required)
    .addColumn("content_type", "text", required)
    .addColumn("duration", "integer")
    .addColumn("bytes", "bigint", required)
    .addColumn("staged_at", "bigint")
    .execute();
  await schema.createIndex("parts_message").on("parts").columns(["message", "position"]).execute();
  await schema
    .createIndex("parts_staged")
    .on("parts")
    .column("staged_at")
    .where(sql.ref("staged_at"), "is not", null)
    .execute();

  await schema
    .createTable("chunks")
    .addColumn("part", "bigint", (column) => column.notNull().references("parts.id").onDelete("cascade"))
    .addColumn("number", "integer", required)
    .addColumn("bytes", sql.raw(bytes), required)
    .addPrimaryKeyConstraint("chunks_key", ["part", "number"])
    .execute();

  await schema
    .createTable("greetings")
    .addColumn("mailbox", "bigint", (column) => column.notNull().references("mailboxes.id"))
    .addColumn("kind", "text", required)
    .addColumn("part", "bigint", (column) => column.notNull().unique().references("parts.id"))
    .addPrimaryKeyConstraint("greetings_key", ["mailbox", "kind"])
    .execute();
}

/** As `view.ts` says it. */
const VIEW = sql`case when heard = 1 then 'old' when urgent = 1 then 'urgent' else 'new' end`;

function required(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder {
  return column.notNull();
}
