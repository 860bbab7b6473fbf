import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FOLDERS } from "../../src/model/folder.ts";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { bytesOf, recordingLog } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };
const WRITER = fileURLToPath(new URL("file-writer.ts", import.meta.url));
const ROUNDS = 12;
/** Comment and voice, large enough that many a kill comes in the middle of one. */
const BYTES = 300_000;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "voxpost-crash-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test(`a program killed in the middle, ${ROUNDS} times: what it acknowledged is there whole, nothing is there by half`, async () => {
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const writer = spawn(process.execPath, ["--import", "tsx", WRITER, root, "100000", String(BYTES)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = linesOf(writer);
    // A few messages first, then a moment that differs: the clock's own noise within a few milliseconds.
    let left = 2 + (round % 4);
    for await (const line of lines) {
      const [verb, id = "", fill = ""] = line.split(" ");
      expect(verb).toBe("stored");
      acknowledged.set(id, Number(fill));
      if (--left > 0) continue;
      const until = performance.now() + Math.random() * 20;
      while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
      writer.kill("SIGKILL");
      left = Number.POSITIVE_INFINITY;
    }
  }

  const { log, warnings } = recordingLog();
  const engine = new FileEngine({ root, log });
  await engine.open();
  const whole = new Set<string>();
  for (const folder of FOLDERS) {
    const { entries, total } = await engine.list(mailbox, folder, { view: "all", limit: 100_000 });
    expect(entries).toHaveLength(total);
    for (const { ref, envelope } of entries) {
      expect(whole.has(envelope.id)).toBe(false);
      const parts = await engine.read(ref);
      const bytes = await Promise.all(parts.map((part) => bytesOf(part.stream)));
      const fill = bytes[0]?.[0] ?? -1;
      expect(parts.map((part) => part.kind)).toEqual(["comment", "voice"]);
      for (const part of bytes) expect(part.equals(Buffer.alloc(BYTES, fill))).toBe(true);
      expect(envelope.caller).toEqual({ number: "5551234", name: "Ann Caller" });
      const said = acknowledged.get(envelope.id);
      if (said !== undefined) expect(fill).toBe(said);
      whole.add(envelope.id);
    }
  }
  expect([...acknowledged.keys()].filter((id) => !whole.has(id))).toEqual([]);
  expect(acknowledged.size).toBeGreaterThanOrEqual(ROUNDS * 2);
  // A kill can store one message more than it let the program say, but no two.
  expect(whole.size - acknowledged.size).toBeLessThanOrEqual(ROUNDS);
  const greeting = await engine.readGreeting(mailbox, "busy");
  expect(greeting && (await bytesOf(greeting.stream)).length).toBe(BYTES);
  expect(warnings).toEqual([]);
}, 120_000);

test("a disk that is full says so, takes nothing by half, and loses nothing that it has", async (context) => {
  const inner = `mount -t tmpfs -o size=1m tmpfs "$1" && "$2" --import tsx "$3" "$1" 8 100000 && ls "$1/default/1001/tmp"`;
  const starved = spawn("unshare", ["-m", "sh", "-c", inner, "sh", root, process.execPath, WRITER], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let refused = "";
  starved.stderr?.on("data", (text) => {
    refused += text;
  });
  const failure = once(starved, "error").then(([error]) => String(error));
  const lines: string[] = [];
  for await (const line of linesOf(starved)) lines.push(line);
  if (lines.length === 0) context.skip(`a small disk needs root: ${refused || (await failure)}`);
  // Greeting and two parts of 100 kB each: a megabyte takes a few, and no more.
  const stored = lines.filter((line) => line.startsWith("stored"));
  const rest = lines.slice(stored.length);
  expect(stored.length).toBeGreaterThan(1);
  expect(rest.length).toBeGreaterThan(0);
  // Nothing else: after the last line of the writer, `ls` of tmp printed nothing.
  expect(new Set(rest)).toEqual(new Set(["failed STORE_FULL"]));
});

async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of child.stdout ?? []) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
