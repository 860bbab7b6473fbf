import { expect } from "vitest";
import type { Suite } from "../contract.ts";
import { idsOf, newMessage } from "../samples.ts";

const ALL = { view: "all", limit: 100 } as const;

/** What callers, and phones, call themselves. */
const NAMES: Readonly<Record<string, string>> = {
  "a path, a format, a quote": '../../../evil%d,"x',
  "an absolute path": "/etc/passwd",
  "line breaks and a header": "Ann\r\nBcc: everybody@example.org\r\n\r\nbody",
  "a NUL and other control characters": "Ann\u0000\u0001\u001b[31m\u007fred",
  "a lone line feed": "Ann\nX-Asterisk-VM-Context: other",
  "ten kilobytes": "Ännchen ".repeat(1250),
  "ten kilobytes without a blank": "x".repeat(10_240),
  "right to left": "שלום \u202Eevil\u202C مرحبا",
  emoji: "👩‍👩‍👧 ☎️ 🇩🇪",
  "Chinese, Greek, Cyrillic, Thai": "王小明 Ωμέγα Иван สวัสดี",
  "an encoded word": "=?utf-8?Q?evil?= =?x?",
  "a decomposed accent": "Cafe\u0301",
  "quotes, brackets, a backslash": '"Ann" <ann@example.org>, \\"; `$(id)` {}',
  "blanks at both ends": "  Ann  ",
};

export function hostileCases({ it }: Suite): void {
  for (const [what, text] of Object.entries(NAMES)) {
    it(`a caller's name is kept as it is: ${what}`, async ({ engine, mailbox }) => {
      const caller = { name: text, number: "+49 (30) 1" };
      await engine.append("INBOX", newMessage(mailbox, { caller }));
      const { entries } = await engine.list(mailbox, "INBOX", ALL);
      expect(entries.map((entry) => entry.envelope.caller)).toEqual([caller]);
      expect(entries[0]?.envelope.mailbox).toEqual(mailbox);
    });
  }

  it("a caller's number is text too", async ({ engine, mailbox }) => {
    const caller = { number: '../../x\r\n%s"; rm -rf /' };
    await engine.append("INBOX", newMessage(mailbox, { caller }));
    const { entries } = await engine.list(mailbox, "INBOX", ALL);
    expect(entries[0]?.envelope.caller).toEqual(caller);
  });

  it("a hostile category and call id are kept as they are", async ({ engine, mailbox }) => {
    const category = "../../etc/asterisk\r\nX: y\u0000%d";
    const callId = "1795302871.42\r\n../x";
    await engine.append("INBOX", newMessage(mailbox, { category, callId }));
    const { entries } = await engine.list(mailbox, "INBOX", ALL);
    expect(entries[0]?.envelope).toMatchObject({ category, callId });
  });

  it("a key that no engine made is an unknown message", async ({ engine, mailbox }) => {
    const { envelope } = await engine.append("INBOX", newMessage(mailbox));
    for (const key of ["", "../../x", "0", "-1", "1:*", "999999999", "x\r\nA1 LOGOUT", "\u0000"]) {
      const ref = { mailbox, folder: "INBOX" as const, key };
      await expect(engine.read(ref)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
      await expect(engine.setFlags(ref, { heard: true })).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
      await expect(engine.move(ref, "Work")).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
      await engine.remove(ref);
    }
    expect(idsOf((await engine.list(mailbox, "INBOX", ALL)).entries)).toEqual([envelope.id]);
  });
}
