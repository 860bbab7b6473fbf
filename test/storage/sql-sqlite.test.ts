import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { type CompiledQuery, Kysely, SqliteDialect, sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Engine } from "../../src/storage/engine.ts";
import {
  countMessages,
  findMessages,
  findParts,
  listMessages,
} from "../../src/storage/engines/sql/listing.ts";
import type { Schema } from "../../src/storage/engines/sql/schema.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { expectWhole, killWriters, starveWriter } from "./crash.ts";
import { atMinute, newId, newMessage, recordingLog, sound, stalled } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };
const ALL = { view: "all", limit: 100 } as const;

let folder: string;
let file: string;
const opened: Engine[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voxpost-sqlite-"));
  file = join(folder, "voicemail.db");
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
  await rm(folder, { recursive: true, force: true });
});

async function openEngine(over: Record<string, unknown> = {}, create = true): Promise<Engine> {
  const tree = { engine: "sql", url: `sqlite://${file}`, ...over };
  const engine = createEngine(tree, { folder, log: recordingLog().log, create });
  await engine.open();
  opened.push(engine);
  return engine;
}

/** Rows of each table, as anybody sees them. */
function rows(): Record<string, number> {
  const database = new SQLite(file, { readonly: true });
  const tables = ["messages", "parts", "chunks", "greetings"];
  const counts = tables.map((table) => [
    table,
    database.prepare(`select count(*) from ${table}`).pluck().get(),
  ]);
  database.close();
  return Object.fromEntries(counts);
}

describe("when programs die, and disks fill", () => {
  const ROUNDS = process.env.VOXPOST_TEST_ALL ? 12 : 3;

  test(`killed in the middle, ${ROUNDS} times: what was acknowledged is there whole, nothing by half`, async () => {
    const acknowledged = await killWriters({ engine: "sql", url: `sqlite://${file}` }, ROUNDS);
    await expectWhole(await openEngine(), acknowledged, ROUNDS);
  }, 120_000);

  test("a full disk says so, and loses nothing that it has", async (context) => {
    const disk = { folder, megabytes: 3, tree: { engine: "sql", url: `sqlite://${file}` }, look: "true" };
    const lines = await starveWriter(context, disk);
    const stored = lines.filter((line) => line.startsWith("stored"));
    expect(stored.length).toBeGreaterThan(1);
    expect(new Set(lines.slice(stored.length))).toEqual(new Set(["failed STORE_FULL"]));
  });

  test("what a killed program had begun is swept after a day", async () => {
    const engine = await openEngine();
    await engine.append("INBOX", newMessage(mailbox));
    await engine.close();
    const database = new SQLite(file);
    const stage = database.prepare(
      "insert into parts (position, kind, content_type, bytes, staged_at) values (0, 'voice', 'audio/wav', 0, ?)",
    );
    const hour = 60 * 60 * 1000;
    for (const age of [25 * hour, 23 * hour]) {
      const { lastInsertRowid } = stage.run(Date.now() - age);
      database.prepare("insert into chunks values (?, 0, ?)").run(lastInsertRowid, Buffer.from("half"));
    }
    database.close();
    await (await openEngine()).check();
    expect(rows()).toMatchObject({ messages: 1, parts: 2, chunks: 2 });
  });

  test("what is cancelled, refused or removed leaves no audio behind", async () => {
    const engine = await openEngine({ max_bytes: 1000 });
    const { source, started } = stalled();
    const controller = new AbortController();
    const audio = [sound("first", { kind: "comment" }), source];
    const appending = engine.append("INBOX", newMessage(mailbox, { audio }), controller.signal);
    await started;
    controller.abort();
    await expect(appending).rejects.toMatchObject({ code: "ABORTED" });
    const large = newMessage(mailbox, { audio: [sound(Buffer.alloc(1001))] });
    await expect(engine.append("INBOX", large)).rejects.toMatchObject({
      code: "STORE_FULL",
      retryable: true,
    });
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio: [sound(Buffer.alloc(999))] }));
    await engine.writeGreeting?.(mailbox, "name", sound("one"));
    await engine.writeGreeting?.(mailbox, "name", sound("two"));
    await engine.removeGreeting?.(mailbox, "name");
    expect(rows()).toEqual({ messages: 1, parts: 1, chunks: 1, greetings: 0 });
    expect(await engine.quota?.(mailbox)).toEqual({ usedBytes: 999, limitBytes: 1000 });
    await engine.remove(ref);
    expect(rows()).toEqual({ messages: 0, parts: 0, chunks: 0, greetings: 0 });
    expect(await engine.quota?.(mailbox)).toEqual({ usedBytes: 0, limitBytes: 1000 });
  });

  test("audio that is removed while it is read ends in an error, never in other audio", async () => {
    const engine = await openEngine();
    const audio = [sound(Buffer.alloc(2_000_000, 1))];
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio }));
    const [part] = await engine.read(ref);
    const chunks = part?.stream[Symbol.asyncIterator]();
    await chunks?.next();
    await engine.remove(ref);
    await engine.append("INBOX", newMessage(mailbox, { audio: [sound(Buffer.alloc(2_000_000, 2))] }));
    const rest = async () => {
      for (;;) {
        const next = await chunks?.next();
        if (!next || next.done) return;
        expect(next.value[0]).toBe(1);
      }
    };
    await expect(rest()).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
  });
});

describe("the file", () => {
  test("is not taken for empty when it is gone, and is opened again when it is back", async () => {
    const engine = await openEngine();
    const { envelope } = await engine.append("INBOX", newMessage(mailbox));
    await rename(file, `${file}.away`);
    await expect(engine.list(mailbox, "INBOX", ALL)).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    await expect(engine.append("INBOX", newMessage(mailbox))).rejects.toMatchObject({ retryable: true });
    expect((await readdir(folder)).filter((name) => name === "voicemail.db")).toEqual([]);
    await rename(`${file}.away`, file);
    const [entry] = (await engine.list(mailbox, "INBOX", ALL)).entries;
    expect(entry?.envelope).toEqual(envelope);
  });

  test("is not made by a command that only looks", async () => {
    const engine = await openEngine({}, false);
    await expect(engine.check()).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    expect(await readdir(folder)).toEqual([]);
    await writeFile(file, "");
    await expect(engine.check()).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  });

  test("that is no database is refused", async () => {
    await writeFile(file, "these are the voyages ".repeat(100));
    const engine = await openEngine();
    await expect(engine.check()).rejects.toMatchObject({ code: "STORE_REFUSED", retryable: true });
    await expect(engine.check()).rejects.toThrow(/voicemail\.db failed: .*no database/);
  });
});

describe("when another program is writing", () => {
  test("waits, and meanwhile this program goes on", async () => {
    const engine = await openEngine();
    await engine.check();
    const other = new SQLite(file);
    other.exec("begin immediate");
    let turns = 0;
    const turning = setInterval(() => turns++, 1);
    const appending = engine.append("INBOX", newMessage(mailbox));
    await expect.poll(() => turns, { timeout: 10_000 }).toBeGreaterThan(20);
    other.exec("commit");
    await appending;
    clearInterval(turning);
    other.close();
  });

  test("does not wait for ever", async () => {
    const engine = await openEngine({ operation_ms: 50 });
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    const other = new SQLite(file);
    other.exec("begin immediate");
    const busy = { code: "STORE_TIMEOUT", retryable: true };
    await expect(engine.append("INBOX", newMessage(mailbox))).rejects.toMatchObject(busy);
    await expect(engine.setFlags(ref, { heard: true })).rejects.toMatchObject(busy);
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 1, old: 0 });
    other.exec("rollback");
    other.close();
    await engine.setFlags(ref, { heard: true });
  });
});

test("counts, pages and searches read by index, and sort nothing", async () => {
  const engine = await openEngine();
  const { ref } = await engine.append("INBOX", newMessage(mailbox));
  const asked: CompiledQuery[] = [];
  const db = new Kysely<Schema>({
    dialect: new SqliteDialect({ database: new SQLite(file, { readonly: true }) }),
    log: ({ query }) => void asked.push(query),
  });
  await countMessages(db, mailbox, "INBOX");
  await listMessages(db, mailbox, "INBOX", { view: "all", limit: 10, after: "1700000000000-7" });
  await listMessages(db, mailbox, "INBOX", { view: "new", limit: 10, after: "1700000000000-7" });
  await findMessages(db, mailbox, { id: newId() });
  await findMessages(db, mailbox, { id: newId(), receivedSince: atMinute(0) });
  await findMessages(db, mailbox, { receivedSince: atMinute(0) });
  await findParts(db, ref);
  const queries = asked.splice(0);
  expect(queries).toHaveLength(9);
  for (const query of queries) {
    const plan = await sql<{ detail: string }>`explain query plan ${raw(query)}`.execute(db);
    const steps = plan.rows.map(({ detail }) => detail).join("; ");
    expect(steps, query.sql).toMatch(/USING (COVERING )?INDEX (sqlite_autoindex_)?messages_/);
    expect(steps, query.sql).not.toMatch(/SCAN/);
    expect(steps, query.sql).not.toMatch(/TEMP B-TREE/);
    expect(steps.includes("messages_message_id"), query.sql).toBe(query.sql.includes('"message_id" ='));
  }
  await db.destroy();
});

/** The query with its values written into it. */
function raw({ sql: text, parameters }: CompiledQuery) {
  const values = [...parameters];
  return sql.raw(
    text.replace(/\?/g, () => {
      const value = values.shift();
      return typeof value === "number" ? String(value) : `'${value}'`;
    }),
  );
}
