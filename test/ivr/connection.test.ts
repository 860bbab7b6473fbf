import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { newId } from "../../src/custody/name.ts";
import type { AriChannel } from "../../src/ivr/ari-events.ts";
import { AriRequests } from "../../src/ivr/ari-requests.ts";
import { createIvr, type Ivr } from "../../src/ivr/ivr.ts";
import { createLogger } from "../../src/log.ts";
import { type Rig, rigForAllTests } from "./harness.ts";

describe("the connection to a real Asterisk", () => {
  let rig: Rig;
  /** Past the wire. */
  let direct: AriRequests;

  rigForAllTests((started) => {
    rig = started;
    direct = new AriRequests(rig.asterisk.ari);
  });
  afterEach(async () => {
    if (!rig) return;
    rig.wire.thaw();
    rig.handler = undefined;
    await rig.phone.hangUp().catch(() => {});
    await rig.asterisk.console("dialplan set global VOXPOST_WATCHDOG 15");
    await vi.waitFor(() => expect([rig.ivr.asterisk.state, rig.ivr.calls.size]).toEqual(["up", 0]), 10_000);
    await vi.waitFor(async () => expect(await direct.get("/channels")).toEqual([]), 10_000);
  });

  /** Where the one call is in the dialplan. */
  async function place(): Promise<string> {
    const [channel] = await direct.get<AriChannel[]>("/channels");
    return `${channel?.dialplan?.context},${channel?.dialplan?.exten},${channel?.dialplan?.app_name}`;
  }
  const until = (listener: () => Promise<void>) => vi.waitFor(listener, { timeout: 10_000, interval: 50 });
  const isUp = () => until(async () => expect(rig.ivr.asterisk.state).toBe("up"));

  it("comes back after it was cut, and calls go on with their keys", async () => {
    const { call, done } = await rig.ring();
    const playing = call.play(["vm-no"]);
    await until(async () => expect(rig.events.some(({ type }) => type === "PlaybackStarted")).toBe(true));
    const states: string[] = [];
    const stop = rig.ivr.asterisk.onState((state) => states.push(state));
    rig.wire.cut();
    await until(async () => expect(states).toEqual(["connecting", "up"]));
    stop();
    await playing;
    const key = call.key(5_000);
    await rig.phone.press("7");
    await expect(key).resolves.toBe("7");
    await expect(call.play(["vm-youhave"])).resolves.toBeUndefined();
    done();
    expect(await rig.phone.ended).toBe("they");
  });

  it("learns of a hang-up and of the end of a recording that it was not told of", async () => {
    const { call, done } = await rig.ring();
    const name = (part: number) => `voxpost/take/missed~${part}`;
    const recording = call.record({ name, maxSeconds: 60, maxSilence: 0 });
    await until(async () => expect(await rig.ivr.recordings.isLive(name(0))).toBe(true));
    rig.wire.freeze({ forNew: true });
    await rig.phone.hangUp();
    await until(async () => expect(await direct.get("/channels")).toEqual([]));
    rig.wire.thaw();
    await expect(recording).resolves.toEqual({ parts: [name(0)], ended: "hangup", duration: undefined });
    expect(call.signal.aborted).toBe(true);
    done();
  });

  it("learns from the file what was said, and that # ended it, when it was told of neither", async () => {
    const { call, done } = await rig.ring();
    const name = (part: number) => `voxpost/take/untold~${part}`;
    const begun = Date.now();
    const recording = call.record({ name, maxSeconds: 60, maxSilence: 10 });
    await until(async () => expect(await rig.ivr.recordings.isLive(name(0))).toBe(true));
    await rig.phone.speak(new Int16Array(3 * 8_000).map((_, index) => (index % 20) * 400));
    rig.wire.freeze({ forNew: true });
    await rig.phone.press("#");
    const live = `/recordings/live/${encodeURIComponent(name(0))}`;
    await until(async () => expect(await direct.find(live)).toBeUndefined());
    const lasted = (Date.now() - begun) / 1_000;
    rig.wire.thaw();
    // Seen at once: after four seconds it could as well have been a pause.
    rig.wire.cut();
    const result = await recording;
    expect(result).toMatchObject({ parts: [name(0)], ended: "key", key: "#" });
    expect(result.talking).toBeUndefined();
    expect(result.duration).toBeGreaterThan(2.5);
    expect(result.duration).toBeLessThan(lasted);
    done();
  });

  it("does not believe in a note of which Asterisk never heard", async () => {
    const { call, done } = await rig.ring();
    expect(await call.note("voxpost/deposit/noted")).toBe(true);
    await rig.ivr.recordings.remove("voxpost/deposit/noted");
    rig.wire.freeze({ forNew: true });
    const noted = call.note("voxpost/deposit/untold").catch(() => false);
    const thawed = rig.ivr.asterisk.onState((state) => {
      if (state !== "up") rig.wire.thaw();
    });
    const isBelieved = await noted;
    thawed();
    // What was held up on its way may have arrived since.
    expect(
      isBelieved && (await direct.find("/recordings/stored/voxpost%2Fdeposit%2Funtold")) === undefined,
    ).toBe(false);
    await rig.ivr.recordings.remove("voxpost/deposit/untold");
    done();
  });

  it("takes a call that entered while it was deaf", async () => {
    rig.wire.freeze();
    const { call, done, entry, args } = await rig.ring();
    expect([entry, args[0]]).toEqual(["deposit", "1001@default"]);
    const key = call.key(5_000);
    await rig.phone.press("3");
    await expect(key).resolves.toBe("3");
    done();
  });

  /** Another process of our name, which knows of no call; the first is deaf for good, as if it were dead. */
  async function succeed(): Promise<Ivr> {
    rig.wire.freeze({ forNew: true });
    const successor = createIvr({
      server: { name: "lab", ...rig.asterisk.ari },
      instance: "lab",
      media: rig.media,
      log: createLogger("silent"),
      onReplaced: () => {},
      handler: async () => {},
    });
    successor.start();
    await successor.asterisk.whenUp(AbortSignal.timeout(10_000));
    return successor;
  }

  it("sends on a call that a dead program began", async () => {
    await rig.ring();
    const successor = await succeed();
    await until(async () => expect(await place()).toMatch(/^voxpost,(greet|tape)/));
    await successor.close();
  });

  it("lets a caller finish who was speaking when the program died", { timeout: 60_000 }, async () => {
    // Others promise to look in time at a switch of this length.
    await rig.asterisk.console("dialplan set global VOXPOST_WATCHDOG 9");
    const { call } = await rig.ring();
    const name = (part: number) =>
      `voxpost/take/1001@default/~~~/${newId()}~${call.id}~1795302871339~0~${part}`;
    const taken = name(0);
    void call.record({ name: () => taken, maxSeconds: 60, maxSilence: 0 }).catch(() => {});
    await until(async () => expect(await call.variable("VOXPOST_STATUS")).toBe("SERVED"));
    const successor = await succeed();
    await rig.phone.speak(new Int16Array(12 * 8_000));
    await expect(successor.recordings.isLive(taken)).resolves.toBe(true);
    await rig.phone.press("#");
    expect(await rig.phone.ended).toBe("they");
    await successor.close();
  });

  it("leads a call out by the dead man's switch when the program is gone, and not before", {
    timeout: 60_000,
  }, async () => {
    await rig.asterisk.console("dialplan set global VOXPOST_WATCHDOG 5");
    const { call } = await rig.ring();
    await expect(call.key(6_000)).resolves.toBeUndefined();
    const recording = call.record({ name: () => `voxpost/take/${newId()}`, maxSeconds: 7, maxSilence: 0 });
    await expect(recording).resolves.toMatchObject({ ended: "limit" });
    await call.play(["vm-intro", "vm-intro"]);
    expect(await place()).toMatch(/^voxpost,try,Stasis/);
    rig.wire.freeze({ forNew: true });
    // Something was recorded, so nobody asks the caller again: the call goes on behind the Gosub, which hangs up.
    expect(await rig.phone.ended).toBe("they");
  });

  it("gives a call whose handler failed to the dialplan, which records", async () => {
    rig.handler = async (_entry, _args, call) => {
      await call.answer();
      throw new Error("a fault in a menu");
    };
    await rig.phone.dial("1001");
    await until(async () => expect(await place()).toMatch(/^voxpost,(greet|tape)/));
  });

  it("gives a call back at the place that it is told", async () => {
    const { call, done } = await rig.ring();
    await call.leave({ context: "lab", extension: "*96" });
    done();
    await until(async () => expect(await place()).toBe("lab,*96,Echo"));
  });

  it("hangs up", async () => {
    const { call, done } = await rig.ring();
    await call.hangUp();
    done();
    expect(await rig.phone.ended).toBe("they");
  });

  it("comes back after a restart of Asterisk; its calls are gone, new ones are served", async () => {
    const { call, done } = await rig.ring();
    const key = call.key(60_000);
    const gone = expect(key).rejects.toMatchObject({ code: "CALL_GONE" });
    rig.asterisk.kill();
    await rig.asterisk.exited;
    await rig.asterisk.restart();
    await gone;
    done();
    rig.phone.vanish();
    await isUp();
    const next = await rig.ring();
    await next.call.play(["vm-goodbye"]);
    next.done();
    expect(await rig.phone.ended).toBe("they");
  });

  it("reports what cannot be asked, within its time", async () => {
    const { requests } = rig.ivr.asterisk;
    await expect(requests.get("/channels/none")).rejects.toMatchObject({ code: "CALL_GONE" });
    await expect(requests.get("/sounds/none")).rejects.toMatchObject({ code: "ASTERISK_REFUSED" });
    const stranger = new AriRequests({ ...rig.asterisk.ari, password: "wrong" });
    await expect(stranger.get("/channels")).rejects.toThrow(/ari\.conf/);
    rig.wire.freeze({ forNew: true });
    await expect(requests.get("/channels")).rejects.toMatchObject({
      code: "ASTERISK_UNREACHABLE",
      retryable: true,
    });
    const nobody = new AriRequests({ ...rig.asterisk.ari, url: "http://127.0.0.1:1" });
    await expect(nobody.get("/channels")).rejects.toMatchObject({ code: "ASTERISK_UNREACHABLE" });
  });

  it("leaves nothing of a request on a signal that lives on, and ends with it what is being read", async () => {
    const { signal } = new AbortController();
    const nobody = new AriRequests({ ...rig.asterisk.ari, url: "http://127.0.0.1:1" });
    await direct.get("/channels", { signal });
    await direct.post("/asterisk/variable", { query: { variable: "NOTHING", value: "1" }, signal });
    await expect(direct.get("/channels/none", { signal })).rejects.toMatchObject({ code: "CALL_GONE" });
    await expect(nobody.get("/channels", { signal })).rejects.toMatchObject({ code: "ASTERISK_UNREACHABLE" });
    expect(getEventListeners(signal, "abort")).toEqual([]);
    const reading = new AbortController();
    const response = await direct.stream("GET", "/channels", { signal: reading.signal });
    reading.abort();
    await expect(response.text()).rejects.toMatchObject({ name: "AbortError" });
  });

  it("drains: present calls end in their time, new ones are sent on", async () => {
    const drained = rig.ivr.drain();
    await drained;
    await rig.phone.dial("1001");
    await until(async () => expect(await place()).toMatch(/^voxpost,(greet|tape)/));
  });
});

describe("a second program under the same name", () => {
  let rig: Rig;

  rigForAllTests((started) => {
    rig = started;
  });

  it("is reported loudly by the first, which would hear nothing any more", async () => {
    const other = createIvr({
      server: { name: "lab", ...rig.asterisk.ari },
      instance: "lab",
      media: rig.media,
      log: createLogger("silent"),
      onReplaced: () => {},
      handler: async () => {},
    });
    other.start();
    try {
      await other.asterisk.whenUp(AbortSignal.timeout(10_000));
      await vi.waitFor(() => expect(rig.replaced).toHaveLength(1), 10_000);
      expect(rig.replaced[0]).toMatchObject({ code: "APPLICATION_REPLACED" });
      expect(rig.ivr.asterisk.state).toBe("replaced");
    } finally {
      await other.close();
    }
  });
});
