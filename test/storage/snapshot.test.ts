import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { createPins } from "../../src/storage/pins.ts";
import { DiskSnapshots } from "../../src/storage/snapshot.ts";
import { pollSnapshots } from "../../src/storage/snapshot-poll.ts";
import { newMessage, recordingLog, sound } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };
const NOTHING = { greetings: {}, full: false };
const HOUR = 60 * 60 * 1000;

let folder: string;
let now: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voxpost-snapshots-"));
  now = Date.UTC(2026, 10, 22);
});
// Who polls may be about to write when told to stop.
afterEach(() => rm(folder, { recursive: true, maxRetries: 5 }));

function world({ max = 100, maxBytes }: { max?: number; maxBytes?: number } = {}) {
  const engine = new MemoryEngine(new MemoryData(), maxBytes);
  const { log, warnings } = recordingLog();
  const store = new EngineStore({ engine, log, pins: createPins(() => undefined) });
  const begin = () => new DiskSnapshots({ store, folder, log, maxMessages: () => max, now: () => now });
  return { engine, store, warnings, begin, snapshots: begin() };
}

async function heard(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : readFile(path, "utf8");
}

describe("get", () => {
  test("of a mailbox that nobody asked for before: no greeting, not full, and the store is not asked", async () => {
    const { snapshots, store } = world({ max: 1 });
    const counts = vi.spyOn(store, "counts");
    const greeting = vi.spyOn(store, "greeting");
    await store.deposit(newMessage(mailbox));
    expect(await snapshots.get(mailbox)).toEqual(NOTHING);
    expect(await snapshots.get({ mailbox: "../../etc", context: "x" })).toEqual(NOTHING);
    expect(counts).not.toHaveBeenCalled();
    expect(greeting).not.toHaveBeenCalled();
  });

  test("after a refresh: greetings as files, counts, and whether there is room", async () => {
    const { snapshots, store } = world({ max: 2 });
    await store.setGreeting(mailbox, "busy", sound("on the phone", { duration: 3 }));
    await store.setGreeting(mailbox, "name", sound("Ann", { contentType: "audio/gsm" }));
    await store.deposit(newMessage(mailbox, { urgent: true }));
    const refreshed = await snapshots.refresh(mailbox);
    expect(await snapshots.get(mailbox)).toEqual(refreshed);
    expect(refreshed).toMatchObject({ full: false, counts: { urgent: 1, new: 0, old: 0 } });
    expect(Object.keys(refreshed.greetings).sort()).toEqual(["busy", "name"]);
    expect(refreshed.greetings.busy).toMatchObject({ contentType: "audio/wav", duration: 3 });
    expect(await heard(refreshed.greetings.busy?.path)).toBe("on the phone");
    expect(refreshed.greetings.name?.path).toMatch(/\.gsm$/);
    await store.deposit(newMessage(mailbox));
    expect((await snapshots.refresh(mailbox)).full).toBe(true);
  });

  test("survives a restart, and the store's absence", async () => {
    const { snapshots, store, begin, engine } = world({ max: 1 });
    await store.setGreeting(mailbox, "unavailable", sound("I am out"));
    await store.deposit(newMessage(mailbox));
    const before = await snapshots.refresh(mailbox);
    await engine.close();
    expect(await begin().get(mailbox)).toEqual(before);
    expect(before.full).toBe(true);
  });

  test("a full mailbox is believed for an hour, a greeting for a month", async () => {
    const { snapshots, store } = world({ max: 1 });
    await store.setGreeting(mailbox, "unavailable", sound("I am out"));
    await store.deposit(newMessage(mailbox));
    await snapshots.refresh(mailbox);
    now += HOUR;
    const later = await snapshots.get(mailbox);
    expect(later.full).toBe(false);
    expect(await heard(later.greetings.unavailable?.path)).toBe("I am out");
    now += 31 * 24 * HOUR;
    expect((await snapshots.get(mailbox)).greetings).toEqual({});
  });

  test("a mailbox whose quota is used up is full", async () => {
    const { snapshots, store } = world({ maxBytes: 12 });
    await store.deposit(newMessage(mailbox, { audio: [sound("123456789012")] }));
    expect((await snapshots.refresh(mailbox)).full).toBe(true);
  });

  test("a mailbox that only greets is the menu's affair", async () => {
    const { snapshots } = world({ max: 0 });
    expect((await snapshots.refresh(mailbox)).full).toBe(false);
  });

  test.each(["", "{", "[]", '{"voxpost": 2}', '{"voxpost": 1, "greetings": {"busy": {"file": "../../x"}}}'])(
    "a damaged file (%s) is as none",
    async (text) => {
      const { snapshots } = world();
      await snapshots.refresh(mailbox);
      await writeFile(join(folder, "default/1001/snapshot.json"), text);
      expect(await snapshots.get(mailbox)).toEqual(NOTHING);
      expect((await snapshots.refresh(mailbox)).counts).toEqual({ urgent: 0, new: 0, old: 0 });
    },
  );
});

describe("refresh", () => {
  test("files are nobody else's", async () => {
    const { snapshots, store } = world();
    await store.setGreeting(mailbox, "busy", sound("on the phone"));
    await snapshots.refresh(mailbox);
    const place = join(folder, "default/1001");
    expect((await stat(place)).mode & 0o777).toBe(0o700);
    const files = await readdir(place);
    expect(files).toHaveLength(2);
    for (const file of files) expect((await stat(join(place, file))).mode & 0o777).toBe(0o600);
  });

  test("a greeting stays for a call that plays it, and goes when it was replaced twice", async () => {
    const { snapshots, store } = world();
    const paths: Array<string | undefined> = [];
    for (const text of ["first", "second", "third"]) {
      await store.setGreeting(mailbox, "busy", sound(text));
      paths.push((await snapshots.refresh(mailbox)).greetings.busy?.path);
    }
    await expect(heard(paths[0])).rejects.toMatchObject({ code: "ENOENT" });
    expect(await heard(paths[1])).toBe("second");
    expect(await heard(paths[2])).toBe("third");
  });

  test("a removed greeting is gone from the snapshot", async () => {
    const { snapshots, store } = world();
    await store.setGreeting(mailbox, "temporary", sound("away"));
    await snapshots.refresh(mailbox);
    await store.removeGreeting(mailbox, "temporary");
    expect((await snapshots.refresh(mailbox)).greetings).toEqual({});
  });

  test("of messages alone asks for no greeting, and keeps those it has", async () => {
    const { snapshots, store } = world();
    await store.setGreeting(mailbox, "busy", sound("on the phone"));
    await snapshots.refresh(mailbox);
    const greeting = vi.spyOn(store, "greeting");
    await store.deposit(newMessage(mailbox));
    const { counts, greetings } = await snapshots.refresh(mailbox, undefined, "messages");
    expect(counts?.new).toBe(1);
    expect(await heard(greetings.busy?.path)).toBe("on the phone");
    expect(greeting).not.toHaveBeenCalled();
  });

  test("that fails tells so, and the old snapshot stays", async () => {
    const { snapshots, store } = world();
    await store.setGreeting(mailbox, "busy", sound("on the phone"));
    const before = await snapshots.refresh(mailbox);
    vi.spyOn(store, "counts").mockRejectedValue(new VoxpostError("STORE_UNREACHABLE", "down"));
    await expect(snapshots.refresh(mailbox)).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    expect(await snapshots.get(mailbox)).toEqual(before);
  });

  test("one greeting that cannot be read costs neither the others nor itself", async () => {
    const { snapshots, store, warnings } = world();
    await store.setGreeting(mailbox, "busy", sound("on the phone"));
    await snapshots.refresh(mailbox);
    await store.setGreeting(mailbox, "name", sound("Ann"));
    const greeting = store.greeting.bind(store);
    vi.spyOn(store, "greeting").mockImplementation(async (address, kind, signal) => {
      if (kind === "busy") throw new VoxpostError("MESSAGE_MALFORMED", "truncated");
      return greeting(address, kind, signal);
    });
    const { greetings } = await snapshots.refresh(mailbox);
    expect(await heard(greetings.busy?.path)).toBe("on the phone");
    expect(await heard(greetings.name?.path)).toBe("Ann");
    expect(warnings).toHaveLength(1);
  });

  test("ends for who asked when the signal fires", async () => {
    const { snapshots, store } = world();
    vi.spyOn(store, "counts").mockReturnValue(new Promise(() => {}));
    const controller = new AbortController();
    const refreshing = snapshots.refresh(mailbox, controller.signal);
    controller.abort();
    await expect(refreshing).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("follows the store's changes, many at once in few reads", async () => {
    const { snapshots, store } = world();
    const counts = vi.spyOn(store, "counts");
    const stop = snapshots.follow();
    await Promise.all(Array.from({ length: 30 }, () => store.deposit(newMessage(mailbox))));
    await vi.waitFor(async () => expect((await snapshots.get(mailbox)).counts?.new).toBe(30), 10_000);
    expect(counts.mock.calls.length).toBeLessThan(10);
    await store.setGreeting(mailbox, "busy", sound("on the phone"));
    await vi.waitFor(
      async () =>
        expect(await heard((await snapshots.get(mailbox)).greetings.busy?.path)).toBe("on the phone"),
      10_000,
    );
    stop();
    await store.deposit(newMessage(mailbox));
    expect((await snapshots.get(mailbox)).counts?.new).toBe(30);
  });
});

describe("polling", () => {
  const other = { mailbox: "1002", context: "default" };

  test("finds what was there before, and what nobody told of", async () => {
    const { engine, snapshots, warnings } = world();
    await engine.writeGreeting(other, "busy", sound("on the phone"));
    const told = vi.fn(async () => {});
    const log = recordingLog().log;
    const mailboxes = () => [mailbox, other];
    const stop = pollSnapshots({ snapshots, mailboxes, onCounts: told, log, everyMs: 1 });
    try {
      await vi.waitFor(async () => {
        const { greetings } = await snapshots.get(other);
        expect(await heard(greetings.busy?.path)).toBe("on the phone");
      }, 10_000);
      await vi.waitFor(() => expect(told).toHaveBeenCalledWith(other, { urgent: 0, new: 0, old: 0 }), 10_000);
      // Past the store: as a mail program would.
      await engine.append("INBOX", newMessage(mailbox));
      await vi.waitFor(
        () => expect(told).toHaveBeenCalledWith(mailbox, { urgent: 0, new: 1, old: 0 }),
        10_000,
      );
      expect(warnings).toEqual([]);
    } finally {
      stop();
    }
  });

  test("goes on with the others when one mailbox fails, and leaves the round when the store is away", async () => {
    const { snapshots } = world();
    const { log, warnings } = recordingLog();
    const refresh = vi.spyOn(snapshots, "refresh");
    refresh.mockRejectedValueOnce(new VoxpostError("MAILBOX_UNKNOWN", "no such user"));
    refresh.mockResolvedValueOnce({ greetings: {}, full: false });
    refresh.mockRejectedValueOnce(new VoxpostError("STORE_UNREACHABLE", "down"));
    const asked: string[] = [];
    function* mailboxes() {
      for (const address of [mailbox, other, { ...other, mailbox: "1003" }, { ...other, mailbox: "1004" }]) {
        asked.push(address.mailbox);
        yield address;
      }
    }
    const stop = pollSnapshots({ snapshots, mailboxes, log, everyMs: 1_000_000 });
    await vi.waitFor(() => expect(warnings).toHaveLength(2), 10_000);
    stop();
    expect(asked).toEqual(["1001", "1002", "1003"]);
  });
});
