import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Rig, realRig, simulatedRig } from "./rig.ts";

/**
 * Keeps the simulation honest: the same script tells an application the same on both, and the same requests get the same
 * answers.
 */
const SCRIPTS: Record<string, (rig: Rig) => Promise<void>> = {
  "a list, with a sound that does not exist and one that cannot be fetched": async (rig) => {
    const { channel, hangUp } = await rig.call();
    const media = ["sound:digits/1", "sound:nowhere", "sound:http://127.0.0.1:1/a.wav", "number:2"].join(",");
    await rig.request("POST", `/channels/${channel}/play/a?media=${media}`);
    await rig.until("PlaybackFinished number:2 done");
    await rig.request("POST", `/channels/${channel}/play/b?media=sound:http://127.0.0.1:1/a.wav`);
    await rig.until("PlaybackFinished sound:http://127.0.0.1:1/a.wav failed");
    await hangUp();
    await rig.until("StasisEnd");
  },

  "playbacks are stopped: playing, waiting, ended, and of numbers only": async (rig) => {
    const { channel, hangUp } = await rig.call();
    await rig.request("POST", `/channels/${channel}/play/c?media=sound:vm-intro,sound:beep`);
    await rig.request("POST", `/channels/${channel}/play/d?media=sound:digits/1`);
    await rig.until("PlaybackStarted sound:vm-intro playing");
    await rig.request("DELETE", "/playbacks/d");
    await rig.request("DELETE", "/playbacks/c");
    await rig.until("PlaybackFinished sound:digits/1 done");
    await rig.request("DELETE", "/playbacks/c");
    await rig.request("POST", `/channels/${channel}/play/e?media=number:2`);
    await rig.until("PlaybackStarted number:2 playing");
    await rig.request("DELETE", "/playbacks/e");
    await rig.until("PlaybackFinished number:2 done");
    await hangUp();
    await rig.until("StasisEnd");
  },

  "the caller hangs up while a list is played": async (rig) => {
    const { channel, hangUp } = await rig.call();
    await rig.request("POST", `/channels/${channel}/play/f?media=sound:vm-intro,sound:beep`);
    await rig.until("PlaybackStarted sound:vm-intro playing");
    await hangUp();
    await rig.until("StasisEnd");
    await rig.ask(`/channels/${channel}`, 404);
    await rig.ask("/playbacks/f", 404);
  },

  "a recording waits for a playback, hears keys and ends with #": async (rig) => {
    const { channel, press, speak, hangUp } = await rig.call();
    await rig.request("POST", `/channels/${channel}/play/g?media=sound:digits/1`);
    await rig.request("POST", `/channels/${channel}/record?name=sim/one&format=wav&terminateOn=%23`);
    await rig.request("POST", "/recordings/live/sim%2Fone/stop");
    await rig.until("RecordingStarted sim/one recording");
    await press("5");
    await press("#");
    await rig.until("RecordingFinished sim/one done");
    await rig.request("POST", `/channels/${channel}/record?name=sim/one&format=wav&ifExists=fail`);
    await rig.request("POST", "/recordings/stored/sim%2Fone/copy?destinationRecordingName=sim/dot.ted~0");
    await rig.request("POST", "/recordings/stored/sim%2Fone/copy?destinationRecordingName=sim/dot.ted~0.wav");
    await rig.request("POST", "/recordings/stored/sim%2Fone/copy?destinationRecordingName=sim/two");
    await rig.request("POST", "/recordings/stored/sim%2Fone/copy?destinationRecordingName=sim/two");
    await rig.request("DELETE", "/recordings/stored/sim%2Fone");
    await rig.request("DELETE", "/recordings/stored/sim%2Fone");
    await speak();
    await hangUp();
    await rig.until("StasisEnd");
  },

  "the caller hangs up while speaking": async (rig) => {
    const { channel, speak, hangUp } = await rig.call();
    await speak();
    await rig.request("POST", `/channels/${channel}/record?name=sim/three&format=wav&terminateOn=%23`);
    await rig.until("RecordingStarted sim/three recording");
    await rig.pause(1_500);
    await hangUp();
    await rig.until("StasisEnd");
    await rig.request("GET", "/recordings/stored/sim%2Fthree");
  },

  "four seconds without RTP end a recording": async (rig) => {
    const { channel, hangUp } = await rig.call();
    await rig.request("POST", `/channels/${channel}/record?name=sim/four&format=wav&terminateOn=%23`);
    await rig.until("RecordingFinished sim/four done");
    await hangUp();
    await rig.until("StasisEnd");
  },

  "a recording that is deleted while it runs is lost, and one with too long a name never was": async (
    rig,
  ) => {
    const { channel, speak, hangUp } = await rig.call();
    await speak();
    await rig.request("POST", `/channels/${channel}/record?name=sim/five&format=wav`);
    await rig.until("RecordingStarted sim/five recording");
    await rig.ask("/recordings/stored/sim%2Ffive", 200);
    await rig.request("DELETE", "/recordings/stored/sim%2Ffive");
    await rig.request("POST", "/recordings/live/sim%2Ffive/stop");
    await rig.until("RecordingFinished sim/five done");
    await rig.request("GET", "/recordings/stored/sim%2Ffive");
    const long = `sim/${"x".repeat(252)}`;
    await rig.request("POST", `/channels/${channel}/record?name=${long}&format=wav&maxDurationSeconds=1`);
    await rig.until(`RecordingFinished ${long} done`);
    await rig.request("GET", `/recordings/stored/${encodeURIComponent(long)}`);
    await hangUp();
    await rig.until("StasisEnd");
  },

  "a variable is set only when a recording has ended": async (rig) => {
    const { channel, speak, hangUp } = await rig.call();
    await speak();
    await rig.request("POST", `/channels/${channel}/record?name=sim/six&format=wav&maxDurationSeconds=2`);
    await rig.request("POST", `/channels/${channel}/variable?variable=COLOUR&value=red`);
    await rig.request("GET", `/channels/${channel}/variable?variable=COLOUR`);
    await rig.request("GET", `/channels/${channel}/variable?variable=NONE`);
    await hangUp();
    await rig.until("StasisEnd");
  },

  "reading the function SET sets at once": async (rig) => {
    const { channel, hangUp } = await rig.call();
    const read = (variable: string) =>
      rig.request("GET", `/channels/${channel}/variable?variable=${encodeURIComponent(variable)}`);
    await read("SET(TIMEOUT(absolute)=5)");
    await rig.request("POST", `/channels/${channel}/play/k?media=sound:vm-opts,sound:vm-intro`);
    await read("SET(TIMEOUT(absolute)=60)");
    await read("SET(COLOUR=red)");
    await read("COLOUR");
    // Longer after the beginning than the first limit was.
    await rig.until("PlaybackStarted sound:vm-intro playing");
    await hangUp();
    await rig.until("StasisEnd");
  },

  "the absolute timeout strikes a playback, though it is to be put off": async (rig) => {
    const { channel } = await rig.call();
    const timeout = (seconds: number) =>
      rig.request("POST", `/channels/${channel}/variable?variable=TIMEOUT(absolute)&value=${seconds}`);
    await timeout(1);
    await rig.request("POST", `/channels/${channel}/play/j?media=sound:vm-intro`);
    await timeout(30);
    await rig.until("StasisEnd");
  },

  "the dialplan gets a call back when the playback has ended": async (rig) => {
    const { channel } = await rig.call();
    await rig.request("POST", `/channels/${channel}/play/h?media=sound:digits/1`);
    await rig.request("POST", `/channels/${channel}/continue`);
    await rig.until("StasisEnd");
    await rig.request("POST", `/channels/${channel}/play/i?media=sound:digits/1`);
  },

  "a call cannot move to an application that is not there": async (rig) => {
    const { channel, hangUp } = await rig.call();
    await rig.request("POST", `/channels/${channel}/move?app=missing`);
    await rig.until("ApplicationMoveFailed");
    await hangUp();
    await rig.until("StasisEnd");
  },
};

const { rig: real, missing } = await realRig();

describe.skipIf(!real)(`simulated and real Asterisk${missing ? ` (skipped: ${missing})` : ""}`, () => {
  let simulated: Rig;
  beforeAll(async () => {
    simulated = await simulatedRig();
  });
  afterAll(async () => {
    await simulated.close();
    await real?.close();
  });

  test.each(Object.entries(SCRIPTS))("%s", async (_name, script) => {
    const seen = [];
    for (const rig of [real, simulated]) {
      if (!rig) continue;
      rig.events.length = 0;
      rig.answers.length = 0;
      await script(rig);
      seen.push({ events: [...rig.events], answers: [...rig.answers] });
    }
    expect(seen[1]).toEqual(seen[0]);
  });
});
