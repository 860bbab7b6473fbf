import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { startPhone } from "../../lab/phone.ts";
import { ROOT } from "../../src/custody/name.ts";
import { Asterisk } from "../../src/ivr/asterisk.ts";
import { Recordings } from "../../src/ivr/recordings.ts";
import { Sweep } from "../../src/jobs/sweep.ts";
import { ANN, recordingName, type World, world } from "./world.ts";

describe("on a real Asterisk", () => {
  let lab: Lab;
  let here: World;
  let recordings: Recordings;
  beforeAll(async () => {
    lab = await startLab({ servers: ["asterisk"] });
    if (!lab.asterisk) return;
    here = await world();
    const onReplaced = () => {};
    const server = { name: "pbx", app: "voxpost-none", ...lab.asterisk.ari };
    recordings = new Recordings(new Asterisk({ ...server, log: here.log, onReplaced }));
  });
  afterAll(async () => {
    await here?.close();
    await lab?.stop();
  });
  beforeEach(({ skip }) => {
    if (!lab.asterisk) skip(lab.asteriskMissing ?? "no Asterisk");
  });

  it("what the dialplan recorded while no program ran is delivered by the sweep, once the caller is gone", async () => {
    const deps = here.program({ recordingsOf: () => recordings });
    const sweep = new Sweep({
      asterisk: "pbx",
      recordings,
      enqueue: { greeting: async () => {}, deposit: (job) => here.deliver(job, deps) },
      log: here.log,
    });
    const phone = await startPhone({ sip: lab.asterisk?.sip ?? { host: "", port: 0 }, number: "1002" });
    try {
      await phone.dial("1001");
      await vi.waitFor(async () => expect(await recordings.list(ROOT)).toHaveLength(1), 20_000);
      await phone.speak(new Int16Array(16_000).fill(9_000));
      expect(await sweep.run()).toMatchObject({ undelivered: 0 });
      expect(await recordings.list(ROOT)).toHaveLength(1);
      await phone.hangUp();
    } finally {
      await phone.close();
    }
    await vi.waitFor(async () => expect(await sweep.run()).toMatchObject({ undelivered: 1 }), 10_000);
    expect(await recordings.list(ROOT)).toEqual([]);
    const [entry, ...more] = await here.messages(ANN);
    expect(more).toEqual([]);
    expect(entry?.envelope).toMatchObject({ caller: { number: "1002" } });
    expect(entry?.envelope.duration).toBeGreaterThanOrEqual(2);
    const samples = new Int16Array(new Uint8Array((await here.audio(ANN)).subarray(44)).buffer);
    expect(samples.filter((sample) => Math.abs(sample - 9_000) < 500).length).toBeGreaterThan(14_000);
  });

  it("the longest name that we make can be asked for, copied and removed", async () => {
    const recipients = Array.from({ length: 98 }, (_, index) => ({
      mailbox: String(1001 + index),
      context: "default",
    }));
    const name = recordingName({ state: "deposit", recipients });
    expect(name.length).toBeGreaterThan(1_350);
    await expect(recordings.fetch(name)).rejects.toMatchObject({ code: "RECORDING_GONE" });
    await expect(recordings.copy(name, name.replace("deposit", "failed"))).rejects.toMatchObject({
      code: "RECORDING_GONE",
    });
    await recordings.remove(name);
  });
});
