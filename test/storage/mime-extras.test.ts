import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeMessage, messageHead } from "../../src/storage/mime/encode.ts";
import { extraFields, formatHead, readKeywords, splitExtras } from "../../src/storage/mime/extras.ts";
import { parseFields, unfolded } from "../../src/storage/mime/head.ts";
import { bytesOf, newId, newMessage, sound } from "./samples.ts";

const MAILBOX = { mailbox: "1001", context: "default" };
const FOREIGN = `00000000${"a".repeat(24)}`;

/** In pieces of a size that no line agrees with. */
function inPieces(bytes: Buffer): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) =>
    bytes.subarray(at * 7, at * 7 + 7),
  );
  return Readable.from(pieces, { objectMode: false });
}

const raw = fc.string({
  unit: fc.constantFrom(
    "X",
    "-",
    ":",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\0",
    "a",
    "\xe9",
    "Content-Type",
    "From",
  ),
  maxLength: 60,
});

describe("fields that mean nothing to us", () => {
  test("whatever a header block is, they are read back as they were written", async () => {
    await fc.assert(
      fc.asyncProperty(raw, fc.uint8Array({ maxLength: 50 }), async (text, rest) => {
        const fields = extraFields(Buffer.from(text, "latin1"), newId());
        const head = formatHead({ keywords: [], fields });
        const opened = await splitExtras(inPieces(Buffer.concat([head, rest])));
        expect(opened.fields.map(unfolded)).toEqual(fields.map(unfolded));
        expect(await bytesOf(opened.body)).toEqual(Buffer.from(rest));
        // Nothing can end the head before its end, or begin a field that was none.
        expect(parseFields(head).length).toBe(fields.length);
        expect(head.indexOf("\r\n\r\n") === -1 || head.indexOf("\r\n\r\n") === head.length - 4).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("those that we write are not among them, but what another system wrote in their place is", () => {
    const block = [
      "Date: Sat, 22 Nov 2025 01:00:00 +0000",
      "Message-ID: <x@elsewhere>",
      "MIME-Version: 1.0",
      "Content-Type: multipart/mixed",
      "X-Asterisk-VM-Duration: 3",
      "X-Asterisk-VM-Priority: 2",
      "X-Voxpost-Call-ID: 1.2",
      "X-CallingTelephoneNumber: 17",
      "Importance: normal",
    ].join("\r\n");
    const names = (id: string) => extraFields(block, id).map(({ name }) => name);
    expect(names(FOREIGN)).toEqual([
      "date",
      "message-id",
      "x-asterisk-vm-priority",
      "x-callingtelephonenumber",
    ]);
    // A message of ours is found by its Message-ID.
    expect(names(newId())).not.toContain("message-id");
  });

  test("a mail of ours has none, whoever called", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 30 }), fc.boolean(), async (name, urgent) => {
        const message = newMessage(MAILBOX, { caller: { name, number: name }, urgent, audio: [sound("x")] });
        const mail = await bytesOf((await encodeMessage(message, { domain: "pbx.example.org" })).mail);
        const block = mail.subarray(0, mail.indexOf("\r\n\r\n") + 2);
        const ours = messageHead(message, { domain: "pbx.example.org" });
        expect(extraFields(block, message.id, ours)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

test("only flags of the owner's own are keywords, in one order", () => {
  const flags = [
    "\\Seen",
    "\\flagged",
    "Zeta",
    "\\Answered",
    "$Junk",
    "two words",
    "a(b",
    "",
    "\\Recent",
    "x\r\ny",
  ];
  expect(readKeywords(flags)).toEqual(["$Junk", "Zeta", "\\Answered"]);
});

test("a head that never ends is refused before it fills the memory", async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.from(`X-More: ${"x".repeat(60_000)}\r\n`);
  }
  const stream = Readable.from(endless(), { objectMode: false });
  await expect(splitExtras(stream)).rejects.toMatchObject({ code: "MESSAGE_MALFORMED" });
  expect(stream.destroyed).toBe(true);
});
