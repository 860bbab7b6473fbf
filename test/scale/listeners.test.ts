import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { type Phone, startPhone } from "../../lab/phone.ts";
import type { Server } from "../../lab/processes.ts";
import { watchEvents } from "../../lab/prompts.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { makeScript, startReceiver } from "../jobs/listeners.ts";
import { openStorage } from "../scenarios/mailbox.ts";
import { soundName } from "../scenarios/world.ts";
import { accountsOf, PATIENCE } from "./site.ts";

/** Two whole programs on real servers: what is done by telephone and by mail program is told to script and webhook, once. */

const [ANN, BOB, CID] = ["1001", "1002", "1003"];
const box = (mailbox: string) => ({ mailbox, context: "default" });

let lab: Lab;
let asterisk: AsteriskLab;
let engine: Engine;
let script: ReturnType<typeof makeScript>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let programs: Server[];
let watching: { close(): void };
/** Everything that was said to anybody since it was last listened for. */
const said: string[] = [];
const phones: Phone[] = [];

beforeAll(async () => {
  lab = await startLab({ instances: ["a", "b"] });
  if (!lab.asterisk) return;
  asterisk = lab.asterisk;
  receiver = await startReceiver(204);
  script = makeScript(lab.folder);
  const storage = accountsOf(lab);
  const overrides = {
    storage,
    externnotify: script.path,
    webhook: { url: receiver.url },
    defaults: { envelope: false, sayduration: false },
    // A message that comes and goes within a second is never seen by IDLE: Dovecot looks once a second.
    lamps: { watched: 4, poll: 5 },
    sweep: { every: 2 },
    workers: { stalled: 3 },
  };
  programs = await Promise.all(
    ["a", "b"].map((instance) => lab.startApp(lab.writeConfiguration({ instance, overrides }), instance)),
  );
  engine = await openStorage({ ...storage, max_watched: 0 }, lab.folder);
  watching = await watchEvents(asterisk.ari, ({ type, playback }) => {
    if (type.startsWith("Playback") && playback) said.push(soundName(playback.media_uri));
  });
}, 300_000);
beforeEach(({ skip }) => {
  if (!lab.asterisk) skip(lab.asteriskMissing ?? "no Asterisk");
});
afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close().catch(() => {})));
  watching?.close();
  await engine?.close();
  await lab?.stop();
  await receiver?.close();
});

async function phoneOf(number: string): Promise<Phone> {
  const phone = await startPhone({ sip: asterisk.sip, number });
  phones.push(phone);
  return phone;
}

const toldOf = (mailbox: string) => script.told().filter((line) => line.startsWith(`<default><${mailbox}>`));
const postedOf = (mailbox: string) =>
  receiver
    .events()
    .filter((event) => event.mailbox === mailbox)
    .map(({ counts }) => `<default><${mailbox}><${counts.new}><${counts.old}><${counts.urgent}>`);

async function hears(sound: string): Promise<void> {
  await vi.waitFor(() => expect(said).toContain(sound), PATIENCE);
  said.length = 0;
}

/** Both have been told this of the mailbox since the beginning, in this order, and nothing else. */
async function told(mailbox: string, ...counts: string[]): Promise<void> {
  const expected = counts.map((each) => `<default><${mailbox}>${each}`);
  await vi.waitFor(() => expect(toldOf(mailbox)).toEqual(expected), PATIENCE);
  await vi.waitFor(() => expect(postedOf(mailbox)).toEqual(expected), PATIENCE);
}

async function leaveMessage(mailbox: string): Promise<void> {
  const caller = await phoneOf("trunk");
  await caller.dial(mailbox, { callerNumber: "5550100" });
  await caller.press("#");
  await hears("beep");
  await caller.speak(new Int16Array(8_000 * 4).map((_, index) => 8_000 * Math.sin(index / 3)));
  await caller.hangUp();
}

test("a message, a mail program, and the death of a program", { timeout: 240_000, retry: 0 }, async () => {
  await leaveMessage(CID);
  await told(CID, "<1><0><0>");
  programs[0]?.kill();
  await programs[0]?.exited;
  for (const { ref } of await engine.find(box(CID), {})) await engine.remove(ref);
  await told(CID, "<1><0><0>", "<0><0><0>");
  await programs[0]?.restart();
  await told(CID, "<1><0><0>", "<0><0><0>");
});

test("a message is heard, and sent on", { timeout: 240_000, retry: 0 }, async ({ skip }) => {
  if (!process.env.VOXPOST_TEST_ALL) skip("a long telephone call: test:all");
  await leaveMessage(ANN);
  await told(ANN, "<1><0><0>");
  const owner = await phoneOf(ANN);
  await owner.register();
  await owner.dial("*97");
  await hears("vm-password");
  await owner.press(`${lab.mailboxes.pin}#`);
  await hears("vm-youhave");
  await owner.press("1");
  await hears("(audio)");
  await owner.press("8");
  await hears("vm-extension");
  await owner.press(`${BOB}#`);
  await hears("vm-forwardoptions");
  await owner.press("2");
  await hears("vm-msgforwarded");
  await told(BOB, "<1><0><0>");
  await owner.hangUp();
  await told(ANN, "<1><0><0>", "<0><1><0>");
});
