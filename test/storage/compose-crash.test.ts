import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Engine } from "../../src/storage/engine.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { expectWhole, killWriters } from "./crash.ts";
import { recordingLog } from "./samples.ts";

const ROUNDS = process.env.VOXPOST_TEST_ALL ? 12 : 1;
const mailbox = { mailbox: "1001", context: "default" };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "voxpost-compose-crash-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const file = (name: string) => ({ engine: "file", path: join(root, name) });

async function open(tree: unknown): Promise<Engine> {
  const engine = createEngine(tree, { folder: root, log: recordingLog().log });
  await engine.open();
  return engine;
}

test(`programs killed while they move messages between two engines, ${ROUNDS} times`, async () => {
  const tree = {
    engine: "route",
    engines: { a: file("a"), b: { ...file("b"), compress: "gzip" } },
    default: "a",
    rules: [{ folder: "Work", to: "b" }],
    notes: join(root, "notes"),
  };
  const acknowledged = await killWriters(tree, ROUNDS);
  await expectWhole(await open(tree), acknowledged, ROUNDS);
}, 120_000);

test(`programs killed while they write to a mirror, ${ROUNDS} times`, async () => {
  const tree = { engine: "mirror", primary: file("a"), replicas: [file("b")], notes: join(root, "notes") };
  const acknowledged = await killWriters(tree, ROUNDS);
  const problems: unknown[] = [];
  await (await open(tree)).repair?.(mailbox, (finding) => finding.done || problems.push(finding));
  expect(problems).toEqual([]);
  // Either alone has everything.
  for (const name of ["a", "b"]) await expectWhole(await open(file(name)), acknowledged, ROUNDS);
}, 120_000);
