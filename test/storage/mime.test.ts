import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import fc from "fast-check";
import { simpleParser } from "mailparser";
import { describe, expect, test } from "vitest";
import type { AudioSource, NewMessage } from "../../src/model/message.ts";
import { decodeEnvelope, decodeMailbox } from "../../src/storage/mime/decode.ts";
import { encodeMessage } from "../../src/storage/mime/encode.ts";
import { HEADERS, VOICE_MARKS } from "../../src/storage/mime/headers.ts";
import { decodeWords } from "../../src/storage/mime/text.ts";
import { bytesOf } from "./samples.ts";
import { WILD } from "./wild.ts";

const SAMPLES = new URL("../samples/", import.meta.url);
const MAILBOX = { mailbox: "1001", context: "default" };
const PLACE = {
  mailbox: MAILBOX,
  folder: "INBOX",
  heard: false,
  urgent: false,
  storedAt: new Date(0),
} as const;
const SITE = { domain: "pbx.example.org" };
const ID = "0123456789abcdef0123456789abcdef";

interface Sample {
  file: string;
  mailbox: string;
  maildir_name: string;
}

const manifest = JSON.parse(readFileSync(new URL("MANIFEST.json", SAMPLES), "utf8")) as Sample[];
const caller = { number: "2000", name: "Caller" };

/** What differs from a plain call of 2000 "Caller", 3 s long. Their audio: imap-mail.test.ts. */
const EXPECTED: Record<string, { caller?: object; priority?: true }> = {
  "03-priority-optionP.eml": { priority: true },
  "04-utf8-callername.eml": { caller: { number: "+420602123456", name: "ofie Mller" } },
  "06-callerid-anonymous-sip.eml": { caller: { name: "Anonymous" } },
};

describe("mail that app_voicemail wrote", () => {
  const messages = manifest.filter(({ file }) => !file.includes("greeting"));

  test("the samples are all here", () => expect(messages).toHaveLength(15));

  test.each(messages)("$file: envelope from the headers alone", ({ file, mailbox, maildir_name }) => {
    const mail = readFileSync(new URL(file, SAMPLES));
    const flags = maildir_name.split(":2,")[1] ?? "";
    const place = { ...PLACE, heard: flags.includes("S"), urgent: flags.includes("F") };
    const envelope = decodeEnvelope(headersOf(mail), place);
    expect(decodeMailbox(headersOf(mail))).toEqual({ mailbox, context: "default" });
    expect(envelope).toEqual({
      id: expect.stringMatching(/^00000000[0-9a-f]{24}$/),
      mailbox: MAILBOX,
      folder: "INBOX",
      caller: EXPECTED[file]?.caller ?? caller,
      receivedAt: new Date(Number(maildir_name.split(".")[0]) * 1000),
      duration: 3,
      heard: file.startsWith("14") || file.startsWith("15"),
      urgent: file.startsWith("02"),
      priority: EXPECTED[file]?.priority ?? false,
      private: false,
    });
  });

  test("ids are stable and differ", () => {
    const ids = messages.map(
      ({ file }) => decodeEnvelope(headersOf(readFileSync(new URL(file, SAMPLES))), PLACE).id,
    );
    expect(new Set(ids).size).toBe(messages.length);
  });
});

describe("mail of other systems", () => {
  test.each([
    [
      "VPIM and carriers",
      [
        'From: "Erika M=?utf-8?Q?=C3=BC?=ller" <4930123456@example.org>',
        "Date: Tue, 06 Oct 2026 14:03:22 +0200 (CEST)",
        "Message-Context: voice-message",
        "Content-Duration: 31",
        "Sensitivity: private",
      ],
      { caller: { number: "4930123456", name: "Erika Müller" }, duration: 31, private: true },
    ],
    [
      "RFC 3939",
      [
        "From: <non-mail-user@example.org>",
        "Caller-ID: 4930123456, NumberingPlan=e164",
        "Caller-Name: =?iso-8859-1?q?J=F6rg?=",
      ],
      { caller: { number: "+4930123456", name: "Jörg" } },
    ],
    [
      "Exchange",
      [
        "From: UM <um@example.org>",
        "X-CallingTelephoneNumber: 5551234",
        "X-VoiceMessageDuration: 12",
        "X-VoiceMessageSenderName: Ann",
      ],
      { caller: { number: "5551234", name: "Ann" }, duration: 12 },
    ],
    ["a mail without anything", ["Subject: hello"], { caller: {}, duration: 0, receivedAt: PLACE.storedAt }],
    [
      "a date that is none",
      ["Date: yesterday", "Content-Duration: long"],
      { receivedAt: PLACE.storedAt, duration: 0 },
    ],
  ])("%s", (_, lines, expected) => {
    expect(decodeEnvelope(Buffer.from(`${lines.join("\r\n")}\r\n`), PLACE)).toMatchObject(expected);
  });

  test.each(WILD.filter(({ envelope }) => envelope))("$what", ({ lines, envelope }) => {
    const mail = Buffer.from(lines.join("\r\n"), "latin1");
    const storedAt = new Date("2026-01-02T03:04:05Z");
    expect(decodeEnvelope(headersOf(mail), { ...PLACE, storedAt })).toMatchObject(envelope ?? {});
  });

  test("no bytes whatever make a listing fail", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(fc.tuple(fc.constantFrom(...HEADERS.map(({ name }) => name)), fc.string({ unit: "binary" })))
        .map((lines) => Buffer.from(lines.map((line) => line.join(": ")).join("\r\n"))),
    );
    fc.assert(
      fc.property(hostile, (block) => {
        const { id, receivedAt, duration } = decodeEnvelope(block, PLACE);
        expect(id).not.toBe("");
        expect(receivedAt.getTime()).not.toBeNaN();
        expect(duration).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("encoded words in every script, cut anywhere", () => {
    expect(decodeWords("=?utf-8?B?xb1vZmll?= =?UTF-8?Q?_M=C3?= =?utf-8?q?=BCller?= x")).toBe(
      "Žofie Müller x",
    );
    expect(decodeWords("=?no-such-set?Q?x?=")).toBe("=?no-such-set?Q?x?=");
  });
});

describe("what we write", () => {
  test("is read back as it was, whatever the caller calls himself", async () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 200 }),
      fc.string({ unit: "binary", maxLength: 80 }),
      fc.constantFrom(
        '../../../evil%d,"x',
        "a\r\nBcc: a@b\0\n\n--b",
        "=?UTF-8?Q?x?=",
        "é".repeat(10_240),
        " ",
        '"',
        "\\",
      ),
    );
    const message = fc.record(
      { number: text, name: text, category: text, callId: text },
      { requiredKeys: [] },
    );
    const flags = fc.record({ urgent: fc.boolean(), priority: fc.boolean(), private: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(message, flags, async ({ number, name, category, callId }, given) => {
        const fields = {
          caller: { ...(number && { number }), ...(name && { name }) },
          ...(category && { category }),
          ...(callId && { callId }),
          ...given,
        };
        const mail = await mailOf(newMessage(fields));
        const { caller, urgent, ...rest } = decodeEnvelope(headersOf(mail), {
          ...PLACE,
          urgent: given.urgent,
        });
        expect({ caller, ...rest, urgent }).toMatchObject(JSON.parse(JSON.stringify(fields, wellFormed)));
        expectHarmless(mail);
      }),
      { numRuns: 200 },
    );
  });

  test("is one voice message in the standards' and in app_voicemail's eyes", async () => {
    const mail = await mailOf(newMessage({}));
    const parsed = await simpleParser(mail);
    expect(parsed.messageId).toBe(`<${ID}@pbx.example.org>`);
    expect(parsed.subject).toBe("Voice Message (0:25)");
    expect(parsed.date).toEqual(new Date("2026-10-06T12:03:22Z"));
    expect(parsed.from?.value).toEqual([{ name: "Erika Müller", address: "non-mail-user@pbx.example.org" }]);
    expect(parsed.to).toMatchObject({ value: [{ address: "1001@pbx.example.org" }] });
    for (const { header, value } of VOICE_MARKS.slice(0, 2)) {
      expect(parsed.headers.get(header.toLowerCase())).toBe(value);
    }
    expect(parsed.text).toContain("from Erika Müller (+4930123456)");
    expect(parsed.attachments.map(({ filename, content }) => [filename, content.toString()])).toEqual([
      ["msg0000.wav", "voice"],
      ["msgintro0000.wav", "comment"],
    ]);
  });

  test("a withheld number leaves no trace", async () => {
    const head = headersOf(await mailOf(newMessage({ caller: {} }))).toString();
    expect(head).not.toMatch(/^(Caller-|X-Asterisk-VM-Caller|X-Voxpost-Caller)/im);
    expect(decodeEnvelope(Buffer.from(head), PLACE).caller).toEqual({});
  });

  test("a source that breaks off rejects with its own error", async () => {
    const open = async () => new Readable({ read: () => {} }).destroy(new Error("the spool is gone"));
    await expect(
      mailOf(newMessage({ audio: [{ kind: "voice", contentType: "audio/wav", open }] })),
    ).rejects.toThrow("the spool is gone");
  });
});

async function mailOf(message: NewMessage): Promise<Buffer> {
  return bytesOf((await encodeMessage(message, SITE)).mail);
}

function newMessage(fields: Partial<NewMessage>): NewMessage {
  return {
    id: ID,
    mailbox: MAILBOX,
    caller: { number: "+4930123456", name: "Erika Müller" },
    receivedAt: new Date("2026-10-06T12:03:22Z"),
    duration: 25,
    heard: false,
    urgent: false,
    priority: false,
    private: false,
    audio: [source("comment"), source("voice")],
    ...fields,
  };
}

function source(kind: AudioSource["kind"]): AudioSource {
  return {
    kind,
    contentType: "audio/wav",
    duration: 3,
    open: async () => Readable.from([Buffer.from(kind)]),
  };
}

function headersOf(mail: Buffer): Buffer {
  const text = mail.toString("latin1");
  return mail.subarray(0, /\r?\n\r?\n/.exec(text)?.index);
}

/** Every line belongs to a header of the table, nothing follows from a caller's line breaks, and lines are short. */
function expectHarmless(mail: Buffer): void {
  const names = [...HEADERS.map(({ name }) => name), "MIME-Version", "Content-Type"];
  const seen = new Set<string>();
  for (const line of headersOf(mail).toString("latin1").split("\r\n")) {
    expect(line).toMatch(/^[\x20-\x7e]{1,200}$/);
    if (line.startsWith(" ")) continue;
    const name = line.slice(0, line.indexOf(":"));
    expect(names).toContain(name);
    expect(seen).not.toContain(name);
    seen.add(name);
  }
}

function wellFormed(_: string, value: unknown): unknown {
  return typeof value === "string" ? Buffer.from(value).toString() : value;
}
