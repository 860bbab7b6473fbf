import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { Latest } from "../../src/custody/latest.ts";
import { Locks } from "../../src/custody/lock.ts";
import { newId, parseName, type RecordingName } from "../../src/custody/name.ts";
import { VoxpostError } from "../../src/errors.ts";
import type { GreetingRequest } from "../../src/jobs/enqueue.ts";
import { greeting } from "../../src/jobs/greeting.ts";
import { Greetings } from "../../src/jobs/greetings.ts";
import { boundedRedis } from "../../src/jobs/redis.ts";
import { Sweep } from "../../src/jobs/sweep.ts";
import { createLogger } from "../../src/log.ts";
import { DiskSnapshots } from "../../src/storage/snapshot.ts";
import { FolderRecordings } from "./folder-recordings.ts";
import { second, wav } from "./sound.ts";
import { ANN, recordingName, type World, world } from "./world.ts";

const KIND = { is: "greeting", greeting: "unavailable" } as const;
const REQUEST: GreetingRequest = { asterisk: "pbx", mailbox: ANN, greeting: "unavailable" };
const AWAY = new VoxpostError("STORE_UNREACHABLE", "IMAP is away");
const TIMES = ["2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z", "2026-11-21T12:00:00Z"].map(
  (time) => new Date(time),
);

function draft(change: Partial<RecordingName> = {}): string {
  return recordingName({ kind: KIND, ...change });
}

describe("a greeting that an owner recorded", () => {
  let lab: Lab;
  let here: World;
  let enqueued: GreetingRequest[];
  const closing: (() => void)[] = [];
  beforeAll(async () => {
    lab = await startLab({ servers: ["redis"] });
  });
  afterAll(() => lab?.stop());
  beforeEach(async () => {
    if (!lab.redis) throw new Error("these tests need a real Redis");
    const redis = boundedRedis(lab.redis.url, createLogger("silent"));
    await vi.waitFor(() => redis.flushall(), 10_000);
    redis.disconnect();
    here = await world(lab.redis.url);
    enqueued = [];
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) close();
    await here.close();
  });

  /** One program: snapshots of its own, and custody as it sees it. */
  async function program(name = "a", others: Record<string, FolderRecordings> = {}) {
    const redis = boundedRedis(lab.redis?.url ?? "", here.log);
    await vi.waitFor(() => expect(redis.status).toBe("ready"), 10_000);
    const snapshots = new DiskSnapshots({
      store: here.store,
      folder: `${here.folder}/${name}`,
      maxMessages: () => undefined,
      log: here.log,
    });
    const stop = snapshots.follow();
    closing.push(() => {
      stop();
      redis.disconnect();
    });
    const recordingsOf = (asterisk: string) =>
      ({ pbx: here.recordings, ...others })[asterisk] as FolderRecordings | undefined;
    const deps = {
      recordingsOf,
      store: here.store,
      snapshots,
      locks: new Locks({ redis, log: here.log }),
      latest: new Latest({ redis, log: here.log }),
      enqueue: { greeting: async (job: GreetingRequest) => void enqueued.push(job) },
      log: here.log,
    };
    const greetings = new Greetings(deps);
    const sweep = new Sweep({
      asterisk: "pbx",
      recordings: here.recordings,
      enqueue: { ...deps.enqueue, deposit: () => Promise.reject(new Error("a greeting is no message")) },
      greetings,
      log: here.log,
    });
    return {
      snapshots,
      greetings,
      sweep,
      deps,
      store: (request = REQUEST) => greeting(request, deps, new AbortController().signal),
      /** What a caller would hear. */
      async heard(): Promise<number | undefined> {
        const { greetings: known } = await snapshots.get(ANN);
        return known.unavailable && firstSample(known.unavailable.path);
      },
    };
  }

  async function firstSample(path: string): Promise<number> {
    return (await readFile(path)).readInt16LE(44);
  }

  async function stored(): Promise<Buffer | undefined> {
    const part = await here.store.greeting(ANN, "unavailable");
    const chunks: Buffer[] = [];
    for await (const chunk of part?.stream ?? []) chunks.push(chunk as Buffer);
    return part && Buffer.concat(chunks);
  }

  async function accepted(a: Awaited<ReturnType<typeof program>>, value: number, at = TIMES[0]) {
    const name = draft({ startedAt: at ?? new Date() });
    await here.recordings.put(name, second(value));
    await a.greetings.accept("pbx", [name]);
    return parseName(name).id;
  }

  it("is heard at once, though the store is away, and reaches it later", async () => {
    const a = await program();
    await here.store.setGreeting(ANN, "unavailable", source(1));
    await vi.waitFor(async () => expect(await a.heard()).toBe(1), 10_000);
    const write = vi.spyOn(here.store, "setGreeting").mockRejectedValue(AWAY);
    await accepted(a, 2, new Date());
    expect(await a.heard()).toBe(2);
    expect(enqueued).toEqual([REQUEST]);
    await expect(a.store()).rejects.toBe(AWAY);
    await a.snapshots.refresh(ANN);
    expect(await a.heard()).toBe(2);
    write.mockRestore();
    await a.store();
    expect(await stored()).toEqual(wav(second(2)));
    expect(here.recordings.names).toEqual([]);
    expect(a.snapshots.holds()).toEqual([]);
    expect(await a.heard()).toBe(2);
    // From now on the store is believed again.
    await here.store.setGreeting(ANN, "unavailable", source(3));
    await vi.waitFor(async () => expect(await a.heard()).toBe(3), 10_000);
  });

  it("of several the newest wins, whatever the order of their jobs", async () => {
    const a = await program();
    for (const [index, order] of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
    ].entries()) {
      for (const each of order) {
        await accepted(
          a,
          10 * index + each + 1,
          new Date(Date.parse("2026-11-22T00:00:00Z") + index * 60_000 + each * 1000),
        );
      }
      expect(await a.heard()).toBe(10 * index + 3);
      await a.store();
      expect(await stored()).toEqual(wav(second(10 * index + 3)));
      expect(here.recordings.names).toEqual([]);
    }
  });

  it("an older one that waited on another Asterisk comes too late", async () => {
    const other = new FolderRecordings(`${here.folder}/other`);
    const a = await program("a", { other });
    const late = draft({ state: "deposit", startedAt: TIMES[0] ?? new Date() });
    await other.put(late, second(1));
    await here.recordings.put(draft({ state: "deposit", startedAt: new Date() }), second(2));
    await a.store();
    // By another program that was never told of the newer one.
    const b = await program("b", { other });
    await b.store({ ...REQUEST, asterisk: "other" });
    expect(await stored()).toEqual(wav(second(2)));
    expect(other.names).toEqual([]);
  });

  it("is in force in another program, and after a restart, as long as its recording lies there", async () => {
    const a = await program();
    await accepted(a, 5, new Date());
    const b = await program("b");
    await b.sweep.run();
    expect(await b.heard()).toBe(5);
    expect(enqueued).toEqual([REQUEST, REQUEST]);
    await a.store();
    await b.sweep.run();
    expect(b.snapshots.holds()).toEqual([]);
    expect(await b.heard()).toBe(5);
    const again = await program("b");
    expect(await again.heard()).toBe(5);
  });

  it("one that nobody accepted is dropped when its call is over, and not before", async () => {
    const a = await program();
    await here.store.setGreeting(ANN, "unavailable", source(1));
    await a.snapshots.refresh(ANN);
    const name = draft();
    await here.recordings.put(name, second(2));
    here.recordings.existing.add(parseName(name).channel);
    await a.sweep.run();
    expect(here.recordings.names).toEqual([name]);
    here.recordings.existing.clear();
    expect(await a.sweep.run()).toMatchObject({ undelivered: 0 });
    expect(here.recordings.names).toEqual([]);
    expect(enqueued).toEqual([]);
    expect(await a.heard()).toBe(1);
  });

  it("program killed while it renames: what was accepted counts, whole", async () => {
    const a = await program();
    const id = newId();
    const parts = [0, 1].map((part) => draft({ id, part }));
    for (const [index, name] of parts.entries()) await here.recordings.put(name, second(index + 1));
    // The first part was copied in half and its old name remains; the second was not begun.
    await here.recordings.put(draft({ id, state: "deposit", part: 0 }), wav(second(1)).subarray(0, 900));
    await a.sweep.run();
    expect(enqueued).toEqual([REQUEST]);
    await a.store();
    expect((await stored())?.length).toBe(44 + 32_000);
    expect(here.recordings.names).toEqual([]);
  });

  it("re-recorded: the accepted take counts, and the others are removed with it", async () => {
    const a = await program();
    const id = newId();
    const takes = [0, 1].map((take) => draft({ id, take }));
    for (const [index, name] of takes.entries()) await here.recordings.put(name, second(index + 1));
    await a.greetings.accept("pbx", takes.slice(1));
    await a.store();
    expect(await stored()).toEqual(wav(second(2)));
    expect(here.recordings.names).toEqual([]);
  });

  it("erased: gone from the store, from callers' ears, and from what waits", async () => {
    const a = await program();
    await here.store.setGreeting(ANN, "unavailable", source(1));
    await a.snapshots.refresh(ANN);
    await accepted(a, 2, new Date());
    await a.greetings.erase(ANN, "unavailable");
    expect(await a.heard()).toBeUndefined();
    expect(here.recordings.names).toEqual([]);
    await a.store();
    expect(await stored()).toBeUndefined();
  });

  it("erased while the store is away: the owner is told, and it stays in force", async () => {
    const a = await program();
    await accepted(a, 2, new Date());
    vi.spyOn(here.store, "removeGreeting").mockRejectedValueOnce(AWAY);
    await expect(a.greetings.erase(ANN, "unavailable")).rejects.toBe(AWAY);
    expect(await a.heard()).toBe(2);
    expect(here.recordings.names).toHaveLength(1);
  });

  it("an accepted one that waited is not brought back by its job after the erasure", async () => {
    const a = await program();
    const name = draft({ state: "deposit" });
    await a.greetings.erase(ANN, "unavailable");
    await here.recordings.put(name, second(1));
    await a.store();
    expect(await stored()).toBeUndefined();
    expect(here.recordings.names).toEqual([]);
  });

  it("refused for good: set aside, and an error in the log", async () => {
    const a = await program();
    await accepted(a, 2, new Date());
    vi.spyOn(here.store, "setGreeting").mockRejectedValueOnce(new VoxpostError("STORE_REFUSED", "no"));
    await a.store();
    expect(here.recordings.names.map((name) => parseName(name).state)).toEqual(["failed"]);
    expect(here.lines.some(({ level }) => level === 50)).toBe(true);
  });

  it("Asterisk away: accepting fails, and nothing is in force that is not safe", async () => {
    const a = await program();
    const name = draft();
    await here.recordings.put(name, second(1));
    here.recordings.away = true;
    await expect(a.greetings.accept("pbx", [name])).rejects.toMatchObject({ code: "ASTERISK_UNREACHABLE" });
    expect(await a.heard()).toBeUndefined();
    expect(enqueued).toEqual([]);
  });
});

function source(value: number) {
  return {
    kind: "voice" as const,
    contentType: "audio/wav",
    open: async () => Readable.from([wav(second(value))]),
  };
}
