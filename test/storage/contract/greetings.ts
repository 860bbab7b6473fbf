import { expect, vi } from "vitest";
import { GREETINGS } from "../../../src/model/greeting.ts";
import type { Engine } from "../../../src/storage/engine.ts";
import type { Suite, World } from "../contract.ts";
import { bytesOf, newMessage, sound } from "../samples.ts";

/** What an engine announces beside messages: greetings, PINs, watching, quota. */
export function greetingCases({ it }: Suite): void {
  it("what is announced is there, and the other way round", async ({ engine }) => {
    const { greetings, watch, quota, authenticate } = engine.capabilities;
    expect(typeof engine.readGreeting === "function").toBe(greetings);
    expect(typeof engine.writeGreeting === "function").toBe(greetings);
    expect(typeof engine.removeGreeting === "function").toBe(greetings);
    expect(typeof engine.watch === "function").toBe(watch);
    expect(typeof engine.quota === "function").toBe(quota);
    expect(typeof engine.authenticate === "function").toBe(authenticate);
  });

  it("greetings of all kinds are kept apart", "greetings", async ({ engine, mailbox, similar }) => {
    for (const kind of GREETINGS) expect(await textOf(engine, mailbox, kind)).toBeUndefined();
    for (const kind of GREETINGS) await engine.writeGreeting?.(mailbox, kind, sound(`this is ${kind}`));
    for (const kind of GREETINGS) expect(await textOf(engine, mailbox, kind)).toBe(`this is ${kind}`);
    expect(await textOf(engine, similar, "busy")).toBeUndefined();
  });

  it("a greeting is replaced, also by one of another format", "greetings", async ({ engine, mailbox }) => {
    await engine.writeGreeting?.(mailbox, "unavailable", sound("old", { contentType: "audio/gsm" }));
    await engine.writeGreeting?.(mailbox, "unavailable", sound("new", { contentType: "audio/wav" }));
    const part = await engine.readGreeting?.(mailbox, "unavailable");
    expect(part?.contentType).toBe("audio/wav");
    expect(part && (await bytesOf(part.stream)).toString()).toBe("new");
  });

  it("a greeting is removed, again if need be, and the others stay", "greetings", async (world) => {
    const { engine, mailbox } = world;
    await engine.writeGreeting?.(mailbox, "temporary", sound("away"));
    await engine.writeGreeting?.(mailbox, "name", sound("Ann"));
    await engine.removeGreeting?.(mailbox, "temporary");
    await engine.removeGreeting?.(mailbox, "temporary");
    expect(await textOf(engine, mailbox, "temporary")).toBeUndefined();
    expect(await textOf(engine, mailbox, "name")).toBe("Ann");
  });

  it("greetings are no messages", "greetings", async ({ engine, mailbox }) => {
    for (const kind of GREETINGS) await engine.writeGreeting?.(mailbox, kind, sound(kind));
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
    expect(await engine.find(mailbox, {})).toEqual([]);
  });

  it("the PIN opens, and another does not", "authenticate", async ({ engine, mailbox, pin }) => {
    if (pin === undefined) throw new Error("the fixture of an engine that authenticates needs a pin");
    expect(await engine.authenticate?.(mailbox, pin)).toBe(true);
    expect(await engine.authenticate?.(mailbox, `${pin}9`)).toBe(false);
    expect(await engine.authenticate?.(mailbox, "")).toBe(false);
  });

  it(
    "a watcher is told of what another program does",
    "watch",
    async ({ engine, mailbox, similar, open }) => {
      const other = await open();
      const watching = new AbortController();
      const told = vi.fn();
      await engine.watch?.(mailbox, told, watching.signal);
      const toldAgain = async (change: () => Promise<unknown>) => {
        const before = told.mock.calls.length;
        await change();
        await vi.waitFor(() => expect(told.mock.calls.length).toBeGreaterThan(before), 10_000);
      };
      await toldAgain(() => other.append("INBOX", newMessage(mailbox)));
      const [entry] = await other.find(mailbox, {});
      if (!entry) throw new Error("unreachable");
      await toldAgain(() => other.setFlags(entry.ref, { heard: true }));
      await toldAgain(() => other.move(entry.ref, "Trash"));

      // Nothing after the end: a change in another watched mailbox proves that events had time to come.
      watching.abort();
      const calls = told.mock.calls.length;
      const marker = vi.fn();
      const last = new AbortController();
      await engine.watch?.(similar, marker, last.signal);
      await other.append("INBOX", newMessage(mailbox));
      await other.append("INBOX", newMessage(similar));
      await vi.waitFor(() => expect(marker).toHaveBeenCalled(), 10_000);
      last.abort();
      expect(told.mock.calls.length).toBe(calls);
    },
  );

  it("tells the room that is left", "quota", async ({ engine, mailbox }) => {
    const quota = await engine.quota?.(mailbox);
    if (quota === undefined) return;
    expect(quota.limitBytes).toBeGreaterThan(0);
    await engine.append("INBOX", newMessage(mailbox, { audio: [sound(Buffer.alloc(50_000))] }));
    expect((await engine.quota?.(mailbox))?.usedBytes).toBeGreaterThan(quota.usedBytes);
  });
}

async function textOf(
  engine: Engine,
  mailbox: World["mailbox"],
  kind: (typeof GREETINGS)[number],
): Promise<string | undefined> {
  const part = await engine.readGreeting?.(mailbox, kind);
  return part && (await bytesOf(part.stream)).toString();
}
