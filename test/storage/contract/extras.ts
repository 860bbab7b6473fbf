import { expect } from "vitest";
import type { Engine, Ref } from "../../../src/storage/engine.ts";
import type { Suite } from "../contract.ts";
import { bytesOf, digestOf, newMessage, sound } from "../samples.ts";

const ALL = { view: "all", limit: 100 } as const;
const BOUNDARY = "voxpost-0123456789abcdef0123456789abcdef";

/** As a mail engine gives them: src/storage/mime/extras.ts. */
function extras(fields: readonly string[], parts: readonly string[] = []): Buffer {
  const head = fields.map((field) => `${field}\r\n`).join("");
  if (parts.length === 0) return Buffer.from(`${head}\r\n`, "latin1");
  const type = `Content-Type: multipart/mixed; boundary="${BOUNDARY}"\r\n\r\n`;
  const body = parts.map((part) => `--${BOUNDARY}\r\n${part}\r\n`).join("");
  return Buffer.from(`${head}${type}${body}--${BOUNDARY}--\r\n`, "latin1");
}

const FIELDS = [
  "X-Voxpost-Keywords: $Important \\Answered",
  "Received: from a.example.org\r\n\tby b.example.org; Sat, 22 Nov 2025 01:00:00 +0000",
  "Received: from localhost",
  "X-Shoe-Size: 42",
  "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= and a subject of its own",
];
const PARTS = [
  "Content-Type: text/html; charset=utf-8\r\n\r\n<p>one</p>\r\n.\r\nFrom two",
  "Content-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK",
];

export function extrasCases({ it }: Suite): void {
  it("what a mail had beyond the model comes back byte for byte", "readExtras", async (world) => {
    const { engine, mailbox } = world;
    for (const given of [extras(FIELDS), extras(FIELDS, PARTS), extras([], PARTS)]) {
      const message = newMessage(mailbox, { text: "Call back.", extras: sound(given) });
      const appended = await engine.append("INBOX", message);
      expect(await read(engine, appended.ref)).toBe(given.toString("latin1"));
      expect(appended.envelope).not.toHaveProperty("extras");
      expect(await engine.readText?.(appended.ref)).toBe("Call back.");
      const [part] = await engine.read(appended.ref);
      expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
      const found = (await engine.list(mailbox, "INBOX", ALL)).entries.find(
        ({ envelope }) => envelope.id === message.id,
      );
      expect(found).toEqual(appended);
    }
  });

  it("bytes that no header may have come back as they are", "readExtras", async ({ engine, mailbox }) => {
    const given = extras(["X-Raw: caf\xe9"]);
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { extras: sound(given) }));
    expect(await read(engine, ref)).toBe(given.toString("latin1"));
  });

  it("extras stay with their message when it is moved and marked", "readExtras", async (world) => {
    const { engine, mailbox } = world;
    const given = extras(FIELDS, PARTS);
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { extras: sound(given) }));
    await engine.setFlags(ref, { heard: true, urgent: true });
    const moved = await engine.move(ref, "Work");
    expect(await read(engine, moved)).toBe(given.toString("latin1"));
    await engine.remove(moved);
    await expect(engine.readExtras?.(moved)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
  });

  it("a message without extras has none", "readExtras", async ({ engine, mailbox }) => {
    for (const urgent of [true, false]) {
      const { ref } = await engine.append("INBOX", newMessage(mailbox, { urgent, private: true }));
      expect(await engine.readExtras?.(ref)).toBeUndefined();
      await engine.setFlags(ref, { heard: true, urgent: !urgent });
      expect(await engine.readExtras?.(ref)).toBeUndefined();
    }
  });

  it("five megabytes of extras go in and out as they are", "readExtras", async ({ engine, mailbox }) => {
    const line = `${Buffer.alloc(57, 7).toString("base64")}\r\n`;
    const given = extras(FIELDS, [
      `Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n${line.repeat(65_000)}`,
    ]);
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { extras: sound(given) }));
    const stream = await engine.readExtras?.(ref);
    expect(stream && (await digestOf(stream))).toBe(await digestOf(await sound(given).open()));
    const dropped = await engine.readExtras?.(ref);
    dropped?.destroy();
  });

  it("extras never overrule what is said of a message", "readExtras", async ({ engine, mailbox }) => {
    const hostile = extras([
      "Message-ID: <ffffffffffffffffffffffffffffffff@example.org>",
      "X-Voxpost-ID: ffffffffffffffffffffffffffffffff",
      "X-Voxpost-Caller-Name: Eve",
      "X-Asterisk-VM-Extension: 9999",
      "X-Asterisk-VM-Caller-ID-Num: 666",
      "X-Asterisk-VM-Duration: 666",
      "X-Lone: return\rX-Asterisk-VM-Context: other",
      "no field at all",
      "Date: Mon, 1 Jan 1990 00:00:00 +0000",
      'From: "Eve" <666@example.org>',
    ]);
    const message = newMessage(mailbox, { extras: sound(hostile) });
    await engine.append("INBOX", message);
    const { audio: _, extras: __, ...envelope } = message;
    const [listed] = (await engine.list(mailbox, "INBOX", ALL)).entries;
    expect(listed?.envelope).toEqual({ ...envelope, folder: "INBOX" });
    expect(await engine.find(mailbox, { id: message.id })).toEqual([listed]);
  });
}

async function read(engine: Engine, ref: Ref): Promise<string | undefined> {
  const stream = await engine.readExtras?.(ref);
  return stream && (await bytesOf(stream)).toString("latin1");
}
