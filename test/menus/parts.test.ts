import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryLoginLimiter } from "../../src/access/limiter.ts";
import { AudioCache } from "../../src/menus/audio.ts";
import { DEPOSIT_OPTIONS, parseOptions } from "../../src/menus/options.ts";
import { isTooQuiet, isTooShort } from "../../src/menus/take.ts";
import { patiently, within } from "../../src/menus/wait.ts";
import { Phone } from "./phone.ts";
import { World } from "./world.ts";

const NEVER = new Promise<never>(() => undefined);

describe("options", () => {
  it("are read letter by letter, with their arguments", () => {
    const options = parseOptions("ud(sales)t()g(-3)d", DEPOSIT_OPTIONS);
    expect([...options]).toEqual([
      ["u", ""],
      ["d", ""],
      ["t", ""],
      ["g", "-3"],
    ]);
  });

  it.each([
    ["q", '"q" is not an option'],
    ["u(x)", "takes no argument"],
    ["g", "needs one"],
    ["g(loud)", "whole decibels"],
  ])("%s is refused", (text, why) => {
    expect(() => parseOptions(text, DEPOSIT_OPTIONS)).toThrow(why);
  });
});

describe("too short", () => {
  const take = { parts: ["name"], ended: "key", duration: 5, elapsed: 6 } as const;

  it.each([
    ["long enough", {}, false],
    ["shorter than minsecs", { duration: 1 }, true],
    ["no file", { parts: [], duration: 0, elapsed: 1 }, true],
    ["of a length that is not known", { duration: undefined, elapsed: 4 }, false],
    ["without speech", { talking: 0 }, false],
  ])("%s", (_what, change, short) => {
    expect(isTooShort({ ...take, ...change }, 2)).toBe(short);
  });

  it("is not too quiet", () => {
    expect(
      [{ talking: 0 }, { talking: 2 }, {}].map((change) => isTooQuiet({ ...take, ...change }, 2)),
    ).toEqual([true, false, false]);
  });
});

describe("failed logins", () => {
  const box = { mailbox: "1001", context: "default" };
  const other = { mailbox: "1002", context: "default" };

  it("block a mailbox and a caller for longer and longer, and are forgotten", async () => {
    let now = 0;
    const limiter = new MemoryLoginLimiter(() => now);
    for (let n = 0; n < 5; n++) await limiter.failed(box, "555");
    expect(await limiter.blockedFor(box, "555")).toBe(0);
    await limiter.failed(box, "555");
    expect(await limiter.blockedFor(box, "777")).toBe(10_000);
    expect(await limiter.blockedFor(other, "555")).toBe(10_000);
    expect(await limiter.blockedFor(other, "777")).toBe(0);
    for (let n = 0; n < 20; n++) await limiter.failed(box, "555");
    expect(await limiter.blockedFor(box, undefined)).toBe(120_000);
    expect(await limiter.blockedFor(box, "555")).toBe(3_600_000);
    now = 25 * 3_600_000;
    expect(await limiter.blockedFor(box, "555")).toBe(0);
    await limiter.failed(box, "555");
    expect(await limiter.blockedFor(box, "555")).toBe(0);
  });

  it("of a mailbox are forgotten when its owner logs in, those of a caller are not", async () => {
    const limiter = new MemoryLoginLimiter(() => 0);
    for (let n = 0; n < 6; n++) await limiter.failed(box, "555");
    await limiter.succeeded(box, "555");
    expect(await limiter.blockedFor(box, undefined)).toBe(0);
    expect(await limiter.blockedFor(other, "555")).toBe(10_000);
  });
});

describe("waiting", () => {
  it("ends in time though the work does not heed its signal", async () => {
    let told = false;
    const work = (signal: AbortSignal) => {
      signal.addEventListener("abort", () => {
        told = true;
      });
      return NEVER;
    };
    await expect(within(1, "Something", work)).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    expect(told).toBe(true);
  });

  it("ends with the call", async () => {
    const gone = new AbortController();
    const waiting = within(60_000, "Something", () => NEVER, gone.signal);
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: "CALL_GONE" });
  });

  it("is not silent for long", async () => {
    const phone = new Phone(() => undefined);
    await expect(
      patiently(
        phone,
        within(50, "Something", () => NEVER),
        1,
      ),
    ).rejects.toMatchObject({
      code: "STORE_TIMEOUT",
    });
    const words = phone.heard.length;
    expect(words).toBeGreaterThan(1);
    expect(new Set(phone.heard)).toEqual(new Set(["one-moment-please"]));
    expect(await patiently(phone, Promise.resolve("at once"), 1000)).toBe("at once");
    expect(phone.heard).toHaveLength(words);
  });
});

describe("audio of messages", () => {
  let world: World;
  let folder: string;
  let cache: AudioCache;
  const files = () => readdirSync(folder);
  const entries = async () =>
    (await world.store.list({ mailbox: "1001", context: "default" }, "INBOX", { view: "all", limit: 10 }))
      .entries;

  beforeEach(async () => {
    world = new World();
    folder = mkdtempSync(join(tmpdir(), "voxpost-audio-"));
    cache = new AudioCache(world.store, folder);
    for (const id of ["m1", "m2", "m3"]) await world.message({ id });
  });
  afterEach(() => {
    world.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is on the disk for two messages at most, and gone afterwards", async () => {
    for (const entry of await entries()) await cache.get(entry);
    await expect.poll(files).toEqual(["1-0", "2-0"]);
    await cache.dispose();
    expect(() => files()).toThrow("ENOENT");
  });

  it("is fetched once, however often it is asked for", async () => {
    const [first] = await entries();
    if (!first) throw new Error("no message");
    cache.ahead(first);
    const [part] = await cache.get(first);
    expect(await cache.get(first)).toEqual([part]);
    expect(readFileSync(part?.path ?? "", "utf8")).toBe("(message m1)");
    await cache.dispose();
  });

  it("is asked for again after a failure", async () => {
    const [first] = await entries();
    if (!first) throw new Error("no message");
    const away = new AudioCache(
      { ...world.store, audio: () => Promise.reject(new Error("away")) } as never,
      folder,
    );
    await expect(away.get(first)).rejects.toThrow("away");
    await world.engine.remove(first.ref);
    await expect(cache.get(first)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
    await cache.dispose();
    await expect(cache.get(first)).rejects.toMatchObject({ code: "ABORTED" });
  });
});
