import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
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

test("a second socket makes the first one deaf", async () => {
  const second = await ari.connect(server.url, server.user, server.password);
  const replaced = new Promise((resolve) => client.once("ApplicationReplaced", resolve));
  let heardByFirst = 0;
  client.on("StasisStart", () => heardByFirst++);
  const heardBySecond = new Promise((resolve) => second.once("StasisStart", resolve));
  await second.start("voxpost-lab");
  await replaced;
  await phone.dials("1001");
  await heardBySecond;
  expect(heardByFirst).toBe(0);
  second.stop();
});

test("without renewal the dead man's switch leads to the dialplan's own recording", async () => {
  await phone.dials("1001");
  await clock.advance(15_000);
  expect(events()).toEqual(["StasisStart", "StasisEnd"]);
  await clock.until(() => phone.heard.at(-1) === "sound:beep", "the beep");
  await clock.advance(300);
  await phone.speaks(tone(300, 4));
  await phone.hangsUp();
  const [recording] = asterisk.spool.list();
  expect(recording?.name).toMatch(/^voxpost\/deposit\/1001@default\/555~QW5u~~\/[0-9a-f]{32}~/);
  expect(frequencyOf(asterisk.spool.read(recording?.name ?? ""))).toBe(300);
});

test("no program: nobody waits for the dead man's switch", async () => {
  client.stop();
  await clock.settle();
  await phone.dials("1001");
  expect(events()).toEqual([]);
  expect(phone.heard).toEqual(["sound:vm-theperson"]);
});

test("a call goes on where the program said, and no further behind the Gosub", async () => {
  const been: string[] = [];
  asterisk.site.set("default/1001", async (line) => {
    await line.gosub("deposit", "1001@default");
    been.push("behind");
  });
  asterisk.site.set("exits/o", async () => void been.push("operator"));
  await phone.dials("1001");
  const channelId = phone.channel.id;
  for (const [variable, value] of [
    ["VOXPOST_GOTO", "exits,o,1"],
    ["VOXPOST_STATUS", "SERVED"],
  ]) {
    await client.channels.setChannelVar({ channelId, variable: variable ?? "", value: value ?? "" });
  }
  await client.channels.continueInDialplan({ channelId });
  await clock.settle();
  expect(been).toEqual(["operator"]);
  expect(phone.onHook).toBe(true);
});

test("faults: refused, stalled, lost, late and twice", async () => {
  await phone.dials("1001");
  const channelId = phone.channel.id;
  asterisk.faults.refuse("channels.answer", 500, { message: "no" });
  await expect(client.channels.answer({ channelId })).rejects.toThrow("no");
  await client.channels.answer({ channelId });
  asterisk.faults.duplicate("ChannelDtmfReceived");
  asterisk.faults.lose("ChannelDtmfReceived", { nth: 2 });
  asterisk.faults.delay("ChannelDtmfReceived", 1_000, { nth: 3 });
  await phone.presses("123");
  const digits = () => asterisk.applications.sent.flatMap((event) => (event.digit ? [event.digit] : []));
  expect(digits()).toEqual(["1", "1"]);
  await clock.advance(1_000);
  expect(digits()).toEqual(["1", "1", "3"]);
  asterisk.faults.stall("channels.get");
  let answered = false;
  void client.channels.get({ channelId }).then(() => {
    answered = true;
  });
  await clock.advance(60_000);
  expect(answered).toBe(false);
});

test("media on a server is fetched, kept, and given up when the server has it no more", async () => {
  let gone = false;
  const media = createServer((_request, response) => {
    response.writeHead(gone ? 410 : 200).end(gone ? "" : tone(440, 2));
  }).listen(0, "127.0.0.1");
  await once(media, "listening");
  const url = `http://127.0.0.1:${(media.address() as AddressInfo).port}/a.wav`;
  await phone.dials("1001");
  const began = Date.now();
  await client.channels.play({ channelId: phone.channel.id, media: `sound:${url}` });
  await clock.until(() => events().includes("PlaybackFinished"), "the end of the playback");
  expect(Date.now() - began).toBe(2_000);
  expect([...asterisk.sounds.cache]).toEqual([url]);
  gone = true;
  await client.channels.play({ channelId: phone.channel.id, media: `sound:${url}` });
  await clock.settle();
  expect([...asterisk.sounds.cache]).toEqual([]);
  media.close();
});
