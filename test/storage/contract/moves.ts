import { expect } from "vitest";
import type { Suite } from "../contract.ts";
import { atMinute, bytesOf, idsOf, newMessage, sound } from "../samples.ts";

const ALL = { view: "all", limit: 100 } as const;

export function moveCases({ it, movers }: Suite): void {
  it("a moved message is in one folder only, whole, with its flags", async ({ engine, mailbox }) => {
    const message = newMessage(mailbox, {
      heard: true,
      urgent: true,
      audio: [sound("one"), sound("two", { kind: "comment" })],
    });
    const { ref } = await engine.append("INBOX", message);
    const moved = await engine.move(ref, "Friends");
    expect(moved).toMatchObject({ mailbox, folder: "Friends" });
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(0);
    const [entry] = (await engine.list(mailbox, "Friends", ALL)).entries;
    expect(entry?.ref).toEqual(moved);
    expect(entry?.envelope).toMatchObject({ id: message.id, folder: "Friends", heard: true, urgent: true });
    expect(entry?.envelope.caller).toEqual(message.caller);
    const [comment, voice] = await engine.read(moved);
    expect(comment && (await bytesOf(comment.stream)).toString()).toBe("two");
    expect(voice && (await bytesOf(voice.stream)).toString()).toBe("one");
  });

  it("to the trash and back it is the same message at the same place", async ({ engine, mailbox }) => {
    const messages = [1, 2, 3].map((minute) => newMessage(mailbox, { receivedAt: atMinute(minute) }));
    const entries = [];
    for (const message of messages) entries.push(await engine.append("INBOX", message));
    const [, second] = entries;
    if (!second) throw new Error("unreachable");
    const trashed = await engine.move(second.ref, "Trash");
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(2);
    const back = await engine.move(trashed, "INBOX");
    expect(idsOf((await engine.list(mailbox, "INBOX", ALL)).entries)).toEqual(messages.map(({ id }) => id));
    expect((await engine.list(mailbox, "Trash", ALL)).total).toBe(0);
    await engine.setFlags(back, { heard: true });
  });

  it("the old reference is no longer good after a move", async ({ engine, mailbox }) => {
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    await engine.move(ref, "Work");
    const unknown = { code: "MESSAGE_UNKNOWN" };
    await expect(engine.read(ref)).rejects.toMatchObject(unknown);
    await expect(engine.setFlags(ref, { heard: true })).rejects.toMatchObject(unknown);
    await expect(engine.move(ref, "Family")).rejects.toMatchObject(unknown);
    expect((await engine.list(mailbox, "Work", ALL)).total).toBe(1);
  });

  it("a removed message is gone for good, and may be removed again", async ({ engine, mailbox }) => {
    const keep = newMessage(mailbox);
    await engine.append("INBOX", keep);
    const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
    await engine.remove(ref);
    await engine.remove(ref);
    expect(await engine.find(mailbox, { id: envelope.id })).toEqual([]);
    await expect(engine.read(ref)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
    await expect(engine.setFlags(ref, {})).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
    await expect(engine.move(ref, "Work")).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
    expect(idsOf((await engine.list(mailbox, "INBOX", ALL)).entries)).toEqual([keep.id]);
  });

  it("a message that two move at once is where each who succeeded was told, and nowhere else", async (world) => {
    const { engine, mailbox, open } = world;
    const other = await open();
    const { ref, envelope } = await engine.append(
      "INBOX",
      newMessage(mailbox, { audio: [sound("a voice")] }),
    );
    const results = await Promise.allSettled([engine.move(ref, "Work"), other.move(ref, "Family")]);
    const moved = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(movers === "one" ? [1] : [1, 2]).toContain(moved.length);
    const found = await engine.find(mailbox, { id: envelope.id });
    expect(found.map((entry) => entry.ref.folder).sort()).toEqual(moved.map(({ folder }) => folder).sort());
    for (const to of moved) {
      const [voice] = await engine.read(to);
      expect(voice && (await bytesOf(voice.stream)).toString()).toBe("a voice");
    }
  });

  it(
    "while a message moves to and fro, it is in one folder at least",
    "move",
    async ({ engine, mailbox, open }) => {
      const other = await open();
      const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
      let moving = true;
      const mover = async () => {
        let at = ref;
        for (let round = 0; round < 20; round++) at = await engine.move(at, round % 2 ? "INBOX" : "Work");
        moving = false;
      };
      const watcher = async () => {
        // Folders are looked at one after the other, so a message may be overtaken; but not again and again.
        let missed = 0;
        while (moving) {
          missed = (await other.find(mailbox, { id: envelope.id })).length > 0 ? 0 : missed + 1;
          expect(missed).toBeLessThan(10);
        }
      };
      await Promise.all([mover(), watcher()]);
      expect(await other.find(mailbox, { id: envelope.id })).toHaveLength(1);
    },
  );
}
