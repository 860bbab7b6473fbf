import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { compareAudio, join, silence } from "../../lab/audio.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { type PeerLab, startPeer } from "../../lab/peer.ts";
import { type Phone, startPhone } from "../../lab/phone.ts";
import { speechLike } from "../../lab/speech.ts";
import { decodeWav } from "../../lab/wav.ts";
import { RATE, wavHeader } from "../../src/model/wav.ts";
import { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { imapOptions } from "../../src/storage/engines/imap/options.ts";
import { bytesOf, newMessage, recordingLog, sound } from "./samples.ts";

const ALL = { view: "all", limit: 100 } as const;

/** Unpacking it takes 400 MB, and calls take as long as calls take. */
if (process.env.VOXPOST_TEST_ALL) describe("a real app_voicemail on the same accounts", withPeer);
else
  test("imap and app_voicemail", (context) =>
    context.skip("long: npm run test:all calls a real app_voicemail"));

function withPeer(): void {
  let lab: Lab;
  let peer: PeerLab;
  let engine: ImapEngine;
  const phones: Phone[] = [];
  beforeAll(async () => {
    lab = await startLab({ servers: ["imap"] });
    if (!lab.imap) throw new Error("the lab has no IMAP server");
    peer = await startPeer(lab.imap);
    const { host, port, proxy } = lab.imap;
    const options = imapOptions.parse({ engine: "imap", host, port, tls: "none", proxy });
    engine = new ImapEngine(options, { log: recordingLog().log, path: (file) => file });
    await engine.open();
  }, 600_000);
  afterAll(async () => {
    for (const phone of phones) await phone.close();
    await engine?.close();
    await peer?.stop();
    await lab?.stop();
  });

  async function call(number: string, target: string): Promise<Phone> {
    const phone = await startPhone({ sip: peer.sip, number });
    phones.push(phone);
    await phone.dial(target);
    return phone;
  }

  const address = (mailbox: string) => ({ mailbox, context: "default" });

  test("plays what we stored, counts it, and marks it as heard for us", { timeout: 60_000 }, async () => {
    const mailbox = address("1011");
    const said = speechLike(11, 4);
    await engine.append("INBOX", newMessage(mailbox, { audio: [wav(said)], duration: 4 }));
    const urgent = speechLike(12, 4);
    await engine.append("INBOX", newMessage(mailbox, { audio: [wav(urgent)], duration: 4, urgent: true }));
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 1, new: 1, old: 0 });

    const phone = await call("1011", "*97");
    await phone.press(lab.mailboxes.pin);
    await phone.press("#");
    // "You have one urgent message, and one new …"; 1 listens: urgent ones first.
    await phone.press("1");
    await hears(phone, urgent);
    await vi.waitFor(
      async () => expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 1, old: 1 }),
      10_000,
    );
    await phone.hangUp();
    // Its own count. After a call that ended during a message it may still call that one new.
    await phone.subscribe();
    await phone.waitForMwi((mwi) => mwi.newMessages + mwi.oldMessages === 2);
  });

  test.each([
    ["1012", "1012", false],
    ["1013", "*11013", true],
  ])("leaves a message in %s that we list and play", { timeout: 60_000 }, async (number, target, urgent) => {
    const mailbox = address(number);
    const said = speechLike(Number(number), 4);
    const phone = await startPhone({ sip: peer.sip, number: "trunk", name: "Ann Caller" });
    phones.push(phone);
    await phone.dial(target, { callerName: "Ann Caller", callerNumber: "5551234" });
    await hearsBeep(phone);
    await phone.speak(join(silence(1), said));
    await phone.hangUp();
    await vi.waitFor(async () => expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(1), 15_000);

    const [entry] = (await engine.list(mailbox, "INBOX", ALL)).entries;
    expect(entry?.envelope).toMatchObject({
      mailbox,
      caller: { number: "5551234", name: "Ann Caller" },
      heard: false,
      urgent,
    });
    expect(Math.abs((entry?.envelope.duration ?? 0) - 5)).toBeLessThanOrEqual(1);
    expect(Date.now() - (entry?.envelope.receivedAt.getTime() ?? 0)).toBeLessThan(60_000);
    const [part] = entry ? await engine.read(entry.ref) : [];
    const heard = part ? decodeWav(await bytesOf(part.stream)) : new Int16Array();
    expect(compareAudio(said, heard).similarity).toBeGreaterThan(0.9);
    expect(await engine.find(mailbox, { caller: "ann*", urgent })).toHaveLength(1);
  });
}

function wav(samples: Int16Array) {
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return sound(Buffer.concat([wavHeader(data.length, RATE), data]), { duration: samples.length / RATE });
}

async function hears(phone: Phone, said: Int16Array): Promise<void> {
  await vi.waitFor(() => expect(compareAudio(said, phone.heardSamples()).similarity).toBeGreaterThan(0.9), {
    timeout: 30_000,
    interval: 500,
  });
}

/** Without a greeting the first loud thing is the beep; recording begins behind it, within a second. */
async function hearsBeep(phone: Phone): Promise<void> {
  const isLoud = () => phone.heardSamples().some((sample) => Math.abs(sample) > 1_000);
  await vi.waitFor(() => expect(isLoud()).toBe(true), { timeout: 15_000, interval: 50 });
}
