import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ImapFlow } from "imapflow";
import { simpleParser } from "mailparser";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { same } from "../../src/storage/layers/layer.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { backup } from "../../src/storage/services/backup/backup.ts";
import { restore } from "../../src/storage/services/backup/restore.ts";
import { Journal } from "../../src/storage/services/migrate/journal.ts";
import { migrate } from "../../src/storage/services/migrate/migrate.ts";
import { knownMailboxes } from "../../src/storage/services/walk.ts";
import { openHttp, serve } from "./http-server.ts";
import { type ImapServer, startImapServer } from "./imap-server.ts";
import { bytesOf, recordingLog } from "./samples.ts";
import { reporting } from "./services.ts";

/** What a mail has beyond a voice message comes along: from account to account, and through every store that is no mail. */

const SAMPLES = "test/samples";
/** Each is unlike the others: plain, a name in Latin-1, a comment, another format. */
const CHOSEN = /^(01|04|13|18)-.*\.eml$/;
const WHICH = process.env.VOXPOST_TEST_ALL ? /^\d.*\.eml$/ : CHOSEN;
let server: ImapServer;
let folder: string;
const opened: Engine[] = [];
beforeAll(async () => {
  server = await startImapServer();
  folder = await mkdtemp(join(tmpdir(), "voxpost-extras-"));
});
afterAll(async () => {
  await Promise.all(opened.map((engine) => engine.close()));
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

let names = 0;
async function open(tree: Record<string, unknown>): Promise<Engine> {
  const engine = createEngine(tree, { log: recordingLog().log, folder });
  opened.push(engine);
  await engine.open();
  return engine;
}

/** Two accounts for one mailbox: where its mail is, and where it goes. */
async function newMailbox() {
  const number = server.freshNumber();
  const mailbox = { mailbox: number, context: "default" };
  const [source, target] = [await server.engine(), await server.engine({ user: "{mailbox}0-default" })];
  opened.push(source, target);
  return { mailbox, source, target, users: [`${number}-default`, `${number}0-default`] as const };
}

async function move(from: Engine, to: Engine, mailbox: MailboxAddress) {
  const { report, findings } = reporting();
  const journal = await Journal.open(join(folder, `journal-${names++}`), { from: from.name, to: to.name });
  const mailboxes = knownMailboxes(() => [mailbox]);
  const result = await migrate({ from, to, journal, mailboxes, report });
  journal.close();
  return { ...result, findings };
}

async function mailsOf(client: ImapFlow) {
  await client.mailboxOpen("INBOX");
  const mails = await client.fetchAll("1:*", { source: true, flags: true, internalDate: true });
  return mails.map(({ source = Buffer.alloc(0), flags = new Set(), internalDate }) => ({
    source: source.toString("latin1"),
    flags: [...flags].filter((flag) => flag !== "\\Recent").sort(),
    internalDate,
  }));
}

/** All header fields but those that only say how the mail is built. */
async function fieldsOf(source: string): Promise<string[]> {
  const { headerLines } = await simpleParser(Buffer.from(source, "latin1"));
  return headerLines
    .filter(({ key }) => !/^(mime-version|content-(type|transfer-encoding|disposition))$/.test(key))
    .map(
      ({ key, line }) =>
        `${key}:${line
          .slice(line.indexOf(":") + 1)
          .replace(/\s+/g, " ")
          .trimEnd()}`,
    );
}

test("app_voicemail's mails go through every kind of store into another account with every header and keyword", async () => {
  const { mailbox, source, target, users } = await newMailbox();
  const client = await server.client(users[0]);
  const ids = new Set<string>();
  for (const name of (await readdir(SAMPLES)).filter((one) => WHICH.test(one)).sort()) {
    const mail = await readFile(join(SAMPLES, name), "latin1");
    const [, id = ""] = /^message-id:\s*(\S+)/im.exec(mail) ?? [];
    if (name.includes("greeting") || ids.has(id)) continue;
    ids.add(id);
    const received =
      "Received: from relay.example.org\r\n\tby mx.example.org; Sat, 22 Nov 2025 01:00:00 +0000\r\n";
    const whole = `${received}X-Spam-Status: No, score=-1\r\n${mail.replace(/\r?\n/g, "\r\n")}`;
    await client.append("INBOX", Buffer.from(whole, "latin1"), ["\\Answered", "$Important", "Projekt_7"]);
  }
  expect(ids.size).toBeGreaterThan(3);

  const served = await serve();
  const stores = [
    await open({ engine: "file", path: `files-${names++}` }),
    await open({ engine: "sql", url: `sqlite:extras-${names++}.db` }),
    await openHttp(served.url),
    await open({ engine: "memory" }),
  ];
  let from: Engine = source;
  for (const to of stores) {
    expect(await move(from, to, mailbox)).toMatchObject({ copied: ids.size, failed: 0, findings: [] });
    from = to;
  }
  const pipe = new PassThrough();
  const { report, findings } = reporting();
  const restored = restore({ engine: target, stream: pipe, report });
  await backup({ engine: from, mailboxes: knownMailboxes(() => [mailbox]), out: pipe, report });
  pipe.end();
  expect(await restored).toMatchObject({ restored: ids.size, faults: 0, complete: true });
  expect(findings).toEqual([]);

  const other = await server.client(users[1]);
  const [originals, copies] = [await mailsOf(client), await mailsOf(other)];
  expect(copies).toHaveLength(originals.length);
  for (const original of originals) {
    const [, id = "?"] = /^message-id:\s*(\S+)/im.exec(original.source) ?? [];
    const copy = copies.find((one) => one.source.includes(`\r\nMessage-ID: ${id}\r\n`));
    // Whose it is, and whether it is urgent, is told anew: by the mailbox, and by the flag that its owner can change. A word
    // for no number is none.
    const said = /^x-asterisk-vm-(extension|flag|category|caller-id-num: anonymous)/;
    const wanted = (await fieldsOf(original.source)).filter((field) => !said.test(field));
    expect(await fieldsOf(copy?.source ?? "")).toEqual(expect.arrayContaining(wanted));
    expect(copy?.flags).toEqual(original.flags);
  }
  const found = async (engine: Engine) =>
    (await engine.find(mailbox, {})).map(({ envelope }) => envelope.id).sort();
  expect(await found(target)).toEqual(await found(source));
  // Again, now that it has been through us: nothing grows, and nothing more is wrapped.
  const again = await open({ engine: "memory" });
  expect(await move(target, again, mailbox)).toMatchObject({ copied: ids.size, failed: 0, findings: [] });
  const extrasOf = async (engine: Engine) => {
    const all: Record<string, string> = {};
    for (const { ref, envelope } of await engine.find(mailbox, {})) {
      const stream = await engine.readExtras?.(ref);
      all[envelope.id] = stream ? (await bytesOf(stream)).toString("latin1") : "";
    }
    return all;
  };
  expect(await extrasOf(again)).toEqual(await extrasOf(stores[0] ?? again));
  await Promise.all([client.logout(), other.logout(), served.dispose()]);
}, 120_000);

const WAV = `Content-Type: audio/wav; name="msg0000.wav"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from("RIFF a voice").toString("base64")}`;
const TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\nSee you.";

function mixed(boundary: string, ...parts: string[]): string {
  const inside = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("");
  return `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n${inside}--${boundary}--\r\n`;
}

function nested(depth: number): string {
  return depth === 0
    ? WAV
    : mixed(`level${depth}`, nested(depth - 1), `X-Level: ${depth}\r\n\r\ninside ${depth}`);
}

let messages = 0;
function voiceMail(body: string, fields = ""): string {
  const id = `<odd-${messages++}@elsewhere.example.org>`;
  return `Message-ID: ${id}\r\nMessage-Context: voice-message\r\nFrom: Zo\xeb <17@example.org>\r\n${fields}MIME-Version: 1.0\r\n${body}`;
}

/** Mails as no one should write them; what has to be in the copy at least. */
const ODD: Readonly<Record<string, { mail: string; kept: readonly string[] }>> = {
  "parts of other kinds, an alternative, and an attached mail": {
    mail: voiceMail(
      mixed(
        "a",
        `Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n${TEXT}\r\n--b\r\nContent-Type: text/html\r\n\r\n<i>See you.</i>\r\n--b--`,
        WAV,
        "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nX-Inner: 1\r\n\r\ninner text",
        'Content-Type: application/pgp-signature; name="x.asc"\r\nX-Part: 9\r\n\r\nsignature',
      ),
    ),
    kept: ["<i>See you.</i>", "X-Inner: 1\r\n\r\ninner text", "X-Part: 9", "signature", "See you.\r\n"],
  },
  "audio inside of an attached mail": {
    mail: voiceMail(
      mixed(
        "a",
        TEXT,
        `Content-Type: message/rfc822\r\n\r\nX-Inner: 2\r\nSubject: deep\r\n${mixed("b", WAV, "\r\nrest")}`,
      ),
    ),
    kept: ["X-Inner: 2", "Subject: deep", "\r\nrest"],
  },
  "a multipart that never ends": {
    mail: voiceMail(
      `Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n${TEXT}\r\n--a\r\n${WAV}\r\n--a\r\nX-Last: 1\r\n\r\ncut of`,
    ),
    kept: ["X-Last: 1", "cut of"],
  },
  "fifteen levels": { mail: voiceMail(nested(15)), kept: ["inside 1\r\n", "inside 15\r\n", "X-Level: 7"] },
  "broken header lines": {
    mail: voiceMail(
      mixed("a", TEXT, WAV),
      "X-Eight: \xfc\xff\r\nX-Folded: a\r\n \t b\r\nX-Empty:\r\nX-Voxpost-ID: 0\r\n",
    ),
    kept: ["X-Eight: \xfc\xff\r\n", "X-Folded: a\r\n \t b\r\n", "X-Empty:"],
  },
  "no text at all, and a boundary of ours": {
    mail: voiceMail(
      mixed("a", WAV, mixed(`voxpost-${"0".repeat(32)}`, "Content-Type: text/x-old\r\n\r\nold")),
    ),
    kept: ["Content-Type: text/x-old\r\n\r\nold"],
  },
};

test("odd mails go to files and into another account, and lose no header and no part", async () => {
  const { mailbox, source, target, users } = await newMailbox();
  const client = await server.client(users[0]);
  for (const { mail } of Object.values(ODD)) await client.append("INBOX", Buffer.from(mail, "latin1"));
  const count = Object.keys(ODD).length;
  const files = await open({ engine: "file", path: `odd-${names++}` });
  expect(await move(source, files, mailbox)).toMatchObject({ copied: count, failed: 0, findings: [] });
  expect(await move(files, target, mailbox)).toMatchObject({ copied: count, failed: 0, findings: [] });
  const other = await server.client(users[1]);
  const copies = await mailsOf(other);
  for (const [what, { mail, kept }] of Object.entries(ODD)) {
    const [id = "?"] = /<odd-\d+@/.exec(mail) ?? [];
    const copy = copies.find(({ source: one }) => one.includes(id))?.source ?? "";
    for (const piece of [...kept, "From: Zo\xeb <17@example.org>"]) {
      expect(copy.includes(piece), `${what}: ${piece}`).toBe(true);
    }
    const [entry] = await target.find(mailbox, { id: (await idOf(source, mailbox, id)) ?? "" });
    const [part, ...more] = entry ? await target.read(entry.ref) : [];
    expect(part && (await bytesOf(part.stream)).toString(), what).toBe("RIFF a voice");
    expect(more).toEqual([]);
  }
  await Promise.all([client.logout(), other.logout()]);
}, 120_000);

/** Our id of the mail that has this in its Message-ID. */
async function idOf(engine: Engine, mailbox: MailboxAddress, messageId: string): Promise<string | undefined> {
  for (const { ref, envelope } of await engine.find(mailbox, {})) {
    const stream = await engine.readExtras?.(ref);
    if (stream && (await bytesOf(stream)).includes(messageId)) return envelope.id;
  }
  return undefined;
}

test("a mail that nobody can take apart is told as a fault, and stays where it is", async () => {
  const { mailbox, source, target, users } = await newMailbox();
  const client = await server.client(users[0]);
  for (const depth of [3, 60]) await client.append("INBOX", Buffer.from(voiceMail(nested(depth)), "latin1"));
  await client.logout();
  const result = await move(source, target, mailbox);
  expect(result).toMatchObject({ copied: 1, failed: 1, settled: true });
  expect(result.findings).toMatchObject([
    { kind: "fault", what: expect.stringContaining("MESSAGE_MALFORMED") },
  ]);
  expect(await source.find(mailbox, {})).toHaveLength(2);
  const reading = (await source.find(mailbox, {})).map(({ ref }) => source.read(ref));
  const outcomes = await Promise.allSettled(reading);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "MESSAGE_MALFORMED" } });
}, 60_000);

test("a huge part and a huge header cost no memory, and the header is cut where it has to be", async () => {
  const { mailbox, source, users } = await newMailbox();
  const client = await server.client(users[0]);
  const fields = Array.from({ length: 12_000 }, (_, index) => `X-Many-${index}: ${"x".repeat(60)}\r\n`).join(
    "",
  );
  const line = `${Buffer.alloc(57, 7).toString("base64")}\r\n`;
  const part = `Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n${line.repeat(320_000)}`;
  await client.append("INBOX", Buffer.from(voiceMail(mixed("a", TEXT, WAV, part), fields), "latin1"));
  await client.logout();
  const files = await open({ engine: "file", path: `huge-${names++}` });
  let peak = 0;
  const before = liveBytes();
  const watch = setInterval(() => {
    peak = Math.max(peak, liveBytes() - before);
  }, 500);
  const result = await move(source, files, mailbox);
  clearInterval(watch);
  expect(result).toMatchObject({ copied: 1, failed: 0, findings: [] });
  expect(peak / 1e6).toBeLessThan(12);
  const [entry] = await files.find(mailbox, {});
  const stream = entry && (await files.readExtras?.(entry.ref));
  const bytes = stream ? await bytesOf(stream) : Buffer.alloc(0);
  expect(bytes.includes("X-Many-100: xx")).toBe(true);
  expect(bytes.indexOf("\r\n\r\n")).toBeLessThan(270_000);
  expect(bytes.length).toBeGreaterThan(25_000_000);
}, 120_000);

/** What is still in use: garbage tells nothing. Buffers are freed in the round after the one that finds them unused. */
function liveBytes(): number {
  setFlagsFromString("--expose-gc");
  for (let round = 0; round < 2; round++) runInNewContext("gc")();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test("a server that keeps no extras gets the messages, and it is told what stays behind", async () => {
  const { mailbox, source, users } = await newMailbox();
  const client = await server.client(users[0]);
  for (const { mail } of Object.values(ODD)) await client.append("INBOX", Buffer.from(mail, "latin1"));
  await client.logout();
  const { readExtras: _, ...lacking } = same(await open({ engine: "memory" }));
  const served = await serve(lacking);
  const to = await openHttp(served.url);
  const result = await move(source, to, mailbox);
  expect(result).toMatchObject({ copied: Object.keys(ODD).length, failed: 0 });
  expect(result.findings).toMatchObject([
    { kind: "note", what: expect.stringContaining("has no place for") },
  ]);
  expect(await to.find(mailbox, {})).toHaveLength(Object.keys(ODD).length);
  await served.dispose();
}, 60_000);
