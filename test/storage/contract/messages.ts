import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { expect } from "vitest";
import type { AudioSource } from "../../../src/model/message.ts";
import type { Suite } from "../contract.ts";
import { atMinute, bytesOf, digestOf, idsOf, newId, newMessage, sound } from "../samples.ts";

const ALL = { view: "all", limit: 100 } as const;

/** Every byte value, and what mail transport likes to change: line ends, dots, long lines, trailing blanks. */
const AWKWARD = Buffer.concat([
  Buffer.from(Array.from({ length: 256 }, (_, value) => value)),
  Buffer.from("\r\n.\r\n\n\r--boundary\r\nFrom me \t \r\n=3D=\n"),
  Buffer.alloc(3000, "x"),
]);

export function messageCases({ it }: Suite): void {
  it("a message comes back with everything that was said of it", async ({ engine, mailbox }) => {
    const message = newMessage(mailbox, {
      duration: 83,
      urgent: true,
      priority: true,
      private: true,
      category: "sales/first-line",
      dialplanContext: "from-internal",
      callId: "1795302871.42",
      text: "Please call back.\nAnn",
    });
    const { audio: _, text: __, ...envelope } = message;
    const appended = await engine.append("INBOX", message);
    const [listed] = (await engine.list(mailbox, "INBOX", ALL)).entries;
    expect(appended.envelope).toEqual({ ...envelope, folder: "INBOX" });
    expect(listed?.envelope).toEqual({ ...envelope, folder: "INBOX" });
    expect(listed?.ref).toEqual(appended.ref);
  });

  it("a caller who withheld everything stays unknown", async ({ engine, mailbox }) => {
    await engine.append("INBOX", newMessage(mailbox, { caller: {} }));
    const [entry] = (await engine.list(mailbox, "INBOX", ALL)).entries;
    expect(entry?.envelope.caller).toEqual({});
    expect(entry?.envelope).not.toHaveProperty("category");
    expect(entry?.envelope).not.toHaveProperty("callId");
  });

  for (const contentType of ["audio/wav", "audio/gsm", "audio/ogg", "audio/basic"]) {
    it(`audio comes back byte for byte: ${contentType}`, async ({ engine, mailbox }) => {
      const audio = [sound(AWKWARD, { contentType, duration: 3 })];
      const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio }));
      const [part] = await engine.read(ref);
      expect(part).toMatchObject({ kind: "voice", contentType });
      expect(part && (await bytesOf(part.stream)).equals(AWKWARD)).toBe(true);
    });
  }

  it("a comment is heard before the message, whatever the order it came in", async ({ engine, mailbox }) => {
    const audio = [sound("the message"), sound("the comment", { kind: "comment", contentType: "audio/gsm" })];
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio }));
    const parts = await engine.read(ref);
    expect(parts.map(({ kind, contentType }) => ({ kind, contentType }))).toEqual([
      { kind: "comment", contentType: "audio/gsm" },
      { kind: "voice", contentType: "audio/wav" },
    ]);
    const heard = [];
    for (const part of parts) heard.push((await bytesOf(part.stream)).toString());
    expect(heard).toEqual(["the comment", "the message"]);
  });

  it("a message without a second of audio is kept", async ({ engine, mailbox }) => {
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { duration: 0, audio: [sound("")] }));
    const [part] = await engine.read(ref);
    expect(part && (await bytesOf(part.stream)).length).toBe(0);
    expect((await engine.list(mailbox, "INBOX", ALL)).entries[0]?.envelope.duration).toBe(0);
  });

  it("twenty megabytes go in and out as they are", async ({ engine, mailbox }) => {
    const { source, digest } = bigSound(20);
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio: [source] }));
    const [part] = await engine.read(ref);
    expect(part && (await digestOf(part.stream))).toBe(digest);
  });

  it("audio that is not wanted after all can be dropped", async ({ engine, mailbox }) => {
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    for (const part of await engine.read(ref)) part.stream.destroy();
    const [part] = await engine.read(ref);
    expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
  });

  it("is found by its id in every folder, the trash included", async ({ engine, mailbox }) => {
    for (const folder of ["INBOX", "Work", "Cust5", "Trash"] as const) {
      const message = newMessage(mailbox);
      const { ref } = await engine.append(folder, message);
      const found = await engine.find(mailbox, { id: message.id });
      expect(found.map((entry) => entry.ref)).toEqual([ref]);
      expect(found[0]?.envelope.folder).toBe(folder);
    }
    expect(await engine.find(mailbox, { id: newId() })).toEqual([]);
  });

  it("is found by the time of the call", async ({ engine, mailbox }) => {
    const early = newMessage(mailbox, { receivedAt: atMinute(-60 * 24 * 30) });
    const late = newMessage(mailbox, { receivedAt: atMinute(0) });
    await engine.append("INBOX", early);
    await engine.append("Work", late);
    const since = (receivedSince: Date) => engine.find(mailbox, { receivedSince });
    expect(idsOf(await since(early.receivedAt)).sort()).toEqual([early.id, late.id].sort());
    expect(idsOf(await since(late.receivedAt))).toEqual([late.id]);
    expect(await since(atMinute(1))).toEqual([]);
    expect(await engine.find(mailbox, { id: early.id, receivedSince: late.receivedAt })).toEqual([]);
  });

  it("mailboxes are never mixed, even when their numbers begin alike", async (world) => {
    const { engine, mailbox, similar } = world;
    const message = newMessage(similar);
    await engine.append("INBOX", message);
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
    expect(await engine.find(mailbox, { id: message.id })).toEqual([]);
    const other = newMessage(mailbox);
    await engine.append("INBOX", other);
    expect(idsOf((await engine.list(similar, "INBOX", ALL)).entries)).toEqual([message.id]);
    expect(idsOf((await engine.list(mailbox, "INBOX", ALL)).entries)).toEqual([other.id]);
  });

  it("contexts are never mixed", "elsewhere", async ({ engine, mailbox, elsewhere = mailbox }) => {
    const message = newMessage(mailbox);
    await engine.append("INBOX", message);
    expect(await engine.find(elsewhere, { id: message.id })).toEqual([]);
    expect((await engine.list(elsewhere, "INBOX", ALL)).total).toBe(0);
  });
}

/** Made chunk by chunk each time it is opened, so that no test holds it whole. */
function bigSound(megabytes: number): { source: AudioSource; digest: string } {
  const chunk = Buffer.from(
    Array.from({ length: 1024 * 64 }, (_, index) => (index * 31 + (index >> 8)) % 256),
  );
  const chunks = () => Array.from({ length: megabytes * 16 }, () => chunk);
  const hash = createHash("sha256");
  for (const piece of chunks()) hash.update(piece);
  const open = async () => Readable.from(chunks(), { objectMode: false });
  return { source: { kind: "voice", contentType: "audio/wav", open }, digest: hash.digest("hex") };
}
