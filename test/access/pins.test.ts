import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { OwnPins, type OwnPinsParts } from "../../src/access/own-pins.ts";
import { weaknessOf } from "../../src/access/pin-policy.ts";
import { PinRecords } from "../../src/access/pin-records.ts";
import { boundedRedis } from "../../src/jobs/redis.ts";
import type { Subscriber } from "../../src/model/subscriber.ts";
import { hashPin } from "../../src/storage/pins.ts";
import { collectingLog } from "../jobs/world.ts";

const ANN = { address: { mailbox: "1001", context: "default" }, fullName: "Zoë Müller", minPin: 4 };
const OWNER = { ...ANN, pinLocked: false } as Subscriber;
const GOOD = "471938";
const BETTER = "825064";

describe("the policy", () => {
  it.each([
    ["", "not digits"],
    ["12a4", "not digits"],
    ["*123", "not digits"],
    ["719", "too short"],
    ["471938471938471938471", "too long"],
    ["1111", "two digits at most"],
    ["121221", "two digits at most"],
    ["47773", "a digit three times in a row"],
    ["1234", "a sequence"],
    ["9876", "a sequence"],
    ["7890", "a sequence"],
    ["408408", "a group that is repeated"],
    ["1987", "a year"],
    ["2026", "a year"],
    ["2580", "a line on the keypad"],
    ["1001", "two digits at most"],
    ["68553", "the owner's name"],
    [GOOD, undefined],
    ["7391", undefined],
  ])("%s: %s", (pin, why) => {
    expect(weaknessOf(pin, ANN)).toBe(why);
  });

  it.each(["5482", "2845"])("%s is the mailbox's number, or it backwards", (pin) => {
    expect(weaknessOf(pin, { ...ANN, address: { mailbox: "5482" } })).toBe("the mailbox's number");
  });

  it("is no shorter than one digit, whatever is configured", () => {
    expect(weaknessOf("", { ...ANN, minPin: 0 })).toBeDefined();
  });
});

describe("PINs that owners choose", () => {
  let lab: Lab;
  let folder: string;
  const { log, lines } = collectingLog();
  const closing: (() => void)[] = [];
  beforeAll(async () => {
    lab = await startLab({ servers: ["redis"] });
  });
  afterAll(() => lab?.stop());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "voxpost-pins-"));
    lines.length = 0;
    const redis = await connected();
    await redis.flushall();
  });
  afterEach(() => {
    for (const close of closing.splice(0)) close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function connected() {
    const redis = boundedRedis(lab.redis?.url ?? "", log);
    closing.push(() => redis.disconnect());
    await vi.waitFor(() => expect(redis.status).toBe("ready"), 10_000);
    return redis;
  }

  /** One program, with a disk of its own unless told otherwise. */
  async function program(name: string, parts: Partial<OwnPinsParts> = {}, withRedis = true) {
    const redis = withRedis ? await connected() : undefined;
    const records = new PinRecords({ path: join(folder, name, "pins.json"), redis, log });
    const configured = () => ({ pin: "1001" });
    return new OwnPins({ records, configured, storeChecks: false, history: 2, log, ...parts });
  }

  function script(text: string): string[] {
    const path = join(folder, "hook.sh");
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o700 });
    return [path];
  }

  it("count at once, also in other programs, and the old one no more", async () => {
    const [a, b] = [await program("a"), await program("b")];
    expect(await b.verify(OWNER.address, "1001")).toBe(true);
    await a.change(OWNER, GOOD);
    for (const each of [a, b]) {
      expect(await each.verify(OWNER.address, GOOD)).toBe(true);
      expect(await each.verify(OWNER.address, "1001")).toBe(false);
    }
    await b.change(OWNER, BETTER);
    expect(await a.verify(OWNER.address, BETTER)).toBe(true);
    expect(await a.verify(OWNER.address, GOOD)).toBe(false);
  });

  it("survive a restart, an emptied Redis, and the loss of a disk", async () => {
    const a = await program("a");
    await a.change(OWNER, GOOD);
    const b = await program("b");
    expect(await b.verify(OWNER.address, GOOD)).toBe(true);
    await (await connected()).flushall();
    // b has a copy of its own since it saw it, and gives it back.
    expect(await (await program("b", {}, false)).verify(OWNER.address, GOOD)).toBe(true);
    expect(await (await program("b")).verify(OWNER.address, GOOD)).toBe(true);
    expect(await (await program("c")).verify(OWNER.address, GOOD)).toBe(true);
  });

  it("count without Redis, and reach the others when it is back", async () => {
    const alone = await program("a", {}, false);
    await alone.change(OWNER, GOOD);
    expect(await alone.verify(OWNER.address, GOOD)).toBe(true);
    const back = await program("a");
    await back.verify(OWNER.address, GOOD);
    expect(await (await program("b")).verify(OWNER.address, GOOD)).toBe(true);
  });

  it("are nobody's to read: hashed, in a file of one's own, in no log", async () => {
    const a = await program("a");
    await a.isGood(OWNER, "1234");
    await a.change(OWNER, GOOD);
    const path = join(folder, "a/pins.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).not.toContain(GOOD);
    expect(JSON.stringify(await (await connected()).hgetall("voxpost:pins"))).not.toContain(GOOD);
    expect(JSON.stringify(lines)).not.toContain(GOOD);
    expect(JSON.stringify(lines)).not.toContain("1234");
    expect(lines).toContainEqual(expect.objectContaining({ event: "pin-changed", mailbox: "1001@default" }));
  });

  it("give way when the administrator sets another one", async () => {
    const a = await program("a");
    await a.change(OWNER, GOOD);
    const reset = await program("a", { configured: () => ({ pin: "5555" }) });
    expect(await reset.verify(OWNER.address, GOOD)).toBe(false);
    expect(await reset.verify(OWNER.address, "5555")).toBe(true);
    const hash = await hashPin("7777");
    const hashed = await program("a", { configured: () => ({ pinHash: hash }) });
    expect(await hashed.verify(OWNER.address, "7777")).toBe(true);
    await hashed.change(OWNER, BETTER);
    expect(await hashed.verify(OWNER.address, BETTER)).toBe(true);
    expect(await hashed.verify(OWNER.address, "7777")).toBe(false);
  });

  it("may not be chosen again too soon", async () => {
    const a = await program("a");
    const pins = [GOOD, BETTER, "306915"];
    for (const pin of pins) {
      expect(await a.isGood(OWNER, pin)).toBe(true);
      await a.change(OWNER, pin);
      expect(await a.isGood(OWNER, pin)).toBe(false);
    }
    // History is two: the one before the last two is free again, and so is the configuration's but that it is weak.
    expect(await a.isGood(OWNER, BETTER)).toBe(false);
    expect(await a.isGood(OWNER, GOOD)).toBe(false);
    await a.change(OWNER, "918273");
    expect(await a.isGood(OWNER, GOOD)).toBe(true);
  });

  it("a damaged file stops the start instead of bringing back an old PIN", () => {
    const path = join(folder, "pins.json");
    writeFileSync(path, '{"voxpost": 1, "pins": {"1001@default"');
    expect(() => new PinRecords({ path, redis: undefined, log })).toThrow(/cannot be understood/);
  });

  it.each([
    [
      "VALID",
      "read pin; [ $1 = 1001 ] && [ $2 = default ] && echo $pin | grep -qx '[0-9]*' && echo VALID",
      true,
    ],
    ["INVALID", "echo INVALID", false],
    ["nothing said", "exit 0", false],
    ["VALID but a failure", "echo VALID; exit 3", false],
  ])("externpasscheck: %s", async (_what, text, good) => {
    const a = await program("a", { check: script(text) });
    expect(await a.isGood(OWNER, GOOD)).toBe(good);
  });

  it("externpasscheck that is missing refuses", async () => {
    const a = await program("a", { check: [join(folder, "nowhere")] });
    expect(await a.isGood(OWNER, GOOD)).toBe(false);
    expect(lines.some(({ level }) => level === 50)).toBe(true);
  });

  it("externpassnotify is told of a PIN that was changed, and its failure changes nothing", async () => {
    const told = join(folder, "told");
    const a = await program("a", {
      notify: script(`{ echo "$@"; cat; } > ${told}.new; mv ${told}.new ${told}`),
    });
    await a.change(OWNER, GOOD);
    const patient = { timeout: 10_000 };
    await expect
      .poll(() => existsSync(told) && readFileSync(told, "utf8"), patient)
      .toBe(`1001 default\n${GOOD}\n`);
    const failing = await program("b", { notify: script("exit 1") }, false);
    await failing.change(OWNER, GOOD);
    await expect.poll(() => lines.some(({ level }) => level === 50), patient).toBe(true);
    expect(await failing.verify(OWNER.address, GOOD)).toBe(true);
  });

  it("where the store checks PINs a command changes them, told by its standard input alone", async () => {
    const told = join(folder, "told");
    const a = await program("a", {
      storeChecks: true,
      change: script(`{ echo "$@"; cat; tr '\\\\0' ' ' </proc/$$/cmdline; } > ${told}`),
    });
    expect(a.isPossible(OWNER)).toBe(true);
    await a.change(OWNER, GOOD);
    const [args, pin, ...commandLine] = readFileSync(told, "utf8").split("\n");
    expect([args, pin]).toEqual(["1001 default", GOOD]);
    expect(commandLine.join()).not.toContain(GOOD);
    const failing = await program("a", { storeChecks: true, change: script(`echo "no $(cat)" >&2; exit 1`) });
    const refused = await failing.change(OWNER, GOOD).catch((error: Error) => error);
    expect(refused).toMatchObject({ code: "STORE_REFUSED" });
    expect(JSON.stringify(refused, Object.getOwnPropertyNames(refused))).not.toContain(GOOD);
  });

  it("cannot be changed where the store checks them and nothing can change them, nor where they are locked", async () => {
    expect((await program("a", { storeChecks: true })).isPossible(OWNER)).toBe(false);
    expect((await program("a")).isPossible({ ...OWNER, pinLocked: true })).toBe(false);
    expect((await program("a")).isPossible(OWNER)).toBe(true);
  });
});
