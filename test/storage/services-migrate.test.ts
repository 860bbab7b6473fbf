import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Flags } from "../../src/model/message.ts";
import type { Engine, Entry } from "../../src/storage/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { same } from "../../src/storage/layers/layer.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { Journal } from "../../src/storage/services/migrate/journal.ts";
import {
  type MigrateOptions,
  type MigrateResult,
  migrate,
} from "../../src/storage/services/migrate/migrate.ts";
import { newMessage, recordingLog, sound } from "./samples.ts";
import { ALICE, BOB, contentsOf, reporting, told } from "./services.ts";

const LONG = process.env.VOXPOST_TEST_ALL !== undefined;
const MANY = LONG ? 10_000 : 300;

let folder: string;
const opened: Engine[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voxpost-migrate-"));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
  await rm(folder, { recursive: true, force: true });
});

async function open(tree: Record<string, unknown>): Promise<Engine> {
  const engine = createEngine(tree, { log: recordingLog().log, folder });
  opened.push(engine);
  await engine.open();
  return engine;
}

const TREES = {
  memory: { engine: "memory" },
  file: { engine: "file", path: "target" },
  sql: { engine: "sql", url: "sqlite:target.db" },
};

async function run(
  options: Partial<MigrateOptions> & Pick<MigrateOptions, "from" | "to">,
): Promise<MigrateResult & { findings: unknown[] }> {
  const { report, findings } = reporting();
  const path = join(folder, "journal");
  const names = { from: "one", to: "other" };
  const journal = await (options.dryRun ? Journal.look(path, names) : Journal.open(path, names));
  try {
    return { ...(await migrate({ journal, mailboxes: told, report, ...options })), findings };
  } finally {
    journal.close();
  }
}

async function fill(engine: Engine): Promise<void> {
  const caller = { number: "+49 30 1", name: 'Zoë "Z" 李\r\nX: y' };
  await engine.append("INBOX", newMessage(ALICE, { caller, urgent: true, text: "Call me.\nZ" }));
  await engine.append(
    "INBOX",
    newMessage(BOB, { heard: true, private: true, category: "sales", callId: "1.2" }),
  );
  const comment = sound("forwarded to you", { kind: "comment", contentType: "audio/gsm" });
  await engine.append(
    "Work",
    newMessage(ALICE, { audio: [comment, sound(Buffer.alloc(70_000, 7))], priority: true }),
  );
  await engine.append("Trash", newMessage(BOB, { caller: {} }));
  await engine.writeGreeting?.(ALICE, "unavailable", sound("nobody is here"));
  await engine.writeGreeting?.(BOB, "name", sound("Bob", { contentType: "audio/gsm" }));
}

describe.each(Object.keys(TREES) as Array<keyof typeof TREES>)("migrate to %s", (kind) => {
  test("everything is there, as it was, and FROM is untouched", async () => {
    const from = await open({ engine: "memory" });
    await fill(from);
    const before = await contentsOf(from);
    const to = await open(TREES[kind]);
    expect(await run({ from, to })).toMatchObject({
      messages: 4,
      copied: 4,
      failed: 0,
      settled: true,
      findings: [],
    });
    expect(await contentsOf(to)).toEqual(before);
    expect(await contentsOf(from)).toEqual(before);
    expect(await run({ from, to })).toMatchObject({ copied: 0, failed: 0, settled: true, findings: [] });
    expect(await contentsOf(to)).toEqual(before);
  });
});

test(
  `${MANY} messages, while new ones arrive, are heard, moved and purged, and greetings change`,
  async () => {
    const from = await open({ engine: "file", path: "source" });
    const to = await open(TREES.sql);
    for (let index = 0; index < MANY; index++) {
      await from.append(
        index % 7 ? "INBOX" : "Work",
        newMessage(index % 3 ? ALICE : BOB, { audio: [sound(`voice ${index}`)] }),
      );
    }
    await from.writeGreeting?.(ALICE, "temporary", sound("on holiday"));
    // Every tenth message that is looked at in the first passes changes something, in either mailbox and any folder.
    const purged = new Set<string>();
    let steps = 0;
    let due = 0;
    const { report, findings } = reporting(() => {
      due++;
    });
    let ended = false;
    const owner = (async () => {
      while (!ended && steps < MANY / 5) {
        if (due < steps * 10) {
          await new Promise((resolve) => setImmediate(resolve));
          continue;
        }
        await disturb(from, steps++, purged);
      }
    })();
    const journal = await Journal.open(join(folder, "journal"), { from: "a", to: "b" });
    const result = await migrate({ from, to, journal, mailboxes: told, report, skipSpace: true });
    ended = true;
    await owner;
    expect(steps).toBeGreaterThan(MANY / 20);
    expect(findings).toEqual([]);
    expect(result.failed).toBe(0);
    // What an administrator does after the switch: once more.
    const last = await migrate({ from, to, journal, mailboxes: told, report, skipSpace: true });
    journal.close();
    expect(last).toMatchObject({ failed: 0, settled: true });
    const [source, target] = [await contentsOf(from), await contentsOf(to)];
    expect(without(target, purged)).toEqual(without(source, purged));
    // Purged in the first half, so there was a pass after it: one after the last pass would not follow.
    const astray = (await allIn(to)).filter(({ folder, id }) => purged.has(id) && folder !== "Trash");
    expect(astray).toEqual([]);
  },
  LONG ? 1_800_000 : 60_000,
);

/** One change as callers and owners make them. */
async function disturb(from: Engine, step: number, purged: Set<string>): Promise<void> {
  const mailbox = step % 2 ? ALICE : BOB;
  const { entries } = await from.list(mailbox, "INBOX", { view: "all", limit: 50 });
  const entry = entries[(step * 13) % Math.max(1, entries.length)];
  if (step % 5 === 0 || !entry)
    await from.append("INBOX", newMessage(mailbox, { audio: [sound(`late ${step}`)] }));
  else if (step % 5 === 1) await from.setFlags(entry.ref, { heard: true });
  else if (step % 5 === 2) await from.move(entry.ref, "Family");
  else if (step % 5 === 3 && step < MANY / 10) {
    purged.add(entry.envelope.id);
    await from.remove(entry.ref);
  } else if (step < 10) await from.writeGreeting?.(ALICE, "busy", sound(`busy ${step}`));
  else await from.removeGreeting?.(ALICE, "temporary");
}

interface Contents {
  readonly messages: ReadonlyArray<{ readonly id: string; readonly folder: string }>;
}

async function allIn(engine: Engine) {
  return ((await contentsOf(engine)) as Contents[]).flatMap(({ messages }) => messages);
}

function without(contents: unknown[], ids: ReadonlySet<string>): unknown[] {
  return (contents as Contents[]).map(({ messages, ...rest }) => ({
    ...rest,
    messages: messages.filter(({ id }) => !ids.has(id)),
  }));
}

describe("what owners purge in FROM", () => {
  /** A migration of ten messages, run to its end. */
  async function migrated() {
    const from = await open({ engine: "memory" });
    const to = await open(TREES.file);
    for (let index = 0; index < 10; index++) await from.append("INBOX", newMessage(ALICE));
    await from.append("INBOX", newMessage(BOB));
    await run({ from, to });
    return { from, to, purge: (entries: readonly Entry[]) => removeAll(from, entries) };
  }

  test("goes to the trash in TO, when it is deleted while the passes run and also in the very last moment", async () => {
    const data = new MemoryData();
    const from = new MemoryEngine(data);
    const to = await open(TREES.file);
    for (let index = 0; index < 60; index++) {
      await from.append(index % 3 ? "INBOX" : "Work", newMessage(index % 2 ? ALICE : BOB));
    }
    // Another program on the same store, which deletes all the time until the migration has ended.
    const owner = new MemoryEngine(data);
    const purged = new Set<string>();
    let ended = false;
    const deleting = (async () => {
      while (!ended) {
        for (const mailbox of [ALICE, BOB]) {
          const entries = await owner.find(mailbox, {});
          const one = entries.length > 5 ? entries[purged.size % entries.length] : undefined;
          if (one) {
            await owner.remove(one.ref);
            purged.add(one.envelope.id);
          }
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const first = await run({ from, to, skipSpace: true });
    ended = true;
    await deleting;
    expect(purged.size).toBeGreaterThan(20);
    expect(first).toMatchObject({ failed: 0, findings: [] });
    // The run after the switch, which everybody makes.
    expect(await run({ from, to, skipSpace: true })).toMatchObject({
      failed: 0,
      settled: true,
      findings: [],
    });
    const target = await allIn(to);
    expect(target.filter(({ folder, id }) => purged.has(id) && folder !== "Trash")).toEqual([]);
    const kept = target.filter(({ id }) => !purged.has(id));
    expect(kept).toEqual(expect.arrayContaining(await allIn(from)));
    expect(kept).toHaveLength((await allIn(from)).length);
  });

  test("after the last pass follows in the next run, unless its owner has touched it in TO", async () => {
    const { from, to, purge } = await migrated();
    const [heard, untouched] = (await from.find(ALICE, {})).slice(2, 4);
    for (const { ref } of await to.find(ALICE, { id: heard?.envelope.id ?? "" })) {
      await to.setFlags(ref, { heard: true });
    }
    await purge([heard, untouched].flatMap((entry) => entry ?? []));
    expect(await run({ from, to })).toMatchObject({ failed: 0, settled: true, findings: [] });
    const folders = new Map((await to.find(ALICE, {})).map(({ ref, envelope }) => [envelope.id, ref.folder]));
    expect(folders.get(untouched?.envelope.id ?? "")).toBe("Trash");
    expect(folders.get(heard?.envelope.id ?? "")).toBe("INBOX");
    expect([...folders.values()].filter((folder) => folder === "INBOX")).toHaveLength(9);
  });

  test("is not taken for what is gone with a store that was given up", async () => {
    const from = await open({ engine: "file", path: "source" });
    const to = await open({ engine: "memory" });
    for (let index = 0; index < 10; index++) await from.append("INBOX", newMessage(ALICE));
    await run({ from, to });
    await removeAll(from, await from.find(ALICE, {}));
    const { findings } = await run({ from, to });
    expect(findings).toMatchObject([
      { kind: "note", where: "1001@default", what: expect.stringMatching(/^10 messages/) },
    ]);
    expect((await to.find(ALICE, {})).map(({ ref }) => ref.folder)).toEqual(Array(10).fill("INBOX"));
  });

  test("is not taken for what --remove took away, and an older journal did not tell that", async () => {
    const { from, to } = await migrated();
    const old = join(folder, "journal", "journal.json");
    await run({ from, to, remove: true });
    const late = await from.append("INBOX", newMessage(ALICE));
    await run({ from, to });
    await run({ from, to });
    expect((await to.find(ALICE, {})).map(({ ref }) => ref.folder)).toEqual(Array(11).fill("INBOX"));
    // As a version that did not write it down has left it.
    await writeFile(old, (await readFile(old, "utf8")).replace('"version":2', '"version":1'));
    const path = join(folder, "journal", "default", "1001.jsonl");
    await writeFile(path, (await readFile(path, "utf8")).replaceAll('"removed"', '"copied"'));
    await run({ from, to });
    expect((await to.find(ALICE, {})).map(({ ref }) => ref.folder)).toEqual(Array(11).fill("INBOX"));
    expect(late.ref.folder).toBe("INBOX");
  });

  test("follows also when it was the last of its mailbox", async () => {
    const from = await open({ engine: "memory" });
    const to = await open({ engine: "memory" });
    const { envelope } = await from.append("INBOX", newMessage(ALICE));
    const emptied: Engine = {
      ...same(to),
      async append(at, message, signal) {
        const entry = await to.append(at, message, signal);
        setImmediate(() => from.find(ALICE, {}).then((entries) => removeAll(from, entries)));
        return entry;
      },
    };
    await run({ from, to: emptied });
    expect(await from.find(ALICE, {})).toEqual([]);
    expect((await to.find(ALICE, { id: envelope.id })).map(({ ref }) => ref.folder)).not.toContain("INBOX");
  });

  test("takes with it half a copy that a killed run left", async () => {
    const { from, to, purge } = await migrated();
    const path = join(folder, "journal", "default", "1001.jsonl");
    await writeFile(path, (await readFile(path, "utf8")).replaceAll('"copied"', '"copying"'));
    const [first, ...others] = await from.find(ALICE, {});
    await purge(first ? [first] : []);
    expect(await run({ from, to })).toMatchObject({ failed: 0, settled: true, findings: [] });
    const [gone] = await to.find(ALICE, { id: first?.envelope.id ?? "" });
    expect(gone?.ref.folder).toBe("Trash");
    expect(await to.find(ALICE, { folders: ["INBOX"] })).toHaveLength(others.length);
  });
});

async function removeAll(engine: Engine, entries: readonly Entry[]): Promise<void> {
  for (const { ref } of entries) await engine.remove(ref);
}

test("a dry run changes nothing, makes nothing, and tells what would be copied", async () => {
  const from = await open({ engine: "memory" });
  await fill(from);
  const to = createEngine(TREES.file, { log: recordingLog().log, folder, create: false });
  await to.open();
  expect(await run({ from, to, dryRun: true })).toMatchObject({ messages: 4, copied: 4, failed: 0 });
  expect(await readdir(folder)).toEqual([]);
});

test("remove takes away only what is the same in both", async () => {
  const from = await open({ engine: "memory" });
  await fill(from);
  const before = await contentsOf(from);
  const odd = newMessage(ALICE, { audio: [sound("said in FROM")] });
  await from.append("INBOX", odd);
  const to = await open(TREES.file);
  await to.append("INBOX", { ...odd, audio: [sound("said in TO")] });
  const { findings, ...result } = await run({ from, to, remove: true });
  expect(result).toMatchObject({ copied: 4, failed: 1, removed: 4 });
  expect(findings).toMatchObject([
    { kind: "fault", what: expect.stringContaining("other audio") },
    { kind: "fault", what: expect.stringContaining("is not removed") },
  ]);
  const [left] = await from.find(ALICE, {});
  expect(left?.envelope.id).toBe(odd.id);
  for (const entry of await to.find(ALICE, { id: odd.id })) await to.remove(entry.ref);
  expect(await contentsOf(to)).toEqual(before);
});

test("nothing is begun when FROM cannot be removed from", async () => {
  const inner = await open({ engine: "memory" });
  await fill(inner);
  const from: Engine = { ...same(inner), capabilities: { ...inner.capabilities, writable: false } };
  const to = await open({ engine: "memory" });
  await expect(run({ from, to, remove: true })).rejects.toMatchObject({ code: "UNSUPPORTED" });
  expect(await to.find(ALICE, {})).toEqual([]);
  expect(await run({ from, to })).toMatchObject({ copied: 4, failed: 0 });
});

test("a copy that is read back otherwise is removed, and FROM keeps the message", async () => {
  const from = await open({ engine: "memory" });
  await fill(from);
  const inner = await open({ engine: "memory" });
  const to: Engine = {
    ...same(inner),
    append: (at, message, signal) =>
      inner.append(at, { ...message, audio: message.audio.map((source) => flipped(source)) }, signal),
  };
  const { findings, ...result } = await run({ from, to, remove: true });
  expect(result).toMatchObject({ copied: 0, failed: 4, removed: 0 });
  expect(findings).toHaveLength(4);
  expect(await inner.find(ALICE, {})).toEqual([]);
  expect(await from.find(ALICE, {})).toHaveLength(2);
});

function flipped<T extends { open(signal?: AbortSignal): Promise<Readable> }>(source: T): T {
  return {
    ...source,
    async open(signal?: AbortSignal) {
      const chunks: Buffer[] = [];
      for await (const chunk of await source.open(signal)) chunks.push(Buffer.from(chunk));
      const bytes = Buffer.concat(chunks);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      return Readable.from([bytes], { objectMode: false });
    },
  };
}

test("an owner's marks in TO after the switch are not undone by FROM, which is older", async () => {
  const from = await open({ engine: "memory" });
  await fill(from);
  const to = await open(TREES.file);
  await run({ from, to });
  const marked: Flags = { heard: true, urgent: false };
  for (const entry of await to.find(ALICE, {})) await to.setFlags(entry.ref, marked);
  await to.writeGreeting?.(ALICE, "unavailable", sound("a new one"));
  await from.append("INBOX", newMessage(ALICE));
  const after = await contentsOf(to, [BOB]);
  expect(await run({ from, to })).toMatchObject({ copied: 1, failed: 0 });
  const entries = await to.find(ALICE, {});
  expect(entries.filter(({ envelope }) => envelope.heard)).toHaveLength(2);
  expect(entries).toHaveLength(3);
  expect(await contentsOf(to, [BOB])).toEqual(after);
  const greeting = await to.readGreeting?.(ALICE, "unavailable");
  expect((await greeting?.stream.toArray())?.toString()).toBe("a new one");
});

test("another greeting that TO has already stays, unless it is to be replaced", async () => {
  const from = await open({ engine: "memory" });
  await fill(from);
  const to = await open(TREES.file);
  await to.writeGreeting?.(ALICE, "unavailable", sound("older"));
  const { findings } = await run({ from, to });
  expect(findings).toMatchObject([{ kind: "note", where: '1001@default greeting "unavailable"' }]);
  const read = async () =>
    (await (await to.readGreeting?.(ALICE, "unavailable"))?.stream.toArray())?.toString();
  expect(await read()).toBe("older");
  await rm(join(folder, "journal"), { recursive: true });
  await run({ from, to, overwriteGreetings: true });
  expect(await read()).toBe("nobody is here");
});

test("two messages that share an id by mistake are told, and never taken for one", async () => {
  const from = await open({ engine: "memory" });
  const message = newMessage(ALICE);
  await from.append("INBOX", message);
  await from.append("Work", { ...message, audio: [sound("somebody else")] });
  const to = await open({ engine: "memory" });
  const { findings, copied, settled } = await run({ from, to, remove: true });
  expect({ copied, settled }).toEqual({ copied: 1, settled: true });
  expect(findings).toEqual(expect.arrayContaining([expect.objectContaining({ kind: "fault" })]));
  expect(await from.find(ALICE, {})).toHaveLength(1);
});

test("what does not fit is refused before anything is copied", async () => {
  const from = await open({ engine: "memory" });
  for (let index = 0; index < 5; index++) {
    await from.append("INBOX", newMessage(ALICE, { audio: [sound(Buffer.alloc(50_000))] }));
  }
  const small = await open({ engine: "memory", max_bytes: 100_000 });
  await expect(run({ from, to: small })).rejects.toMatchObject({ code: "STORE_FULL" });
  const tight: Engine = { ...same(await open({ engine: "memory" })), freeBytes: async () => 100_000 };
  await expect(run({ from, to: tight })).rejects.toMatchObject({ code: "STORE_FULL" });
  expect(await small.find(ALICE, {})).toEqual([]);
});

test("a full store stops it; with room it goes on", async () => {
  const from = await open({ engine: "memory" });
  for (let index = 0; index < 5; index++) {
    await from.append("INBOX", newMessage(ALICE, { audio: [sound(Buffer.alloc(50_000))] }));
  }
  const data = new MemoryData();
  const small = new MemoryEngine(data, 120_000);
  await expect(run({ from, to: small, skipSpace: true })).rejects.toMatchObject({ code: "STORE_FULL" });
  expect(await small.find(ALICE, {})).toHaveLength(2);
  const roomy = new MemoryEngine(data);
  expect(await run({ from, to: roomy })).toMatchObject({ copied: 3, failed: 0, settled: true });
  expect(await contentsOf(roomy)).toEqual(await contentsOf(from));
});

test("it stops when it is told to, and the next run goes on", async () => {
  const from = await open({ engine: "memory" });
  for (let index = 0; index < 40; index++) await from.append("INBOX", newMessage(ALICE));
  const to = await open(TREES.file);
  const stop = new AbortController();
  const { report } = reporting((done) => (done === 15 ? stop.abort() : undefined));
  const stopped = run({ from, to, report, skipSpace: true, signal: stop.signal });
  await expect(stopped).rejects.toMatchObject({ code: "ABORTED" });
  const some = (await to.find(ALICE, {})).length;
  expect(some).toBeGreaterThan(5);
  expect(some).toBeLessThan(40);
  expect(await run({ from, to })).toMatchObject({ failed: 0, settled: true });
  expect(await contentsOf(to)).toEqual(await contentsOf(from));
});

test("a journal is one migration's alone, and a torn line in it costs nothing", async () => {
  const path = join(folder, "journal");
  const journal = await Journal.open(path, { from: "one", to: "other" });
  await expect(Journal.open(path, { from: "one", to: "other" })).rejects.toMatchObject({ code: "LOCKED" });
  journal.close();
  await expect(Journal.open(path, { from: "x", to: "other" })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
  await writeFile(join(path, "journal.json"), '{"version":3,"from":"one","to":"other"}');
  await expect(Journal.open(path, { from: "one", to: "other" })).rejects.toThrow("version 3");
  await writeFile(join(path, "journal.json"), '{"version":1,"from":"one","to":"other"}');

  const from = await open({ engine: "memory" });
  await fill(from);
  const to = await open({ engine: "memory" });
  await run({ from, to });
  await writeFile(join(path, "default", "1001.jsonl"), '{"id":"', { flag: "a" });
  await from.append("INBOX", newMessage(ALICE));
  expect(await run({ from, to })).toMatchObject({ copied: 1, failed: 0, settled: true });
  expect(await run({ from, to })).toMatchObject({ copied: 0, failed: 0, settled: true });
  expect(await contentsOf(to)).toEqual(await contentsOf(from));
});
