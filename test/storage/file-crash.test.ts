import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { expectWhole, killWriters, starveWriter } from "./crash.ts";
import { recordingLog } from "./samples.ts";

const ROUNDS = 12;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "voxpost-crash-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test(`a program killed in the middle, ${ROUNDS} times: what it acknowledged is there whole, nothing is there by half`, async () => {
  const acknowledged = await killWriters({ engine: "file", path: root }, ROUNDS);
  const { log, warnings } = recordingLog();
  const engine = new FileEngine({ root, log });
  await engine.open();
  await expectWhole(engine, acknowledged, ROUNDS);
  expect(warnings).toEqual([]);
}, 120_000);

test("a disk that is full says so, takes nothing by half, and loses nothing that it has", async (context) => {
  const tree = { engine: "file", path: root };
  const lines = await starveWriter(context, {
    folder: root,
    megabytes: 1,
    tree,
    look: 'ls "$1/default/1001/tmp"',
  });
  // Greeting and two parts of 100 kB each: a megabyte takes a few, and no more.
  const stored = lines.filter((line) => line.startsWith("stored"));
  const rest = lines.slice(stored.length);
  expect(stored.length).toBeGreaterThan(1);
  expect(rest.length).toBeGreaterThan(0);
  // Nothing else: after the last line of the writer, `ls` of tmp printed nothing.
  expect(new Set(rest)).toEqual(new Set(["failed STORE_FULL"]));
});
