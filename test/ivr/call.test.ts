import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newId } from "../../src/custody/name.ts";
import type { AriChannel, AriEvent } from "../../src/ivr/ari-events.ts";
import { wavHeader } from "../../src/model/wav.ts";
import { heard, type Rig, rigForAllTests } from "./harness.ts";

const noise = (seconds: number): Int16Array =>
  Int16Array.from({ length: seconds * 8_000 }, (_, index) => 8_000 * Math.sin(index / 3));

describe("a call on a real Asterisk", () => {
  let rig: Rig;
  let folder: string;
  let before: string[] = [];

  rigForAllTests((started) => {
    rig = started;
    folder = mkdtempSync(`${tmpdir()}/voxpost-ivr-`);
  });
  afterAll(() => {
    if (folder) rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    if (!rig) return;
    await rig.phone.hangUp().catch(() => {});
    await vi.waitFor(() => expect(rig.ivr.calls.size).toBe(0), 10_000);
    rig.events.length = 0;
    rig.handler = undefined;
  });

  /** A message of so many seconds on this machine. */
  function message(seconds: number): { path: string; contentType: string } {
    const samples = noise(seconds);
    const path = `${folder}/${newId()}.wav`;
    writeFileSync(path, Buffer.concat([wavHeader(samples.byteLength), Buffer.from(samples.buffer)]));
    return { path, contentType: "audio/wav" };
  }

  /** Until Asterisk records it: what is said before that is in no file. */
  const begins = (part: string) =>
    vi.waitFor(async () => expect(await rig.ivr.recordings.isLive(part)).toBe(true), 10_000);

  const name = (take: string) => (part: number) =>
    `voxpost/take/1001@default/1002~~~/${take}~chan~1795302871339~0~${part}`;

  it("arrives with the entry, the mailbox, the options, and the context of the Gosub", async () => {
    const { entry, args, call, done } = await rig.ring();
    expect(entry).toBe("deposit");
    expect(args.slice(0, 2)).toEqual(["1001@default", "u"]);
    expect(call).toMatchObject({ asterisk: "lab", dialplanContext: "lab", caller: { number: "1002" } });
    done();
    expect(await rig.phone.ended).toBe("they");
  });

  it("plays a list to its end, numbers expanded into sounds", async () => {
    const { call, done } = await rig.ring();
    await expect(
      call.play(["vm-youhave", { number: 21 }, "vm-INBOX", "vm-messages"]),
    ).resolves.toBeUndefined();
    expect(heard(rig)).toEqual(
      ["vm-youhave", "digits/20", "digits/1", "vm-INBOX", "vm-messages"].map((sound) => `sound:${sound}`),
    );
    done();
  });

  it("plays our own sounds and pauses to their end, which Asterisk fetches and keeps", async () => {
    const { call, done } = await rig.ring();
    await call.play([{ silence: 200 }, "voxpost/problem", { silence: 200 }]);
    const ends = rig.events.filter(({ type }) => type === "PlaybackFinished");
    expect(ends.map(({ playback }) => playback?.state)).toEqual(["done"]);
    expect(heard(rig)).toHaveLength(3);
    done();
  });

  it("stops a list at once when a key is pressed, and returns the key", async () => {
    const { call, done } = await rig.ring();
    const playing = call.play(["vm-intro", "vm-intro"]);
    await vi.waitFor(() => expect(heard(rig)).toHaveLength(1), 10_000);
    await rig.phone.press("5");
    await expect(playing).resolves.toBe("5");
    expect(heard(rig)).toEqual(["sound:vm-intro"]);
    done();
  });

  it("hears only the keys that may interrupt, and drops the others", async () => {
    const { call, done } = await rig.ring();
    const playing = call.play(["vm-intro", "vm-intro"], { bargeIn: ["#"] });
    await vi.waitFor(() => expect(heard(rig)).toHaveLength(1), 10_000);
    await rig.phone.press("12#");
    await expect(playing).resolves.toBe("#");
    await expect(call.key(0)).resolves.toBeUndefined();
    done();
  });

  it("keeps keys that were typed ahead and skips the prompts that they answer", async () => {
    const { call, done } = await rig.ring();
    await rig.phone.press("12345#");
    await expect(call.play(["vm-login"])).resolves.toBe("1");
    await expect(call.entry({ first: "1" })).resolves.toEqual({ keys: "12345", ended: "terminator" });
    expect(heard(rig)).toEqual([]);
    done();
  });

  it("plays pauses, own sounds and greetings by HTTP", async () => {
    const { call, done } = await rig.ring();
    const greeting = message(1);
    await call.play([
      { silence: 200 },
      { file: greeting.path, contentType: greeting.contentType },
      { sound: "beep" },
    ]);
    const [silence, file, beep] = heard(rig);
    expect(silence).toMatch(/\/silence\/200\.wav$/);
    expect(file).toMatch(/\/m\/[0-9a-f]{32}\.wav$/);
    expect(beep).toBe("sound:beep");
    done();
  });

  it("rejects what waits with CALL_GONE after a hang-up, and aborts the signal", async () => {
    const { call, done } = await rig.ring();
    const key = call.key(20_000);
    const gone = expect(key).rejects.toMatchObject({ code: "CALL_GONE" });
    await rig.phone.hangUp();
    await gone;
    expect(call.signal.aborted).toBe(true);
    await expect(call.play(["vm-login"])).rejects.toMatchObject({ code: "CALL_GONE" });
    done();
  });

  it("reads and sets variables, and asks for extensions", async () => {
    const { call, done } = await rig.ring();
    await call.setVariable("VM_TEST", "a,b&c");
    await expect(call.variable("VM_TEST")).resolves.toBe("a,b&c");
    await expect(call.variable("VM_NOTHING")).resolves.toBeUndefined();
    await expect(call.extensionExists("lab", "1001")).resolves.toBe(true);
    await expect(call.extensionExists("lab", "o")).resolves.toBe(false);
    await expect(call.extensionExists("lab", "1001,1)})")).resolves.toBe(false);
    done();
  });

  describe("a message", () => {
    beforeEach(() => {
      before = readdirSync(rig.asterisk.mediaCache);
    });

    it("is heard when it was played to its end, and no copy stays with Asterisk", async () => {
      const { call, done } = await rig.ring();
      for (let count = 0; count < 3; count++) {
        await expect(call.playMessage(message(1), { skipMs: 3_000, controls: {} })).resolves.toEqual({
          heard: true,
        });
      }
      done();
      await vi.waitFor(() => expect(cached()).toEqual([]), 10_000);
    });

    it("is heard by who hangs up in the middle, and leaves no copy", async () => {
      const { call, done } = await rig.ring();
      const playing = call.playMessage(message(20), { skipMs: 3_000, controls: {} });
      await vi.waitFor(() => expect(heard(rig)).toHaveLength(1), 10_000);
      expect(cached()).toHaveLength(1);
      await rig.phone.hangUp();
      await expect(playing).resolves.toEqual({ heard: true });
      done();
      await vi.waitFor(() => expect(cached()).toEqual([]), 10_000);
    });

    it("obeys the control keys, and another key stops it", async () => {
      const { call, done } = await rig.ring();
      const controls = { "#": "forward", "*": "rewind", "0": "pause", "2": "restart" } as const;
      const started = Date.now();
      const playing = call.playMessage(message(12), { skipMs: 5_000, controls });
      await vi.waitFor(() => expect(heard(rig)).toHaveLength(1), 10_000);
      await rig.phone.press("##");
      await expect(playing).resolves.toEqual({ heard: true });
      expect(Date.now() - started).toBeLessThan(6_000);
      const again = call.playMessage(message(12), { skipMs: 5_000, controls });
      await vi.waitFor(() => expect(heard(rig)).toHaveLength(2), 10_000);
      await rig.phone.press("*0#02");
      await rig.phone.press("7");
      await expect(again).resolves.toEqual({ key: "7", heard: true });
      done();
      await vi.waitFor(() => expect(cached()).toEqual([]), 10_000);
    });

    it("is not heard when there is nothing to play", async () => {
      const { call, done } = await rig.ring();
      const path = `${folder}/broken.wav`;
      writeFileSync(path, "this is no audio");
      const broken = { path, contentType: "audio/wav" };
      await expect(call.playMessage(broken, { skipMs: 3_000, controls: {} })).resolves.toMatchObject({
        heard: false,
      });
      done();
    });
  });

  describe("a recording", () => {
    it("ends with #, and is there", async () => {
      const { call, done } = await rig.ring();
      const part = name(newId());
      const recording = call.record({ name: part, maxSeconds: 60, maxSilence: 0, beep: "beep" });
      await begins(part(0));
      await rig.phone.speak(noise(2));
      await rig.phone.press("#");
      const result = await recording;
      expect(result).toMatchObject({ ended: "key", key: "#" });
      expect(result.duration).toBeGreaterThanOrEqual(1);
      expect(result.parts).toHaveLength(1);
      await expect(rig.ivr.recordings.exists(result.parts[0] ?? "")).resolves.toBe(true);
      done();
    });

    it("ends with a # that came before Asterisk had begun it, and does not go on unheard", async () => {
      const { call, done } = await rig.ring();
      const part = name(newId())(0);
      const early = () => {
        const channel = { id: call.id } as AriChannel;
        rig.ivr.asterisk.events.emit({ type: "ChannelDtmfReceived", digit: "#", channel } as AriEvent);
        return part;
      };
      const result = await call.record({ name: early, maxSeconds: 60, maxSilence: 0 });
      expect(result).toMatchObject({ ended: "key", key: "#", parts: [part] });
      expect(result.duration).toBeLessThan(1);
      await expect(rig.ivr.recordings.isLive(part)).resolves.toBe(false);
      done();
    });

    it("ends with another key that may end it", async () => {
      const { call, done } = await rig.ring();
      const part = name(newId());
      const recording = call.record({ name: part, maxSeconds: 60, maxSilence: 0, stopKeys: ["0"] });
      await begins(part(0));
      await rig.phone.speak(noise(1));
      await rig.phone.press("10");
      await expect(recording).resolves.toMatchObject({ ended: "key", key: "0" });
      done();
    });

    it("ends with the hang-up, and is kept", async () => {
      const { call, done } = await rig.ring();
      const part = name(newId());
      const recording = call.record({ name: part, maxSeconds: 60, maxSilence: 10 });
      await begins(part(0));
      await rig.phone.speak(noise(2));
      await rig.phone.hangUp();
      const result = await recording;
      expect(result).toMatchObject({ ended: "hangup", parts: [part(0)] });
      // Asterisk may tell of the hang-up alone; then nobody knows how long it is, and the file has it all the same.
      expect(result.duration ?? 1).toBeGreaterThanOrEqual(1);
      expect((await bytesOf(part(0))).length).toBeGreaterThan(16_000);
      done();
    });

    it("ends at the limit and after silence, and tells the speech from the silence", async () => {
      const { call, done } = await rig.ring();
      await expect(
        Promise.all([
          call.record({ name: name(newId()), maxSeconds: 2, maxSilence: 0 }),
          rig.phone.speak(noise(4)),
        ]),
      ).resolves.toMatchObject([{ ended: "limit" }, undefined]);
      const part = name(newId());
      const recording = call.record({ name: part, maxSeconds: 60, maxSilence: 2 });
      await begins(part(0));
      await rig.phone.speak(noise(2));
      const result = await recording;
      expect(result.ended).toBe("silence");
      expect(result.talking).toBeGreaterThanOrEqual(1);
      done();
    });

    it.each([
      ["a sentence", 1],
      ["a short word", 0.4],
    ])("goes on in another part when the phone sent nothing after %s", async (_, seconds) => {
      const { call, done } = await rig.ring();
      const part = name(newId());
      const recording = call.record({ name: part, maxSeconds: 60, maxSilence: 0 });
      await begins(part(0));
      rig.phone.suppressSilence();
      await rig.phone.speak(noise(seconds));
      await vi.waitFor(async () => expect(await rig.ivr.recordings.exists(part(1))).toBe(true), 15_000);
      rig.phone.suppressSilence(false);
      await rig.phone.speak(noise(1));
      await rig.phone.press("#");
      const result = await recording;
      expect(result.ended).toBe("key");
      expect(result.parts).toEqual([part(0), part(1)]);
      done();
    });

    it("is refused when no file came to be", async () => {
      const { call, done } = await rig.ring();
      const tooLong = () => `voxpost/take/${"x".repeat(252)}`;
      await expect(call.record({ name: tooLong, maxSeconds: 60, maxSilence: 0 })).rejects.toMatchObject({
        code: "RECORDING_NOT_STARTED",
      });
      done();
    });

    it("can be listed, fetched, copied and removed, but not while it is live", async () => {
      const { recordings } = rig.ivr;
      const { call, done } = await rig.ring();
      const take = name(newId());
      const recording = call.record({ name: take, maxSeconds: 60, maxSilence: 0 });
      await begins(take(0));
      await expect(recordings.remove(take(0))).rejects.toMatchObject({ code: "LOCKED" });
      await rig.phone.speak(noise(1));
      await rig.phone.press("#");
      await recording;
      const copy = take(0).replace("/take/", "/deposit/");
      await recordings.copy(take(0), copy);
      await expect(recordings.list("voxpost/deposit")).resolves.toContain(copy);
      expect((await bytesOf(copy)).toString("latin1", 0, 4)).toBe("RIFF");
      await recordings.remove(copy);
      await recordings.remove(copy);
      await expect(recordings.exists(copy)).resolves.toBe(false);
      await expect(recordings.fetch(copy)).rejects.toMatchObject({ code: "RECORDING_GONE" });
      await expect(recordings.channelExists(call.id)).resolves.toBe(true);
      done();
    });
  });

  async function bytesOf(recording: string): Promise<Buffer> {
    const bytes: Buffer[] = [];
    for await (const chunk of await rig.ivr.recordings.fetch(recording)) bytes.push(chunk as Buffer);
    return Buffer.concat(bytes);
  }

  /** What Asterisk keeps of messages; silences and our own sounds may stay, so the first of the tests has none of them. */
  function cached(): string[] {
    return readdirSync(rig.asterisk.mediaCache).filter((file) => !before.includes(file));
  }
});
