import { expect } from "vitest";
import type { Flags } from "../../../src/model/message.ts";
import type { Suite } from "../contract.ts";
import { bytesOf, newMessage } from "../samples.ts";

const ALL = { view: "all", limit: 100 } as const;

export function flagCases({ it }: Suite): void {
  it("a flag is set and taken back without touching the other", async ({ engine, mailbox }) => {
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { urgent: true }));
    const flags = async () => {
      const [entry] = (await engine.list(mailbox, "INBOX", ALL)).entries;
      return { heard: entry?.envelope.heard, urgent: entry?.envelope.urgent };
    };
    const steps: Array<[Partial<Flags>, Flags]> = [
      [{ heard: true }, { heard: true, urgent: true }],
      [{ heard: true }, { heard: true, urgent: true }],
      [{ urgent: false }, { heard: true, urgent: false }],
      [{ heard: false }, { heard: false, urgent: false }],
      [{}, { heard: false, urgent: false }],
      [
        { heard: true, urgent: true },
        { heard: true, urgent: true },
      ],
    ];
    for (const [change, result] of steps) {
      await engine.setFlags(ref, change);
      expect(await flags()).toEqual(result);
    }
  });

  it("a reference stays good when flags change", async ({ engine, mailbox }) => {
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    await engine.setFlags(ref, { heard: true });
    await engine.setFlags(ref, { urgent: true });
    const [part] = await engine.read(ref);
    expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
    expect((await engine.list(mailbox, "INBOX", ALL)).entries[0]?.ref).toEqual(ref);
  });

  it("two flags that are set at once are both set", async ({ engine, mailbox, open }) => {
    const other = await open();
    for (let round = 0; round < 10; round++) {
      const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
      await Promise.all([engine.setFlags(ref, { heard: true }), other.setFlags(ref, { urgent: true })]);
      const [entry] = await engine.find(mailbox, { id: envelope.id });
      expect(entry?.envelope).toMatchObject({ heard: true, urgent: true });
    }
  });
}
