import { once } from "node:events";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { withFlags } from "../../src/storage/layers/flags.ts";
import { same } from "../../src/storage/layers/layer.ts";
import { type Observation, withObserve } from "../../src/storage/layers/observe.ts";
import { withRetry } from "../../src/storage/layers/retry.ts";
import { withTimeout } from "../../src/storage/layers/timeout.ts";
import { newSite, testComposite } from "./composites.ts";
import { faulty } from "./faulty.ts";
import { bytesOf, newMessage, sound } from "./samples.ts";

const runs = process.env.VOXPOST_TEST_ALL ? 60 : 5;
const mailbox = { mailbox: "1001", context: "default" };

testComposite(
  "flags, beside an engine that keeps none",
  ({ memory, marks }) => withFlags(flagless(memory("a")), marks),
  { runs },
);

testComposite("retry", ({ memory }) => withRetry(memory("a")), { runs });

testComposite("observe", ({ file }) => withObserve(file("a"), () => {}), { runs });

/** Says yes to every flag and forgets it. */
function flagless(engine: Engine): Engine {
  return {
    ...same(engine),
    append: (folder, message, signal) =>
      engine.append(folder, { ...message, heard: false, urgent: false }, signal),
    setFlags: (ref, _change, signal) => engine.setFlags(ref, {}, signal),
  };
}

test("flags are there after a restart, and go with their message", async () => {
  const site = await newSite();
  const first = withFlags(flagless(site.memory("a")), site.marks);
  const { ref, envelope } = await first.append("INBOX", newMessage(mailbox, { urgent: true }));
  await first.setFlags(ref, { heard: true });
  const again = withFlags(flagless(site.memory("a")), site.marks);
  const [entry] = await again.find(mailbox, { heard: true });
  expect(entry?.envelope).toMatchObject({ id: envelope.id, heard: true, urgent: true });
  expect(await again.find(mailbox, { heard: false })).toEqual([]);
  await again.remove(ref);
  expect((await site.marks.all(mailbox)).size).toBe(0);
  await site.dispose();
});

const unreachable = () => new VoxpostError("STORE_UNREACHABLE", "the line is cut");

test("what fails for a moment is tried again, with pauses that grow and are never the same", async () => {
  const { memory } = await newSite();
  const waits: number[] = [];
  const { engine, plan } = faulty(memory("a"));
  const retrying = withRetry(engine, {
    tries: 4,
    firstMs: 100,
    longestMs: 300,
    random: () => 0.5,
    wait: async (ms) => waits.push(ms),
  });
  plan({ on: "count", times: 3, error: unreachable() });
  expect(await retrying.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
  expect(waits).toEqual([50, 100, 150]);
  plan({ on: "count", times: 4, error: unreachable() });
  await expect(retrying.count(mailbox, "INBOX")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
});

test.each([
  ["STORE_FULL", "count"],
  ["STORE_REFUSED", "count"],
  ["MESSAGE_UNKNOWN", "read"],
  ["STORE_UNREACHABLE", "move"],
  ["STORE_TIMEOUT", "append"],
] as const)("%s of %s is not tried again", async (code, on) => {
  const { memory } = await newSite();
  const { engine, plan, calls } = faulty(memory("a"));
  const retrying = withRetry(engine, { wait: async () => {} });
  const { ref } = await retrying.append("INBOX", newMessage(mailbox));
  calls.length = 0;
  plan({ on, times: 1, error: new VoxpostError(code, "no") });
  const attempts = {
    count: () => retrying.count(mailbox, "INBOX"),
    read: () => retrying.read(ref),
    move: () => retrying.move(ref, "Work"),
    append: () => retrying.append("INBOX", newMessage(mailbox)),
  };
  await expect(attempts[on]()).rejects.toMatchObject({ code });
  expect(calls).toEqual([on]);
});

test("an append whose answer was lost is looked for before it is repeated", async () => {
  const { memory } = await newSite();
  const { engine, plan, calls } = faulty(memory("a"));
  const retrying = withRetry(engine, { wait: async () => {} });
  plan({ on: "append", times: 1, error: unreachable(), after: true });
  const message = newMessage(mailbox);
  const entry = await retrying.append("INBOX", message);
  expect(entry.envelope.id).toBe(message.id);
  plan({ on: "append", times: 1, error: unreachable() });
  await retrying.append("INBOX", newMessage(mailbox));
  expect(calls).toEqual(["append", "find", "append", "find", "append"]);
  expect((await engine.count(mailbox, "INBOX")).new).toBe(2);
});

test("closing ends a pause", async () => {
  const { memory } = await newSite();
  const { engine, plan } = faulty(memory("a"));
  const retrying = withRetry(engine, { firstMs: 1e6, longestMs: 1e6, random: () => 1 });
  plan({ on: "count", times: 1, error: unreachable() });
  const counting = expect(retrying.count(mailbox, "INBOX")).rejects.toMatchObject({ code: "ABORTED" });
  await new Promise((resolve) => setImmediate(resolve));
  await retrying.close();
  await counting;
});

test("an observer is told of operation, duration, fault and bytes; without one nothing is in the way", async () => {
  const { memory } = await newSite();
  const inner = memory("a");
  expect(withObserve(inner, undefined)).toBe(inner);

  const seen: Observation[] = [];
  const engine = withObserve(inner, (observation) => seen.push(observation));
  const audio = [sound("12345"), sound("678", { kind: "comment" })];
  const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio }));
  const parts = await engine.read(ref);
  expect(seen.map(({ operation }) => operation)).toEqual(["append"]);
  for (const { stream } of parts) await bytesOf(stream);
  await engine.writeGreeting?.(mailbox, "busy", sound("1234"));
  const greeting = await engine.readGreeting?.(mailbox, "busy");
  greeting?.stream.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  await expect(engine.move({ ...ref, key: "x" }, "Work")).rejects.toThrow();
  const broken = { ...sound(""), open: async () => Readable.from(failing()) };
  await expect(engine.append("INBOX", newMessage(mailbox, { audio: [broken] }))).rejects.toThrow("gone");
  expect(seen.every(({ ms, engine: name }) => ms >= 0 && name === "memory")).toBe(true);
  expect(seen.map(({ operation, code, bytes }) => ({ operation, code, bytes }))).toEqual([
    { operation: "append", code: undefined, bytes: 8 },
    { operation: "read", code: undefined, bytes: 8 },
    { operation: "writeGreeting", code: undefined, bytes: 4 },
    { operation: "readGreeting", code: undefined, bytes: 0 },
    { operation: "move", code: "MESSAGE_UNKNOWN", bytes: undefined },
    { operation: "append", code: "INTERNAL", bytes: undefined },
  ]);
});

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.from("x");
  throw new Error("gone");
}

test("audio that was opened for somebody who waits no more is closed", async () => {
  const { memory } = await newSite();
  const inner = memory("a");
  const { ref } = await inner.append("INBOX", newMessage(mailbox));
  const opened = [Readable.from(["late"]), Readable.from(["late"])];
  let answer = () => {};
  const opening = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const slow: Engine = {
    ...same(inner),
    read: async (which, signal) => {
      const [part] = await inner.read(which, signal);
      await opening;
      if (!part) throw new Error("no part");
      return opened.map((stream) => ({ ...part, stream }));
    },
  };
  const caller = new AbortController();
  const reading = withTimeout(slow).read(ref, caller.signal);
  caller.abort();
  await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
  answer();
  await Promise.all(opened.map((stream) => once(stream, "close")));
  expect(opened.every(({ destroyed }) => destroyed)).toBe(true);
});
