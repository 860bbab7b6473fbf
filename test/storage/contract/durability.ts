import { expect } from "vitest";
import type { Suite } from "../contract.ts";
import { bytesOf, idsOf, newMessage, sound } from "../samples.ts";

const ALL = { view: "all", limit: 100 } as const;

export function durabilityCases({ it }: Suite): void {
  it("everything is there after a restart", async ({ engine, mailbox, open }) => {
    const message = newMessage(mailbox, { urgent: true, category: "sales", audio: [sound("stays")] });
    const { ref } = await engine.append("INBOX", message);
    await engine.append("Work", newMessage(mailbox, { heard: true }));
    await engine.writeGreeting?.(mailbox, "busy", sound("greeting"));
    const before = await engine.find(mailbox, {});
    await engine.close();

    const again = await open();
    expect(await again.find(mailbox, {})).toEqual(before);
    expect(await again.count(mailbox, "INBOX")).toEqual({ urgent: 1, new: 0, old: 0 });
    const [part] = await again.read(ref);
    expect(part && (await bytesOf(part.stream)).toString()).toBe("stays");
    const greeting = await again.readGreeting?.(mailbox, "busy");
    if (again.capabilities.greetings) {
      expect(greeting && (await bytesOf(greeting.stream)).toString()).toBe("greeting");
    }
  });

  it("two programs on one store see each other's work at once", async ({ engine, mailbox, open }) => {
    const other = await open();
    for (let look = 0; look < 3; look++) {
      expect(await other.count(mailbox, "INBOX"), "looked at while empty").toEqual({
        urgent: 0,
        new: 0,
        old: 0,
      });
    }
    const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
    expect(await other.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 1, old: 0 });
    await other.setFlags(ref, { heard: true });
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 0, old: 1 });
    const moved = await engine.move(ref, "Family");
    const [part] = await other.read(moved);
    expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
    await other.remove(moved);
    expect(await engine.find(mailbox, { id: envelope.id })).toEqual([]);
  });

  it("fifty messages at once are fifty messages", async ({ engine, mailbox, open }) => {
    const engines = [engine, await open()];
    const messages = Array.from({ length: 50 }, (_, index) =>
      newMessage(mailbox, { audio: [sound(`voice ${index}`)] }),
    );
    const appended = await Promise.all(
      messages.map((message, index) => (engines[index % 2] ?? engine).append("INBOX", message)),
    );
    expect(new Set(appended.map((entry) => entry.ref.key)).size).toBe(50);
    const { entries, total } = await engine.list(mailbox, "INBOX", ALL);
    expect(total).toBe(50);
    expect(idsOf(entries)).toEqual(messages.map((message) => message.id));
    for (const [index, { ref }] of appended.entries()) {
      const [part] = await engine.read(ref);
      expect(part && (await bytesOf(part.stream)).toString()).toBe(`voice ${index}`);
    }
  });
}
