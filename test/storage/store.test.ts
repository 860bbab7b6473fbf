import { beforeEach, describe, expect, test, vi } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import type { Folder } from "../../src/model/folder.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { layer } from "../../src/storage/layers/layer.ts";
import { createPins } from "../../src/storage/pins.ts";
import { faulty } from "./faulty.ts";
import { atMinute, bytesOf, newMessage, recordingLog, sound, stalled } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };
const ALL = { view: "all", limit: 100 } as const;

function storeOver(engine: Engine) {
  const { log, warnings } = recordingLog();
  const pins = createPins(({ mailbox: number }) => (number === "1001" ? { pin: "4242" } : undefined));
  const store = new EngineStore({ engine, pins, log, limits: { answerMs: 2000, transferMs: 2000 } });
  const changes: string[] = [];
  store.onChange((changed, what) => changes.push(`${changed.mailbox} ${what}`));
  return { store, changes, warnings };
}

let memory: MemoryEngine;
let world: ReturnType<typeof storeOver>;

beforeEach(() => {
  memory = new MemoryEngine(new MemoryData());
  world = storeOver(memory);
});

describe("deposit", () => {
  test("stores a message in the INBOX and tells of it", async () => {
    const message = newMessage(mailbox, { urgent: true });
    const { entry, existed } = await world.store.deposit(message);
    expect(existed).toBe(false);
    expect(entry.envelope).toMatchObject({ id: message.id, folder: "INBOX", urgent: true });
    expect(world.changes).toEqual(["1001 messages"]);
    expect(await world.store.counts(mailbox)).toEqual({ urgent: 1, new: 0, old: 0 });
  });

  test("a second time it stores nothing and tells nothing", async () => {
    const message = newMessage(mailbox);
    const first = await world.store.deposit(message);
    const second = await world.store.deposit(message);
    expect(second).toEqual({ entry: first.entry, existed: true });
    expect((await world.store.list(mailbox, "INBOX", ALL)).total).toBe(1);
    expect(world.changes).toHaveLength(1);
  });

  for (const folder of ["Trash", "Cust5"] as const satisfies Folder[]) {
    test(`a message that the owner moved to ${folder} meanwhile is not stored again`, async () => {
      const message = newMessage(mailbox);
      const { entry } = await world.store.deposit(message);
      await world.store.move(entry, folder);
      const again = await world.store.deposit(message);
      expect(again.existed).toBe(true);
      expect(again.entry.envelope.folder).toBe(folder);
      expect((await world.store.list(mailbox, "INBOX", ALL)).total).toBe(0);
    });
  }

  test("searches from the day before the call's, so that no time zone hides a message", async () => {
    const find = vi.spyOn(memory, "find");
    await world.store.deposit(newMessage(mailbox, { receivedAt: new Date("2026-11-22T00:30:00Z") }));
    expect(find.mock.calls[0]?.[1]).toMatchObject({ receivedSince: new Date("2026-11-21T00:00:00Z") });
  });

  test("the same id in another mailbox is another message", async () => {
    const message = newMessage(mailbox);
    await world.store.deposit(message);
    const copy = await world.store.deposit({ ...message, mailbox: { ...mailbox, mailbox: "1002" } });
    expect(copy.existed).toBe(false);
  });

  test.each([
    ["an id that is none", { id: "../../evil" }, "INTERNAL"],
    ["a time that is none", { receivedAt: new Date(Number.NaN) }, "INTERNAL"],
    ["a duration that is none", { duration: Number.NaN }, "INTERNAL"],
    ["no audio", { audio: [] }, "INTERNAL"],
    ["a mailbox that leads elsewhere", { mailbox: { mailbox: "../1002", context: "x" } }, "ADDRESS_INVALID"],
  ])("is refused with %s", async (_what, over, code) => {
    await expect(world.store.deposit(newMessage(mailbox, over))).rejects.toMatchObject({ code });
    expect(world.changes).toEqual([]);
  });
});

describe("messages", () => {
  test("marking, moving, trashing and purging answer the entry as it is now", async () => {
    const { entry } = await world.store.deposit(newMessage(mailbox));
    const marked = await world.store.mark(entry, { heard: true });
    expect(marked.envelope).toEqual({ ...entry.envelope, heard: true });
    const moved = await world.store.move(marked, "Work");
    expect((await world.store.list(mailbox, "Work", ALL)).entries).toEqual([moved]);
    const trashed = await world.store.trash(moved);
    expect((await world.store.list(mailbox, "Trash", ALL)).entries).toEqual([trashed]);
    const back = await world.store.move(trashed, "INBOX");
    expect(await world.store.find(mailbox, entry.envelope.id)).toEqual(back);
    await world.store.purge(back);
    expect(await world.store.find(mailbox, entry.envelope.id)).toBeUndefined();
    expect(world.changes).toHaveLength(6);
  });

  test("moving to where it is does nothing", async () => {
    const { entry } = await world.store.deposit(newMessage(mailbox));
    expect(await world.store.move(entry, "INBOX")).toBe(entry);
    expect(world.changes).toHaveLength(1);
  });

  test("audio comes as it was, and ends with its signal", async () => {
    const { entry } = await world.store.deposit(newMessage(mailbox));
    const [whole] = await world.store.audio(entry);
    expect(whole && (await bytesOf(whole.stream)).toString()).toBe("RIFF a voice");
    const hangUp = new AbortController();
    const [cut] = await world.store.audio(entry, hangUp.signal);
    hangUp.abort();
    await expect(cut && bytesOf(cut.stream)).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("a message that is gone is unknown", async () => {
    const { entry } = await world.store.deposit(newMessage(mailbox));
    await world.store.purge(entry);
    const unknown = { code: "MESSAGE_UNKNOWN" };
    await expect(world.store.audio(entry)).rejects.toMatchObject(unknown);
    await expect(world.store.mark(entry, { heard: true })).rejects.toMatchObject(unknown);
    await expect(world.store.trash(entry)).rejects.toMatchObject(unknown);
    await world.store.purge(entry);
  });
});

describe("checks", () => {
  const hostile = { mailbox: "../1001", context: "default" };

  test.each([
    ["counts", () => world.store.counts(hostile)],
    ["list", () => world.store.list(hostile, "INBOX", ALL)],
    ["find", () => world.store.find(hostile, "0")],
    ["greeting", () => world.store.greeting(hostile, "busy")],
    ["setGreeting", () => world.store.setGreeting(hostile, "busy", sound("x"))],
    ["removeGreeting", () => world.store.removeGreeting(hostile, "busy")],
    ["quota", () => world.store.quota(hostile)],
  ])("%s refuses an address that is none", async (_name, call) => {
    await expect(call()).rejects.toMatchObject({ code: "ADDRESS_INVALID" });
  });

  test("a folder that is none is refused", async () => {
    const folder = "../Work" as Folder;
    const { entry } = await world.store.deposit(newMessage(mailbox));
    const unknown = { code: "FOLDER_UNKNOWN" };
    await expect(world.store.counts(mailbox, folder)).rejects.toMatchObject(unknown);
    await expect(world.store.list(mailbox, folder, ALL)).rejects.toMatchObject(unknown);
    await expect(world.store.move(entry, folder)).rejects.toMatchObject(unknown);
  });

  test("a page has at least one message and at most five hundred", async () => {
    const list = vi.spyOn(memory, "list");
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      const query = { view: "all", limit } as const;
      await expect(world.store.list(mailbox, "INBOX", query)).rejects.toMatchObject({ code: "INTERNAL" });
    }
    await world.store.list(mailbox, "INBOX", { view: "all", limit: 1_000_000 });
    expect(list.mock.calls[0]?.[2].limit).toBe(500);
  });

  test("an envelope of nonsense does not break a listing", async () => {
    const nonsense = { receivedAt: new Date(Number.NaN), duration: -3.5 };
    const { ref, envelope } = await memory.append("INBOX", newMessage(mailbox));
    vi.spyOn(memory, "list").mockResolvedValue({
      entries: [{ ref, envelope: { ...envelope, ...nonsense } }],
      total: 1,
    });
    const { entries } = await world.store.list(mailbox, "INBOX", ALL);
    expect(entries[0]?.envelope).toEqual({ ...envelope, receivedAt: new Date(0), duration: 0 });
    expect(world.warnings).toHaveLength(1);
  });

  test("a listener that fails harms nobody", async () => {
    world.store.onChange(() => {
      throw new Error("listener");
    });
    const told = vi.fn();
    const stop = world.store.onChange(told);
    await world.store.deposit(newMessage(mailbox));
    stop();
    await world.store.deposit(newMessage(mailbox));
    expect(told).toHaveBeenCalledTimes(1);
    expect(world.changes).toHaveLength(2);
  });
});

describe("what an engine lacks", () => {
  test("a read-only engine is not written to", async () => {
    const { entry } = await world.store.deposit(newMessage(mailbox));
    const readOnly = layer(memory, (_operation, signal, run) => run(signal));
    const { store } = storeOver({ ...readOnly, capabilities: { ...memory.capabilities, writable: false } });
    const unsupported = { code: "UNSUPPORTED" };
    for (const call of [
      () => store.deposit(newMessage(mailbox)),
      () => store.mark(entry, { heard: true }),
      () => store.move(entry, "Work"),
      () => store.trash(entry),
      () => store.purge(entry),
      () => store.setGreeting(mailbox, "busy", sound("x")),
      () => store.removeGreeting(mailbox, "busy"),
    ]) {
      await expect(call()).rejects.toMatchObject(unsupported);
    }
    expect((await store.list(mailbox, "INBOX", ALL)).entries).toEqual([entry]);
  });

  test("greetings without an engine that keeps them are refused", async () => {
    const {
      readGreeting: _,
      writeGreeting: __,
      removeGreeting: ___,
      ...rest
    } = layer(memory, (_operation, signal, run) => run(signal));
    const { store } = storeOver({ ...rest, capabilities: { ...memory.capabilities, greetings: false } });
    await expect(store.greeting(mailbox, "busy")).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(store.setGreeting(mailbox, "busy", sound("x"))).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
    await expect(store.removeGreeting(mailbox, "busy")).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  test("an engine that hangs is given up in time", async () => {
    vi.useFakeTimers();
    try {
      const deaf = layer(memory, () => new Promise<never>(() => {}));
      const { store } = storeOver(deaf);
      const late = { code: "STORE_TIMEOUT", retryable: true };
      const waiting = [store.counts(mailbox), store.deposit(newMessage(mailbox)), store.check()];
      const ended = Promise.all(waiting.map((call) => expect(call).rejects.toMatchObject(late)));
      await vi.advanceTimersByTimeAsync(2000);
      await ended;
    } finally {
      vi.useRealTimers();
    }
  });

  test("a deposit that is given up in time is cancelled, and leaves nothing in sight", async () => {
    vi.useFakeTimers();
    try {
      const { source, started } = stalled();
      const depositing = world.store.deposit(newMessage(mailbox, { audio: [source] }));
      const ended = expect(depositing).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
      await started;
      await vi.advanceTimersByTimeAsync(2000);
      await ended;
      expect((await world.store.list(mailbox, "INBOX", ALL)).total).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("authenticate", () => {
  test("with PINs of our own: the right one, and nothing else", async () => {
    await expect(world.store.authenticate(mailbox, "4242")).resolves.toBeUndefined();
    for (const [number, pin] of [
      ["1001", "4243"],
      ["1001", ""],
      ["9999", "4242"],
      ["10*1", "4242"],
    ] as const) {
      const wrong = world.store.authenticate({ ...mailbox, mailbox: number }, pin);
      await expect(wrong).rejects.toMatchObject({
        code: "PIN_WRONG",
        message: "The mailbox and PIN that were entered do not match",
      });
    }
  });

  test("an engine that can is asked, and an unknown mailbox looks like a wrong PIN", async () => {
    const inner = layer(memory, (_operation, signal, run) => run(signal));
    const { store } = storeOver({
      ...inner,
      capabilities: { ...inner.capabilities, authenticate: true },
      async authenticate({ mailbox: number }, pin) {
        if (number === "9999") throw new VoxpostError("MAILBOX_UNKNOWN", "no such user");
        if (number === "5000") throw new VoxpostError("STORE_UNREACHABLE", "down");
        return pin === "1";
      },
    });
    await expect(store.authenticate(mailbox, "1")).resolves.toBeUndefined();
    await expect(store.authenticate(mailbox, "4242")).rejects.toMatchObject({ code: "PIN_WRONG" });
    await expect(store.authenticate({ ...mailbox, mailbox: "9999" }, "1")).rejects.toMatchObject({
      code: "PIN_WRONG",
    });
    await expect(store.authenticate({ ...mailbox, mailbox: "5000" }, "1")).rejects.toMatchObject({
      code: "STORE_UNREACHABLE",
    });
  });
});

test("two messages of one minute stay in the order of their deposit", async () => {
  const messages = [1, 2, 3].map(() => newMessage(mailbox, { receivedAt: atMinute(1) }));
  for (const message of messages) await world.store.deposit(message);
  const { entries } = await world.store.list(mailbox, "INBOX", ALL);
  expect(entries.map((entry) => entry.envelope.id)).toEqual(messages.map(({ id }) => id));
});

test("work for which nobody waits on the telephone has limits of its own, and its changes are told all the same", async () => {
  const { engine, plan } = faulty(memory);
  const { store } = storeOver(engine);
  const brief = store.withLimits({ answerMs: 20 });
  plan({ on: "count", times: 1, error: "hang" });
  await expect(brief.counts(mailbox)).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
  plan({ on: "count", times: 2, error: "hang" });
  const end = new AbortController();
  const counting = store.withLimits({ answerMs: 60_000 }).counts(mailbox, "INBOX", end.signal);
  await expect(brief.counts(mailbox)).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
  end.abort();
  await expect(counting, "it would have waited").rejects.toMatchObject({ code: "ABORTED" });

  const told: unknown[] = [];
  store.onChange((_mailbox, what) => told.push(what));
  await brief.deposit(newMessage(mailbox));
  expect(told).toEqual(["messages"]);
});
