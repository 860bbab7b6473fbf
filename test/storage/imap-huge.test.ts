import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ImapServer, startImapServer } from "./imap-server.ts";
import { newMessage } from "./samples.ts";

const MEGABYTES = 200;
/** 57 bytes are one line of base64 (RFC 2045, section 6.8). */
const LINE = 57;

let server: ImapServer;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());

/** The reasons why it may come: a caller's fax, a conference that somebody recorded, or malice. */
test(`a mail of ${MEGABYTES} MB is listed and heard like any other, and costs no memory`, async () => {
  const mailbox = { mailbox: server.freshNumber(), context: "default" };
  const engine = await server.engine();
  await engine.append("INBOX", newMessage(mailbox));
  const spoken = deliver(`${server.lab.folder}/dovecot/mail/${mailbox.mailbox}-default`);

  const before = heldBytes();
  let most = 0;
  expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 2, old: 0 });
  const { entries } = await engine.list(mailbox, "INBOX", { view: "all", limit: 25 });
  const huge = entries.find(({ envelope }) => envelope.caller.number === "5550199");
  expect(huge?.envelope.duration).toBe(9_000);
  const hash = createHash("sha256");
  let bytes = 0;
  for (const part of huge ? await engine.read(huge.ref) : []) {
    for await (const chunk of part.stream as AsyncIterable<Buffer>) {
      hash.update(chunk);
      if (bytes % 20_000_000 > (bytes + chunk.length) % 20_000_000)
        most = Math.max(most, heldBytes() - before);
      bytes += chunk.length;
    }
  }
  expect({ bytes, hash: hash.digest("hex") }).toEqual(spoken);
  expect(most / 1e6).toBeGreaterThan(0);
  expect(most / 1e6).toBeLessThan(10);
  await engine.close();
}, 120_000);

/** As another program does that delivers into a Maildir: no quota stands in its way. */
function deliver(maildir: string): { bytes: number; hash: string } {
  mkdirSync(`${maildir}/new`, { recursive: true });
  const file = openSync(`${maildir}/new/1767225600.huge.example`, "w");
  writeSync(
    file,
    [
      "From: Fax <fax@example.org>",
      "Subject: Voice Message",
      "Message-ID: <huge@example.org>",
      "Date: Thu, 01 Jan 2026 00:00:00 +0000",
      "Message-Context: voice-message",
      "X-Asterisk-VM-Caller-ID-Num: 5550199",
      "X-Asterisk-VM-Duration: 9000",
      "Content-Duration: 9000",
      "MIME-Version: 1.0",
      "Content-Type: audio/wav; name=msg0000.wav",
      "Content-Transfer-Encoding: base64",
      "",
      "",
    ].join("\r\n"),
  );
  const hash = createHash("sha256");
  let bytes = 0;
  for (let block = 0; block < (MEGABYTES * 1e6) / (78 * 10_000); block++) {
    const audio = Buffer.alloc(LINE * 10_000, `${block}`);
    hash.update(audio);
    bytes += audio.length;
    writeSync(file, audio.toString("base64").replace(/.{76}/g, "$&\r\n"));
  }
  closeSync(file);
  return { bytes, hash: hash.digest("hex") };
}

/** What is still in use: garbage tells nothing, and buffers take two rounds to go. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
