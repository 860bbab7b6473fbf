import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatMailbox } from "../../src/model/mailbox.ts";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { testEngine } from "./contract.ts";
import { BOX, openHttp, serve } from "./http-server.ts";
import { idsOf, newMessage, recordingLog, sound } from "./samples.ts";

const MAILBOXES = {
  mailbox: { mailbox: "10", context: "default" },
  similar: { mailbox: "100", context: "default" },
  elsewhere: { mailbox: "10", context: "sales" },
};

testEngine({
  name: "http over memory",
  runs: 10,
  async fresh() {
    const served = await serve(new MemoryEngine(new MemoryData(), 100_000_000));
    return { ...MAILBOXES, open: () => openHttp(served.url), dispose: served.dispose };
  },
});

testEngine({
  name: "http over file",
  runs: 3,
  async fresh() {
    const root = await mkdtemp(join(tmpdir(), "voxpost-http-"));
    const served = await serve(new FileEngine({ root, log: recordingLog().log }));
    return {
      ...MAILBOXES,
      open: () => openHttp(served.url),
      async dispose() {
        await served.dispose();
        await rm(root, { recursive: true });
      },
    };
  },
});

test("more than a page is found whole: messages and mailboxes", async () => {
  const served = await serve();
  const engine = await openHttp(served.url);
  const wanted = [];
  for (let number = 0; number < 1_100; number++) {
    const mailbox = { ...BOX, mailbox: String(1000 + number) };
    await served.inner.append("INBOX", newMessage(mailbox));
    const { envelope } = await served.inner.append("Work", newMessage(BOX));
    wanted.push(envelope.id);
  }
  const found = idsOf(await engine.find(BOX, { folders: ["Work"] }));
  expect(found.length).toBe(1_100);
  expect(new Set(found)).toEqual(new Set(wanted));
  const mailboxes = new Set<string>();
  for await (const mailbox of engine.mailboxes?.() ?? []) mailboxes.add(formatMailbox(mailbox));
  expect(mailboxes.size).toBe(1_100);
  await engine.close();
  await served.dispose();
});

test("a disk's room, a message's text and the size of its audio come through", async () => {
  const root = await mkdtemp(join(tmpdir(), "voxpost-http-"));
  const served = await serve(new FileEngine({ root, log: recordingLog().log }));
  const engine = await openHttp(served.url);
  expect(await engine.freeBytes?.()).toBeGreaterThan(0);
  const text = "Grüße,\r\nAnn \u{1F4DE}";
  const audio = [sound("12345"), sound("123", { kind: "comment", duration: 2 })];
  const { ref } = await engine.append("INBOX", newMessage(BOX, { text, audio }));
  expect(await engine.readText?.(ref)).toBe(text);
  const parts = await engine.read(ref);
  expect(parts.map(({ kind, size, duration }) => ({ kind, size, duration }))).toEqual([
    { kind: "comment", size: 3, duration: 2 },
    { kind: "voice", size: 5, duration: undefined },
  ]);
  for (const { stream } of parts) stream.destroy();
  await engine.close();
  await served.dispose();
  await rm(root, { recursive: true });
});
