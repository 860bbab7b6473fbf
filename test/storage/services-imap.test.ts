import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { backup } from "../../src/storage/services/backup/backup.ts";
import { restore } from "../../src/storage/services/backup/restore.ts";
import { Journal } from "../../src/storage/services/migrate/journal.ts";
import { migrate } from "../../src/storage/services/migrate/migrate.ts";
import { knownMailboxes } from "../../src/storage/services/walk.ts";
import { type ImapServer, startImapServer } from "./imap-server.ts";
import { newMessage, sound } from "./samples.ts";
import { contentsOf, reporting } from "./services.ts";

let server: ImapServer;
let folder: string;
beforeAll(async () => {
  server = await startImapServer();
  folder = await mkdtemp(join(tmpdir(), "voxpost-services-imap-"));
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

let journals = 0;
async function move(from: Engine, to: Engine, mailboxes: MailboxAddress[], remove = false) {
  const { report, findings } = reporting();
  const journal = await Journal.open(join(folder, String(journals++)), { from: from.name, to: to.name });
  const known = knownMailboxes(() => mailboxes);
  const result = await migrate({ from, to, journal, mailboxes: known, report, remove });
  journal.close();
  return { ...result, findings };
}

test("a mailbox goes into a mail server and out again, and nothing of it is another", async () => {
  const mailbox = { mailbox: server.freshNumber(), context: "default" };
  const nobody = { mailbox: "no-such-account", context: "default" };
  const from = new MemoryEngine(new MemoryData());
  const caller = { number: "+49 30 1", name: 'Zoë "Z" 李' };
  await from.append("INBOX", newMessage(mailbox, { caller, urgent: true, text: "Call me.\nZ" }));
  const comment = sound("a comment", { kind: "comment", contentType: "audio/gsm" });
  await from.append(
    "Work",
    newMessage(mailbox, { heard: true, private: true, audio: [comment, sound(Buffer.alloc(90_000, 3))] }),
  );
  await from.append("Trash", newMessage(mailbox, { caller: {}, category: "sales", callId: "17.4" }));
  await from.writeGreeting(mailbox, "unavailable", sound("nobody is here"));
  const before = await contentsOf(from, [mailbox]);

  const imap = await server.engine();
  expect(await move(from, imap, [mailbox])).toMatchObject({
    copied: 3,
    failed: 0,
    settled: true,
    findings: [],
  });
  expect(await contentsOf(imap, [mailbox])).toEqual(before);
  const back = new MemoryEngine(new MemoryData());
  const result = await move(imap, back, [nobody, mailbox], true);
  expect(result).toMatchObject({ copied: 3, removed: 3, failed: 1 });
  // The server does not tell an account that is missing from a proxy that may not act for it.
  expect(result.findings).toMatchObject([
    { where: "no-such-account@default", what: expect.stringContaining("STORE_REFUSED") },
  ]);
  expect(await contentsOf(back, [mailbox])).toEqual(before);
  expect(await imap.find(mailbox, {})).toEqual([]);

  const out = new PassThrough();
  const { report, findings } = reporting();
  const restored = restore({ engine: imap, stream: out, report });
  await backup({ engine: back, mailboxes: knownMailboxes(() => []), out, report });
  out.end();
  expect(await restored).toMatchObject({ restored: 4, faults: 0, complete: true });
  expect(await contentsOf(imap, [mailbox])).toEqual(before);
  const missing = { ...newMessage(nobody) };
  await back.append("INBOX", missing);
  expect(await move(back, imap, [])).toMatchObject({ failed: 1 });
  expect(findings).toEqual([]);
  await imap.close();
}, 60_000);

test("what app_voicemail stored as mail is migrated to files as it is", async () => {
  const number = server.freshNumber();
  const mailbox = { mailbox: number, context: "default" };
  const client = await server.client(`${number}-default`);
  const samples = (await readdir("test/samples")).filter(
    (name) => name.endsWith(".eml") && !name.includes("greeting"),
  );
  for (const name of samples) await client.append("INBOX", await readFile(join("test/samples", name)));
  await client.logout();
  const imap = await server.engine();
  const to = new MemoryEngine(new MemoryData());
  const { messages, copied, failed, findings } = await move(imap, to, [mailbox]);
  expect(findings.filter(({ kind }) => kind === "fault")).toEqual([]);
  expect({ failed, copied }).toEqual({
    failed: 0,
    copied: new Set((await imap.find(mailbox, {})).map(({ envelope }) => envelope.id)).size,
  });
  expect(messages).toBe(samples.length);
  await imap.close();
}, 60_000);
