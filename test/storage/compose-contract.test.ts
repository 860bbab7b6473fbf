import { join } from "node:path";
import { createArchive } from "../../src/storage/compose/archive/engine.ts";
import { createMerge } from "../../src/storage/compose/merge/engine.ts";
import { createOverlay } from "../../src/storage/compose/overlay/engine.ts";
import { createRoute } from "../../src/storage/compose/route/engine.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { withCompression } from "../../src/storage/layers/compress.ts";
import { same } from "../../src/storage/layers/layer.ts";
import { Marks } from "../../src/storage/marks.ts";
import { mirrorOf, type Site, testComposite } from "./composites.ts";
import { atMinute, recordingLog } from "./samples.ts";

const runs = process.env.VOXPOST_TEST_ALL ? 60 : 5;

testComposite(
  "merge by hash, over memory and file",
  ({ memory, file, marks }) =>
    createMerge({ engines: [memory("a"), file("b")], place: "hash", folders: {}, marks }),
  { runs, sameTime: "any" },
);

testComposite(
  "merge by folder, over memory and file",
  ({ memory, file, marks }) =>
    createMerge({
      engines: [memory("a"), file("b")],
      place: "by-folder",
      folders: { Work: 1, Trash: 1 },
      marks,
    }),
  { runs, sameTime: "any" },
);

testComposite(
  "route: folders on memory and file",
  ({ memory, file, marks }) =>
    createRoute({
      engines: new Map([
        ["memory", memory("a")],
        ["file", file("b")],
      ]),
      default: "memory",
      rules: [{ folder: ["Work", "Trash"], to: "file" }],
      attributesOf: () => ({}),
      marks,
    }),
  { runs },
);

testComposite("archive, compressed, that archives all the time", (site) => archivesAtOnce(site), {
  runs,
  sameTime: "any",
});

testComposite(
  "overlay on something to read",
  ({ memory, file, marks }) => createOverlay({ upper: memory("a"), lower: [file("b")], marks }),
  { runs, sameTime: "any" },
);

testComposite(
  "mirror of memory and two folders",
  ({ memory, file, marks }) => mirrorOf([memory("a"), file("b"), file("c")], marks, "all"),
  { runs },
);

testComposite(
  "archive of a mirror of file and memory",
  ({ memory, file, marks, folder }) =>
    createArchive({
      live: mirrorOf([file("a"), memory("b")], new Marks(join(folder, "mirror"), recordingLog().log), 2),
      archive: file("old"),
      rules: { after: 1 },
      marks,
    }),
  { runs, sameTime: "any" },
);

/** Whatever is stored or moved is archived at once when it is old: what the contract sees is always in both engines. */
function archivesAtOnce({ memory, file, marks }: Site): Engine {
  const day = 24 * 60 * 60_000;
  const archive = createArchive({
    live: memory("live"),
    archive: withCompression(file("old"), "gzip"),
    rules: { after: 90 * day },
    marks,
    now: () => atMinute(3).getTime() + 90 * day,
  });
  const tidied = async (id: string, mailbox: Parameters<Engine["find"]>[0], signal?: AbortSignal) => {
    await archive.tidy?.(mailbox, () => {}, signal);
    const [entry] = await archive.find(mailbox, { id }, signal);
    if (!entry) throw new Error("archiving lost a message");
    return entry;
  };
  return {
    ...same(archive),
    async append(folder, message, signal) {
      await archive.append(folder, message, signal);
      return tidied(message.id, message.mailbox, signal);
    },
    async move(ref, to, signal) {
      const moved = await archive.move(ref, to, signal);
      const [, id = ""] = moved.key.split(".");
      return (await tidied(id, ref.mailbox, signal)).ref;
    },
  };
}
