import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, type TestContext } from "vitest";
import { FOLDERS } from "../../src/model/folder.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { bytesOf } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };
const WRITER = fileURLToPath(new URL("writer.ts", import.meta.url));
/** Comment and voice, large enough that many a kill comes in the middle of one. */
const BYTES = 300_000;

type Tree = Readonly<Record<string, unknown>>;

/** What a writer that was killed again and again said it had stored: message id → what its audio is filled with. */
export async function killWriters(tree: Tree, rounds: number): Promise<Map<string, number>> {
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const writer = spawn(process.execPath, ["--import", "tsx", WRITER, "100000", String(BYTES)], {
      stdio: ["ignore", "pipe", "inherit"],
      env: withTree(tree),
    });
    // A few messages first, then a moment that differs: the clock's own noise within a few milliseconds.
    let left = 2 + (round % 4);
    for await (const line of linesOf(writer)) {
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
  return acknowledged;
}

/** What was acknowledged is there whole, and nothing is there by half. */
export async function expectWhole(
  engine: Engine,
  acknowledged: ReadonlyMap<string, number>,
  rounds: number,
): Promise<void> {
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
  expect(acknowledged.size).toBeGreaterThanOrEqual(rounds * 2);
  // A kill can store one message more than it let the program say, but no two.
  expect(whole.size - acknowledged.size).toBeLessThanOrEqual(rounds);
  const greeting = await engine.readGreeting?.(mailbox, "busy");
  expect(greeting && (await bytesOf(greeting.stream)).length).toBe(BYTES);
}

/**
 * Writes eight messages (a greeting and two parts of 100 kB each) to a disk of so many megabytes, mounted at `folder`,
 * and then runs `look`, a shell command that has the folder as `$1`. Resolves to the lines of both.
 */
export async function starveWriter(
  context: TestContext,
  disk: { folder: string; megabytes: number; tree: Tree; look: string },
): Promise<string[]> {
  const { folder, megabytes, tree, look } = disk;
  const inner = `mount -t tmpfs -o size=${megabytes}m tmpfs "$1" && "$2" --import tsx "$3" 8 100000 && ${look}`;
  const starved = spawn("unshare", ["-m", "sh", "-c", inner, "sh", folder, process.execPath, WRITER], {
    stdio: ["ignore", "pipe", "pipe"],
    env: withTree(tree),
  });
  let refused = "";
  starved.stderr?.on("data", (text) => {
    refused += text;
  });
  const failure = once(starved, "error").then(([error]) => String(error));
  const lines: string[] = [];
  for await (const line of linesOf(starved)) lines.push(line);
  if (lines.length === 0) context.skip(`a small disk needs root: ${refused || (await failure)}`);
  return lines;
}

function withTree(tree: Tree): NodeJS.ProcessEnv {
  return { ...process.env, VOXPOST_TREE: JSON.stringify(tree) };
}

async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of child.stdout ?? []) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
