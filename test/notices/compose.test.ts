import fc from "fast-check";
import { simpleParser } from "mailparser";
import { createTransport } from "nodemailer";
import { expect, test } from "vitest";
import type { Notices } from "../../src/model/notices.ts";
import { composeMail, composePage, type Notice } from "../../src/notices/compose.ts";
import { oneLine, withoutWords } from "../../src/storage/mime/text.ts";

const writer = createTransport({ streamTransport: true, buffer: true });

const NOTICES: Notices = {
  email: ["ann@example.org"],
  pager: ["1@sms.example"],
  attach: false,
  attachMaxBytes: 0,
  deleteWhenSent: false,
  serverEmail: "vm@pbx.example",
  fromString: `\${VM_CIDNAME}`,
  emailSubject: `\${VM_CIDNAME}|\${VM_CIDNUM}|\${VM_CATEGORY}`,
  emailBody: `\${VM_CIDNAME}\n-- \n\${VM_CIDNUM}`,
  pagerSubject: `\${VM_CIDNUM}`,
  locale: "en",
};

function noticeOf(name: string, number: string): Notice {
  const envelope = {
    id: "0".repeat(32),
    mailbox: { mailbox: "1001", context: "default" },
    folder: "INBOX",
    caller: { name, number },
    receivedAt: new Date("2026-11-21T10:00:00Z"),
    duration: 5,
    heard: false,
    urgent: false,
    priority: false,
    private: false,
    category: name,
    callId: number,
  } as const;
  return { notices: NOTICES, timezone: "UTC", facts: { envelope, name, number: 1 } };
}

/** Whatever a telephone network may deliver, and what somebody would who knows mail. */
const hostile = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)) }),
  fc
    .array(
      fc.constantFrom(
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\u2028",
        "\ud800",
        "Bcc: x@y.example",
        "\r\n\r\n<html>",
        "=?utf-8?b?QmNjOiB4?=",
        "=?utf-8?q?=0d=0aBcc:_x?=",
        '"',
        "<x@y.example>",
        ",",
        ";",
        "\\",
        "(",
        "ü",
        "\u202e",
        ".\r\n",
        "a".repeat(90),
      ),
      { maxLength: 8 },
    )
    .map((all) => all.join("")),
);

test("whatever a caller is called, a mail has the headers that we write, and his name as he has it", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (name, number) => {
      const shown = (text: string) => oneLine(text, 200) || "an unknown caller";
      for (const mail of [
        composeMail(noticeOf(name, number), NOTICES.email, { audio: [], tooLarge: false }),
        composePage(noticeOf(name, number), NOTICES.pager),
      ]) {
        const { message } = await writer.sendMail(mail);
        const raw = String(message);
        const parsed = await simpleParser(raw);
        const expected = new Set([
          "from",
          "to",
          "subject",
          "message-id",
          "date",
          "mime-version",
          "auto-submitted",
        ]);
        const keys = parsed.headerLines.map(({ key }) => key).filter((key) => !/^(x-|content-)/.test(key));
        expect(new Set(keys)).toEqual(expected);
        expect(keys).toHaveLength(expected.size);
        expect(parsed.from?.value.map(({ address }) => address)).toEqual(["vm@pbx.example"]);
        expect(raw.slice(0, raw.indexOf("\r\n\r\n"))).toMatch(/^[\t\r\n\x20-\x7e]*$/);
      }
      const { message } = await writer.sendMail(
        composeMail(noticeOf(name, number), NOTICES.email, { audio: [], tooLarge: false }),
      );
      const { subject = "", from } = await simpleParser(String(message));
      expect([subject, from?.value[0]?.name]).toEqual([
        oneLine(withoutWords(`${shown(name)}|${shown(number)}|${oneLine(name, 200)}`)),
        oneLine(withoutWords(shown(name))),
      ]);
    }),
    { numRuns: process.env.VOXPOST_TEST_ALL ? 2_000 : 100 },
  );
});
