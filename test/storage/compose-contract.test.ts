import { join } from "node:path";
import { createArchive } from "../../src/storage/compose/archive/engine.ts";
import { createMerge } from "../../src/storage/compose/merge/engine.ts";
import { createOverlay } from "../../src/storage/compose/overlay/engine.ts";
import { createRoute } from "../../src/storage/compose/route/engine.ts";
import { withCompression } from "../../src/storage/layers/compress.ts";
import { Marks } from "../../src/storage/marks.ts";
import { archivesAtOnce, mirrorOf, testComposite } from "./composites.ts";
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

const DAY = 24 * 60 * 60_000;

testComposite(
  "archive, compressed, that archives all the time",
  ({ memory, file, marks }) =>
    archivesAtOnce(
      createArchive({
        live: memory("live"),
        archive: withCompression(file("old"), "gzip"),
        rules: { after: 90 * DAY },
        marks,
        now: () => atMinute(3).getTime() + 90 * DAY,
      }),
    ),
  { runs, sameTime: "any" },
);

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
