import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { createEngine, engineFaults } from "../../src/storage/registry.ts";
import { newSite, type Site } from "./composites.ts";
import { newMessage, recordingLog } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };

let site: Site;
beforeEach(async () => {
  site = await newSite();
});
afterEach(() => site.dispose());

/** An archive of a mirror of a file and a memory engine, as an administrator writes it. */
const NESTED = `
engine: archive
after: 90d
live:
  engine: mirror
  primary: { engine: file, path: primary, layers: [{ layer: retry, tries: 2 }, { layer: observe }] }
  replicas: [{ engine: memory }]
archive: { engine: file, path: old, compress: gzip }
`;

test("engines nest as they stand in the configuration, with layers, and keep their notes apart", async () => {
  const operations: string[] = [];
  const context = {
    log: recordingLog().log,
    folder: site.folder,
    observer: ({ operation }: { operation: string }) => operations.push(operation),
  };
  const engine = createEngine(parse(NESTED), context);
  await engine.open();
  const old = newMessage(mailbox, { receivedAt: new Date(Date.now() - 91 * 24 * 60 * 60_000) });
  await engine.append("INBOX", old);
  await engine.append("INBOX", newMessage(mailbox, { receivedAt: new Date() }));
  await engine.tidy?.(mailbox, () => {});
  expect((await engine.list(mailbox, "INBOX", { view: "all", limit: 10 })).total).toBe(2);
  expect(await readdir(join(site.folder, "old/default/1001/INBOX"))).toHaveLength(1);
  expect(await readdir(join(site.folder, "primary/default/1001/INBOX"))).toHaveLength(1);
  expect((await readdir(join(site.folder, "voxpost-data/storage"))).sort()).toEqual([
    "storage",
    "storage.live",
  ]);
  expect(operations).toContain("append");
  await engine.close();
});

test("a mailbox's class, as the program tells it, sends it to an engine of its own", async () => {
  const tree = {
    engine: "route",
    engines: { all: { engine: "memory" }, gold: { engine: "file", path: "gold" } },
    default: "all",
    rules: [{ attributes: { class: "gold" }, to: "gold" }],
  };
  const attributesOf = () => ({ class: "gold" });
  const engine = createEngine(tree, { log: recordingLog().log, folder: site.folder, attributesOf });
  await engine.open();
  await engine.append("INBOX", newMessage(mailbox));
  expect(await readdir(join(site.folder, "gold/default/1001/INBOX"))).toHaveLength(1);
});

const memory = { engine: "memory" };

test.each([
  [
    "the child's path",
    {
      engine: "archive",
      after: "1d",
      live: { engine: "mirror", primary: { engine: "file" }, replicas: [memory] },
      archive: memory,
    },
    ["storage.live.primary.path: "],
  ],
  [
    "everything at once",
    { engine: "mirror", primary: { engine: "imap" }, replicas: [memory, { engine: "mbox" }], wrote: 1 },
    ['storage: "wrote" is not a key', "storage.primary.host: ", "storage.replicas.1.engine: choose"],
  ],
  ["children that are missing", { engine: "overlay", upper: memory }, ["storage.lower: "]],
  [
    "children that are no trees",
    { engine: "merge", engines: [7] },
    ["storage.engines.0: ", "storage.engines.0.engine: "],
  ],
  [
    "a quorum that cannot be",
    { engine: "mirror", primary: memory, replicas: [memory], write: 3 },
    ["storage.write: there are 2"],
  ],
  ["an archive for nothing", { engine: "archive", live: memory, archive: memory }, ["storage: say after"]],
  [
    "an age without a unit",
    { engine: "archive", after: "90", live: memory, archive: memory },
    ["storage.after: "],
  ],
  [
    "a rule to nowhere",
    { engine: "route", engines: { a: memory }, default: "b", rules: [{ folder: "Inbox", to: "c" }] },
    ["storage.rules.0.folder"],
  ],
  ["no default", { engine: "route", engines: { a: memory } }, ["storage.default: "]],
  [
    "a name that is no engine",
    { engine: "route", engines: { a: memory }, default: "b" },
    ['storage.default: "b" is none of engines: a'],
  ],
  [
    "a folder on an engine that is not",
    { engine: "merge", engines: [memory], place: "by-folder", folders: { Work: 1 } },
    ["storage.folders.Work: there is no engine 1"],
  ],
  ["an unknown layer", { engine: "memory", layers: [{ layer: "cache" }] }, ["storage.layers.0.layer: "]],
  [
    "a layer's option",
    { engine: "memory", layers: [{ layer: "retry", tries: 1 }] },
    ["storage.layers.0.tries: "],
  ],
])("faults: %s", (_what, tree, beginnings) => {
  const faults = engineFaults(tree);
  for (const beginning of beginnings) expect(faults.join("\n")).toContain(beginning);
  expect(() => createEngine(tree, { log: recordingLog().log, folder: "/" })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});

test("zstd is taken where this Node has it, and refused with a remedy where it has not", () => {
  const faults = engineFaults({
    engine: "archive",
    after: "1d",
    live: memory,
    archive: memory,
    compress: "zstd",
  });
  const has = "createZstdCompress" in zlib;
  expect(faults).toEqual(has ? [] : ["storage.compress: zstd needs Node 22.15; use gzip"]);
});
