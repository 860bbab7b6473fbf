import { Readable } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { AudioSource } from "../../src/model/message.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { line } from "./http-peers.ts";
import { BOX, openHttp, type Served, serve } from "./http-server.ts";
import { bytesOf, newMessage, sound } from "./samples.ts";

/** Engine and server, with a line between them that is cut in the middle of everything. */

const ALL = { view: "all", limit: 100 } as const;
const ref = { mailbox: BOX, folder: "INBOX", key: "k1" } as const;
const ends: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function closing<T extends { close(): Promise<unknown> }>(closable: T): T {
  ends.push(() => closable.close());
  return closable;
}

describe("a connection that is cut in the middle", () => {
  const GONE = { code: "STORE_UNREACHABLE", retryable: true };
  const big = Buffer.alloc(300_000, "voice");

  async function cutLine(): Promise<{
    served: Served;
    engine: Engine;
    wire: Awaited<ReturnType<typeof line>>;
  }> {
    const served = await serve();
    ends.push(served.dispose);
    const wire = closing(await line(served.url));
    return { served, wire, engine: closing(await openHttp(wire.url)) };
  }

  const calls: Record<string, (engine: Engine) => Promise<unknown>> = {
    check: (engine) => engine.check(),
    count: (engine) => engine.count(BOX, "INBOX"),
    list: (engine) => engine.list(BOX, "INBOX", ALL),
    find: (engine) => engine.find(BOX, {}),
    read: (engine) => engine.read(ref),
    readText: async (engine) => engine.readText?.(ref),
    append: (engine) => engine.append("INBOX", newMessage(BOX, { audio: [sound(big)] })),
    setFlags: (engine) => engine.setFlags(ref, { heard: true }),
    move: (engine) => engine.move(ref, "Work"),
    remove: (engine) => engine.remove(ref),
    readGreeting: async (engine) => engine.readGreeting?.(BOX, "busy"),
    writeGreeting: async (engine) => engine.writeGreeting?.(BOX, "busy", sound(big)),
    removeGreeting: async (engine) => engine.removeGreeting?.(BOX, "busy"),
    quota: async (engine) => engine.quota?.(BOX),
    watch: async (engine) => engine.watch?.(BOX, () => {}, new AbortController().signal),
  };
  for (const [name, call] of Object.entries(calls)) {
    for (const where of [{ up: 30 }, { up: 150 }, { down: 0 }, { down: 20 }]) {
      test(`${name}, ${JSON.stringify(where)}`, async () => {
        const { served, engine, wire } = await cutLine();
        wire.cut();
        wire.cutAt(where);
        await expect(call(engine)).rejects.toMatchObject(GONE);
        wire.cutAt({});
        expect(await served.inner.find(BOX, {})).toEqual([]);
        expect(await engine.count(BOX, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
        // When only the answer was lost, the greeting is there, and whole.
        const greeting = await served.inner.readGreeting?.(BOX, "busy");
        expect([undefined, big.length]).toContain(greeting?.size);
      });
    }
  }

  test("a connection that the server closed while it rested is only made again", async () => {
    const { engine, wire } = await cutLine();
    for (let round = 0; round < 3; round++) {
      await engine.append("INBOX", newMessage(BOX));
      wire.cut();
    }
    expect((await engine.list(BOX, "INBOX", ALL)).total).toBe(3);
  });

  test("a message whose acknowledgement was lost is stored once, and known to be", async () => {
    const { served, engine, wire } = await cutLine();
    const message = newMessage(BOX);
    const inner = served.inner.append.bind(served.inner);
    served.inner.append = async (...args) => {
      const entry = await inner(...args);
      wire.cut();
      return entry;
    };
    const { envelope } = await engine.append("INBOX", message);
    expect(envelope.id).toBe(message.id);
    expect(await served.inner.find(BOX, {})).toHaveLength(1);
  });

  test("audio that is cut half way is never taken for the whole", async () => {
    const { engine, wire } = await cutLine();
    const { ref: stored } = await engine.append("INBOX", newMessage(BOX, { audio: [sound(big)] }));
    wire.cut();
    wire.cutAt({ down: 100_000 });
    const [part] = await engine.read(stored);
    if (!part) throw new Error("unreachable");
    await expect(bytesOf(part.stream)).rejects.toMatchObject(GONE);
  });

  test("audio that is too long for the server is refused for good, and not sent again", async () => {
    const served = await serve(undefined, { limits: { audioBytes: 1_000_000 } });
    ends.push(served.dispose);
    const engine = closing(await openHttp(served.url));
    let opened = 0;
    const long = sound("");
    const open = async () => {
      opened++;
      return Readable.from(
        (function* () {
          for (let chunk = 0; chunk < 500; chunk++) yield Buffer.alloc(65_536);
        })(),
        { objectMode: false },
      );
    };
    const appending = engine.append("INBOX", newMessage(BOX, { audio: [{ ...long, open }] }));
    await expect(appending).rejects.toMatchObject({ code: "STORE_REFUSED", retryable: false });
    expect(opened).toBe(1);
  });

  test("a source that fails on its way keeps its error and is not asked again", async () => {
    const { served, engine } = await cutLine();
    const fault = new Error("the recording is gone");
    let opened = 0;
    const source: AudioSource = {
      ...sound(""),
      open: async () => {
        opened++;
        const broken = async function* () {
          yield Buffer.from("RIFF");
          throw fault;
        };
        return Readable.from(broken(), { objectMode: false });
      },
    };
    await expect(engine.append("INBOX", newMessage(BOX, { audio: [source] }))).rejects.toBe(fault);
    expect(opened).toBe(1);
    expect(await served.inner.find(BOX, {})).toEqual([]);
  });

  test("watching goes on by itself, and takes a lost connection for a change", async () => {
    const { served, engine, wire } = await cutLine();
    const leaving = new AbortController();
    const changed = vi.fn();
    await engine.watch?.(BOX, changed, leaving.signal);
    wire.cut();
    await vi.waitFor(() => expect(changed).toHaveBeenCalled(), 5_000);
    // Once after the loss, once when it watches again: then a change is told at once.
    await vi.waitFor(() => expect(changed.mock.calls.length).toBeGreaterThanOrEqual(2), 5_000);
    const before = changed.mock.calls.length;
    await served.inner.append("INBOX", newMessage(BOX));
    await vi.waitFor(() => expect(changed.mock.calls.length).toBeGreaterThan(before), 5_000);
    leaving.abort();
    await vi.waitFor(() => expect(wire.open).toBe(0), 10_000);
  });
});
