import { expect } from "vitest";
import type { Engine } from "../../../src/storage/engine.ts";
import type { Suite, World } from "../contract.ts";
import { newMessage, sound, stalled } from "../samples.ts";

const ALL = { view: "all", limit: 100 } as const;
const ABORTED = { code: "ABORTED" };

export function signalCases({ it }: Suite): void {
  it("answers a health check", async ({ engine }) => {
    await expect(engine.check()).resolves.toBeUndefined();
  });

  it("does nothing under a signal that has fired", async ({ engine, mailbox }) => {
    const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
    const fired = AbortSignal.abort();
    for (const [name, call] of Object.entries(callsOf(engine, mailbox, ref, fired))) {
      await expect(call(), name).rejects.toMatchObject(ABORTED);
    }
    const { entries } = await engine.list(mailbox, "INBOX", ALL);
    expect(entries.map((entry) => entry.envelope)).toEqual([envelope]);
  });

  it("an append that is cancelled half way leaves nothing in sight", async ({ engine, mailbox }) => {
    const { source, started } = stalled();
    const controller = new AbortController();
    const appending = engine.append("INBOX", newMessage(mailbox, { audio: [source] }), controller.signal);
    await started;
    controller.abort();
    await expect(within(appending)).rejects.toMatchObject(ABORTED);
    expect(await engine.list(mailbox, "INBOX", ALL)).toEqual({ entries: [], total: 0 });
  });

  it("an append whose source fails keeps the source's error and leaves nothing in sight", async (world) => {
    const { engine, mailbox } = world;
    const fault = new Error("the recording is gone");
    const broken = { ...sound(""), open: () => Promise.reject(fault) };
    const message = newMessage(mailbox, { audio: [sound("first part"), broken] });
    await expect(engine.append("INBOX", message)).rejects.toBe(fault);
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(0);
    await engine.append("INBOX", { ...message, audio: [sound("second try")] });
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(1);
  });

  it("closing ends what is running", async ({ engine, mailbox, open }) => {
    const { source, started } = stalled();
    const appending = engine.append("INBOX", newMessage(mailbox, { audio: [source] }));
    const ended = expect(within(appending)).rejects.toMatchObject(ABORTED);
    await started;
    await engine.close();
    await ended;
    expect((await (await open()).list(mailbox, "INBOX", ALL)).total).toBe(0);
  });
}

/** Fails with a hint before the test's own time is up: an engine that waits for a source for ever says nothing of itself. */
function within<T>(appending: Promise<T>): Promise<T> {
  const hint = "append did not end with its signal, or with close: is the source read through cutOnAbort?";
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(hint)), 20_000);
  });
  return Promise.race([appending, late]).finally(() => clearTimeout(timer));
}

function callsOf(
  engine: Engine,
  mailbox: World["mailbox"],
  ref: Parameters<Engine["read"]>[0],
  signal: AbortSignal,
): Record<string, () => Promise<unknown>> {
  return {
    check: () => engine.check(signal),
    count: () => engine.count(mailbox, "INBOX", signal),
    list: () => engine.list(mailbox, "INBOX", ALL, signal),
    find: () => engine.find(mailbox, {}, signal),
    read: () => engine.read(ref, signal),
    append: () => engine.append("INBOX", newMessage(mailbox), signal),
    setFlags: () => engine.setFlags(ref, { heard: true }, signal),
    move: () => engine.move(ref, "Work", signal),
    remove: () => engine.remove(ref, signal),
  };
}
