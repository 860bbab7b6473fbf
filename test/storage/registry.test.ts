import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { createEngine, engineFaults } from "../../src/storage/registry.ts";
import { recordingLog } from "./samples.ts";

const context = { log: recordingLog().log, folder: tmpdir() };

test("an engine is made from its tree; a relative path begins at the configuration's folder", () => {
  expect(createEngine({ engine: "memory" }, context).name).toBe("memory");
  expect(createEngine({ engine: "file", path: "mail" }, context).name).toBe(`file:${tmpdir()}/mail`);
  expect(createEngine({ engine: "file", path: "/srv/mail" }, context).name).toBe("file:/srv/mail");
});

test.each([
  [undefined, ["storage.engine: choose one of "]],
  [{}, ["storage.engine: choose one of "]],
  [{ engine: "mbox" }, ["storage.engine: choose one of "]],
  [{ engine: "constructor" }, ["storage.engine: choose one of "]],
  [{ engine: "file" }, ["storage.path: "]],
  [
    { engine: "file", path: 7, patch: "x" },
    ["storage.path: ", 'storage: "patch" is not a key of this engine'],
  ],
  [{ engine: "memory", max_bytes: 0 }, ["storage.max_bytes: "]],
])("every fault of %j is told with its path", (tree, beginnings) => {
  const faults = engineFaults(tree);
  expect(faults).toHaveLength(beginnings.length);
  for (const [index, beginning] of beginnings.entries()) expect(faults[index]).toContain(beginning);
  expect(() => createEngine(tree, context)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

test("a tree that is part of another tells its own place", () => {
  expect(engineFaults({ engine: "file" }, "storage.live")[0]).toContain("storage.live.path: ");
});

test("every engine has its page", () => {
  const [, names = ""] = /choose one of (.*) \(/.exec(engineFaults({ engine: "none" })[0] ?? "") ?? [];
  expect(names.split(", ").length).toBeGreaterThan(10);
  for (const name of names.split(", ")) {
    const page = `../../docs/engines/${name}.md`;
    expect(existsSync(new URL(page, import.meta.url)), page).toBe(true);
  }
});
