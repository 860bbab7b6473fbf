import ari, { type Client } from "ari-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type SimulatedAsterisk, startSimulatedAsterisk } from "./asterisk.ts";
import { startTestClock, type TestClock } from "./clock.ts";
import { Phone } from "./phone.ts";
import type { AriServer } from "./server.ts";
import { frequencyOf, tone } from "./wav.ts";

let asterisk: SimulatedAsterisk;
let server: AriServer;
let clock: TestClock;
let client: Client;
let phone: Phone;

/** The types of the events that the application got, in order. */
const events = () => asterisk.applications.sent.map((event) => event.type);

beforeEach(async () => {
  ({ asterisk, ari: server } = await startSimulatedAsterisk());
  clock = startTestClock({ busy: () => server.busy + asterisk.sounds.fetching });
  client = await ari.connect(server.url, server.user, server.password);
  await client.start("voxpost-lab");
  asterisk.site.set("default/1001", async (line) => {
    await line.gosub("deposit", "1001@default", "u");
  });
  phone = new Phone(asterisk, clock, { number: "555", name: "Ann" });
});

afterEach(async () => {
  client.stop();
  clock.release();
  await server.close();
});

test("ari-client sees a call arrive with its arguments", async () => {
  const start = new Promise<unknown[]>((resolve) =>
    client.once("StasisStart", (event, channel) => resolve([event.args, channel.caller.number])),
  );
  await phone.dials("1001");
  expect(await start).toEqual([["deposit", "1001@default", "u", ""], "555"]);
});

test("a list is played item by item, by the clock", async () => {
  await phone.dials("1001");
  const began = Date.now();
  await client.channels.play({
    channelId: phone.channel.id,
    media: "sound:vm-youhave,sound:digits/2,sound:beep",
  });
  await clock.until(() => events().includes("PlaybackFinished"), "the end of the playback");
  expect(phone.heard).toEqual(["sound:vm-youhave", "sound:digits/2", "sound:beep"]);
  expect(Date.now() - began).toBe(2_250);
  expect(events().slice(1)).toEqual([
    "PlaybackStarted",
    "PlaybackContinuing",
    "PlaybackStarted",
    "PlaybackContinuing",
    "PlaybackStarted",
    "PlaybackFinished",
  ]);
});

test("what was said is what is fetched", async () => {
  await phone.dials("1001");
  await client.channels.answer({ channelId: phone.channel.id });
  await client.channels.record({
    channelId: phone.channel.id,
    name: "a/b~c",
    format: "wav",
    terminateOn: "#",
  });
  await phone.speaks(tone(440, 3));
  await phone.presses("5#");
  const finished = asterisk.applications.sent.at(-1);
  expect(finished).toMatchObject({ type: "RecordingFinished", recording: { name: "a/b~c", duration: 3 } });
  expect(frequencyOf(asterisk.spool.read("a/b~c"))).toBe(440);
});
