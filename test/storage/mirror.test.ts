import { afterEach, beforeEach, expect, test } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import { FOLDERS } from "../../src/model/folder.ts";
import { createMirror } from "../../src/storage/compose/mirror/engine.ts";
import type { MirrorOptions } from "../../src/storage/compose/mirror/options.ts";
import type { Engine, Ref } from "../../src/storage/engine.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { createPins } from "../../src/storage/pins.ts";
import { mirrorOf, newSite, type Site } from "./composites.ts";
import { type Faulty, faulty } from "./faulty.ts";
import { bytesOf, idsOf, newMessage, recordingLog, sound } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };
const ALL = { view: "all", limit: 100 } as const;
const UNREACHABLE = { code: "STORE_UNREACHABLE" };
const UNREACHABLE_ERROR = new VoxpostError("STORE_UNREACHABLE", "the line was cut");

let site: Site;
let primary: Faulty;
let replica: Faulty;
beforeEach(async () => {
  site = await newSite();
  primary = faulty(site.memory("primary"));
  replica = faulty(site.memory("replica"));
});
afterEach(() => site.dispose());

function open(write: MirrorOptions["write"] = 1): Engine {
  return mirrorOf([primary.engine, replica.engine], site.marks, write);
}

/** What an engine has, to the last flag. */
async function stateOf(engine: Engine): Promise<unknown> {
  const state = [];
  for (const folder of FOLDERS) {
    const { entries } = await engine.list(mailbox, folder, ALL);
    for (const { envelope, ref } of entries) {
      const parts = [];
      for (const { stream, kind } of await engine.read(ref))
        parts.push(kind, (await bytesOf(stream)).toString());
      state.push({ envelope, parts });
    }
  }
  const greeting = await engine.readGreeting?.(mailbox, "busy");
  return { state, greeting: greeting && (await bytesOf(greeting.stream)).toString() };
}

async function repaired(engine: Engine, how: "tidy" | "repair" = "tidy"): Promise<void> {
  const problems: unknown[] = [];
  await engine[how]?.(mailbox, (finding) => finding.done || problems.push(finding));
  expect(problems).toEqual([]);
  expect(await stateOf(replica.engine)).toEqual(await stateOf(primary.engine));
  expect((await site.marks.all(mailbox)).size).toBe(0);
}

test.each(["primary", "replica"] as const)("what happens while the %s is away is repaired", async (who) => {
  const away = who === "primary" ? primary : replica;
  const engine = open();
  const messages = Array.from({ length: 5 }, () =>
    newMessage(mailbox, { audio: [sound("a"), sound("b", { kind: "comment" })] }),
  );
  const [heard, moved, removed, twice] = await Promise.all(
    messages.map(async (message) => (await engine.append("INBOX", message)).ref),
  );
  if (!heard || !moved || !removed || !twice) throw new Error("unreachable");
  await engine.writeGreeting?.(mailbox, "busy", sound("old"));
  away.die();
  await engine.setFlags(heard, { heard: true, urgent: true });
  await engine.move(moved, "Work");
  await engine.remove(removed);
  await engine.move(await engine.move(twice, "Family"), "Friends");
  await engine.append("INBOX", newMessage(mailbox));
  await engine.writeGreeting?.(mailbox, "busy", sound("new"));
  const during = await stateOf(engine);

  // Before the repair nobody reads from the one that missed all this; another program does not either.
  away.revive();
  expect(await stateOf(open())).toEqual(during);
  await repaired(open());
  expect(await stateOf(open())).toEqual(during);
});

test("a primary that is lost for good, and replaced by an empty one, gets everything back", async () => {
  const engine = open("all");
  for (const folder of ["INBOX", "Work", "Trash"] as const) {
    await engine.append(folder, newMessage(mailbox, { heard: folder === "Work" }));
  }
  const before = await stateOf(engine);
  primary = faulty(site.memory("a new disk"));
  await repaired(open(), "repair");
  expect(await stateOf(primary.engine)).toEqual(before);
});

test("references from a replica are good when the primary is back, and the other way round", async () => {
  const engine = open();
  const { ref } = await engine.append("INBOX", newMessage(mailbox));
  primary.die();
  const [listed] = (await engine.list(mailbox, "INBOX", ALL)).entries;
  if (!listed) throw new Error("unreachable");
  await engine.setFlags(ref, { heard: true });
  primary.revive();
  await engine.tidy?.(mailbox, () => {});
  await engine.move(listed.ref, "Work");
  await expect(engine.read(ref)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
  await engine.remove(ref);
  expect(await stateOf(replica.engine)).toEqual(await stateOf(primary.engine));
  expect((await engine.list(mailbox, "Work", ALL)).total).toBe(1);
});

test("a deposit that too few have is no deposit, and is completed and not doubled when it is tried again", async () => {
  const log = recordingLog().log;
  const store = new EngineStore({ engine: open("all"), log, pins: createPins(() => undefined) });
  const message = newMessage(mailbox);
  replica.die();
  await expect(store.deposit(message)).rejects.toMatchObject(UNREACHABLE);
  await expect(store.deposit(message)).rejects.toMatchObject(UNREACHABLE);
  replica.revive();
  expect(await store.deposit(message)).toMatchObject({ existed: true });
  for (const { engine } of [primary, replica]) expect(await engine.find(mailbox, {})).toHaveLength(1);
  expect((await site.marks.all(mailbox)).size).toBe(0);
});

test("an answer that was lost is no second message", async () => {
  const engine = open("primary");
  const log = recordingLog().log;
  const store = new EngineStore({ engine, log, pins: createPins(() => undefined) });
  const message = newMessage(mailbox);
  primary.plan({ on: "append", times: 1, error: new VoxpostError("STORE_UNREACHABLE", "cut"), after: true });
  await expect(store.deposit(message)).rejects.toMatchObject(UNREACHABLE);
  expect(await store.deposit(message)).toMatchObject({ existed: true });
  await repaired(engine);
  expect(await engine.find(mailbox, {})).toHaveLength(1);
});

test("an engine that hangs is passed over within its time", async () => {
  const engine = mirrorWith({ answer_ms: 20 });
  await engine.append("INBOX", newMessage(mailbox));
  primary.plan({ times: Number.POSITIVE_INFINITY, error: "hang" });
  expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(1);
  const calls = primary.calls.length;
  expect((await engine.count(mailbox, "INBOX")).new).toBe(1);
  // It is left alone for a while, so only the first to ask has waited.
  expect(primary.calls.length).toBe(calls);
});

test("without any engine the first one's fault is told, and nothing is believed to be empty", async () => {
  const engine = open();
  await engine.append("INBOX", newMessage(mailbox));
  primary.die();
  replica.die();
  await expect(engine.count(mailbox, "INBOX")).rejects.toMatchObject(UNREACHABLE);
  await expect(engine.append("INBOX", newMessage(mailbox))).rejects.toMatchObject(UNREACHABLE);
  await expect(engine.check()).rejects.toMatchObject(UNREACHABLE);
});

test("a removal in one engine by others is undone by a repair, never followed", async () => {
  const engine = open();
  const { envelope } = await engine.append("INBOX", newMessage(mailbox));
  const [own] = await primary.engine.find(mailbox, {});
  if (!own) throw new Error("unreachable");
  await primary.engine.remove(own.ref);
  await engine.tidy?.(mailbox, () => {});
  expect(await replica.engine.find(mailbox, {})).toHaveLength(1);
  await repaired(engine, "repair");
  expect(idsOf(await primary.engine.find(mailbox, {}))).toEqual([envelope.id]);
});

test("a removal that failed, done by one and not by the others, is not taken for done", async () => {
  const engine = open();
  const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
  replica.die();
  primary.plan({ on: "remove", times: 1, error: new VoxpostError("STORE_UNREACHABLE", "cut"), after: true });
  await expect(engine.remove(ref)).rejects.toMatchObject(UNREACHABLE);
  replica.revive();
  const [left] = await engine.find(mailbox, { id: envelope.id });
  if (!left) throw new Error("unreachable");
  await engine.setFlags(left.ref, { urgent: true });
  await engine.remove(left.ref);
  await repaired(engine, "repair");
  expect(await engine.find(mailbox, {})).toEqual([]);
});

test("a removal that the only holder did not answer is not done, although who missed the message has not got it", async () => {
  const engine = open();
  replica.die();
  const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
  primary.plan({ on: "remove", times: 1, error: new VoxpostError("STORE_UNREACHABLE", "cut") });
  replica.revive();
  await expect(engine.remove(ref)).rejects.toMatchObject(UNREACHABLE);
  expect(await engine.find(mailbox, { id: envelope.id })).toHaveLength(1);
});

test("a message that the primary has in the wrong folder is put right and copied in one go", async () => {
  const engine = open();
  const { ref } = await engine.append("INBOX", newMessage(mailbox));
  primary.die();
  await engine.move(ref, "Work");
  const [copy] = await replica.engine.find(mailbox, {});
  if (!copy) throw new Error("unreachable");
  await replica.engine.remove(copy.ref);
  primary.revive();
  await repaired(engine);
  expect((await engine.list(mailbox, "Work", ALL)).total).toBe(1);
});

test("a repair while the only engine that has a message is away forgets nothing", async () => {
  const engine = open();
  replica.die();
  const { envelope } = await engine.append("INBOX", newMessage(mailbox));
  primary.die();
  replica.revive();
  await engine.tidy?.(mailbox, () => {});
  primary.revive();
  expect(idsOf(await open().find(mailbox, { id: envelope.id }))).toEqual([envelope.id]);
  expect((await open().list(mailbox, "INBOX", ALL)).total).toBe(1);
  await repaired(engine);
});

test("a message that is stored again after its removal stays, whoever missed the removal", async () => {
  const engine = open();
  const message = newMessage(mailbox);
  const { ref } = await engine.append("INBOX", message);
  replica.die();
  await engine.remove(ref);
  await engine.append("Work", message);
  replica.revive();
  await repaired(engine);
  expect((await engine.list(mailbox, "Work", ALL)).total).toBe(1);
});

test("a removed message is not found where its removal was missed", async () => {
  const engine = open();
  const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
  replica.die();
  await engine.remove(ref);
  primary.die();
  replica.revive();
  expect(await open().find(mailbox, { id: envelope.id })).toEqual([]);
});

function mirrorWith(times: { answer_ms: number }): Engine {
  return createMirror({
    primary: primary.engine,
    replicas: [replica.engine],
    marks: site.marks,
    write: 1,
    transfer_ms: 10_000,
    away_ms: 60_000,
    ...times,
  });
}

test.each<[what: string, change: (engine: Engine, ref: Ref) => Promise<unknown>, is: object | undefined]>([
  ["removed", (engine, ref) => engine.remove(ref), undefined],
  [
    "marked as heard",
    (engine, ref) => engine.setFlags(ref, { heard: true }),
    { heard: true, folder: "INBOX" },
  ],
  ["moved again", (engine, ref) => engine.move(ref, "Friends"), { folder: "Friends" }],
  ["moved to where it is", (engine, ref) => engine.move(ref, "INBOX"), { folder: "INBOX" }],
  ["read", (engine, ref) => engine.read(ref), { folder: "INBOX" }],
])(
  "who is told of a message by an engine that missed its move has it %s all the same",
  async (_, change, is) => {
    const engine = open();
    const message = newMessage(mailbox);
    const { ref } = await engine.append("Work", message);
    primary.plan({ on: "move", times: 1, error: UNREACHABLE_ERROR });
    await engine.move(ref, "INBOX");
    replica.plan({ on: "find", times: 1, error: UNREACHABLE_ERROR });
    const [stale] = await engine.find(mailbox, { id: message.id });
    expect(stale?.ref.folder).toBe("Work");
    if (stale) await change(engine, stale.ref);
    await repaired(engine);
    const [found] = await engine.find(mailbox, { id: message.id });
    if (is) expect(found?.envelope).toMatchObject(is);
    else expect(found).toBeUndefined();
  },
);
