import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import { FOLDERS, type Folder } from "../../src/model/folder.ts";
import { createArchive } from "../../src/storage/compose/archive/engine.ts";
import { createMerge } from "../../src/storage/compose/merge/engine.ts";
import { createOverlay } from "../../src/storage/compose/overlay/engine.ts";
import type { Engine, Entry } from "../../src/storage/engine.ts";
import { withCompression } from "../../src/storage/layers/compress.ts";
import { same } from "../../src/storage/layers/layer.ts";
import { mirrorOf, newSite, routeByFolder, type Site } from "./composites.ts";
import { type Faulty, faulty } from "./faulty.ts";
import { atMinute, bytesOf, newMessage, sound } from "./samples.ts";

/**
 * Random operations while the engines inside fail, lose answers and die at random moments, and the program is killed and
 * started again. Afterwards every engine is back and the upkeep runs: nothing is lost, nothing is there twice, nothing
 * that was removed is back, and until then no error was met that is not of the closed list.
 */

const mailbox = { mailbox: "1001", context: "default" };
const PLACES = ["INBOX", "Work", "Trash"] as const satisfies Folder[];
const runs = process.env.VOXPOST_TEST_ALL ? 300 : 25;

interface World {
  readonly engine: Engine;
  readonly children: readonly Faulty[];
  /** Where every second message is, before anybody looks: an engine below, that is only read. */
  readonly below?: Engine;
}

const COMPOSITES: Readonly<Record<string, (site: Site) => World>> = {
  "route by folder": ({ memory, marks }) =>
    withChildren([memory("a"), memory("b")], ([a, b]) => routeByFolder(a, b, marks)),
  "merge by folder": ({ memory, marks }) =>
    withChildren([memory("a"), memory("b")], (engines) =>
      createMerge({ engines, place: "by-folder", folders: { Work: 1 }, marks }),
    ),
  "archive that archives at every chance": ({ memory, marks }) =>
    withChildren([memory("a"), memory("b")], ([live, archive]) =>
      createArchive({
        live,
        archive: withCompression(archive, "gzip"),
        rules: { after: 1, overMessages: 2 },
        marks,
        now: () => atMinute(3).getTime(),
      }),
    ),
  overlay: ({ memory, marks }) => ({
    ...withChildren([memory("a"), memory("b")], ([upper, lower]) =>
      createOverlay({ upper, lower: [readOnly(lower)], marks }),
    ),
    below: memory("b"),
  }),
  "mirror that needs all": ({ memory, marks }) =>
    withChildren([memory("a"), memory("b")], (engines) => mirrorOf(engines, marks, "all")),
  "mirror that needs one of three": ({ memory, marks }) =>
    withChildren([memory("a"), memory("b"), memory("c")], (engines) => mirrorOf(engines, marks, 1)),
};

/** A test that writes below would not be noticed otherwise. */
function readOnly(engine: Engine): Engine {
  const refuse = () => Promise.reject(new Error("this engine is only read"));
  return { ...same(engine), append: refuse, setFlags: refuse, move: refuse, remove: refuse };
}

function withChildren(
  inner: readonly [Engine, Engine, ...Engine[]],
  create: (engines: readonly [Engine, Engine, ...Engine[]]) => Engine,
): World {
  const children = inner.map((engine) => faulty(engine));
  const [first, second, ...more] = children;
  if (!first || !second) throw new Error("unreachable");
  const engine = create([first.engine, second.engine, ...more.map((child) => child.engine)]);
  return { engine, children };
}

const which = fc.nat({ max: 7 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      minute: fc.nat({ max: 5 }),
      folder: fc.constantFrom(...PLACES),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("move" as const), which, folder: fc.constantFrom(...PLACES) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("hear" as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("look" as const), folder: fc.constantFrom(...PLACES) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("tidy" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("fault" as const),
      child: fc.nat({ max: 2 }),
      skip: fc.nat({ max: 3 }),
      on: fc.constantFrom(undefined, undefined, ...(["remove", "append", "move", "setFlags"] as const)),
      after: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const), child: fc.nat({ max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("revive" as const), child: fc.nat({ max: 2 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a message may be by now: an operation that failed may have been done or not. */
interface Known {
  readonly id: string;
  readonly folders: Set<Folder>;
  heard: Set<boolean>;
  mayBeGone: boolean;
  mustBeGone: boolean;
  stored: boolean;
}

describe.each(Object.entries(COMPOSITES))("%s", (_name, create) => {
  test("whatever goes wrong, nothing is lost, doubled or back again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 24 }), async (steps) => {
        const site = await newSite();
        try {
          await play(site, create, steps);
        } finally {
          await site.dispose();
        }
      }),
      { numRuns: runs },
    );
  }, 180_000);
});

async function play(site: Site, create: (site: Site) => World, steps: readonly Step[]): Promise<void> {
  let world = create(site);
  const known: Known[] = [];
  for (const each of steps) world = await perform(site, create, world, known, each);

  for (const child of world.children) child.revive();
  world = create(site);
  const problems: unknown[] = [];
  const report = (finding: { done: boolean }) => finding.done || problems.push(finding);
  await world.engine.repair?.(mailbox, report);
  expect(problems).toEqual([]);
  await compare(world, known);
}

async function perform(
  site: Site,
  create: (site: Site) => World,
  world: World,
  known: Known[],
  each: Step,
): Promise<World> {
  const { engine, children } = world;
  switch (each.do) {
    case "append": {
      const message = newMessage(mailbox, { receivedAt: atMinute(each.minute) });
      const audio = [sound(`the voice of ${message.id}`)];
      const target = each.minute % 2 === 1 ? (world.below ?? engine) : engine;
      const done = await attempt(() => target.append(each.folder, { ...message, audio }));
      const one = {
        folders: new Set([each.folder]),
        heard: new Set([false]),
        mayBeGone: false,
        mustBeGone: false,
      };
      known.push({ id: message.id, ...one, stored: done });
      break;
    }
    case "look":
      await attempt(() => engine.list(mailbox, each.folder, { view: "all", limit: 2 }));
      await attempt(() => engine.count(mailbox, each.folder));
      break;
    case "tidy":
      await engine.tidy?.(mailbox, () => {});
      break;
    case "restart":
      await engine.close();
      return create(site);
    case "fault": {
      const error = new VoxpostError("STORE_UNREACHABLE", "the line was cut");
      const { on, skip, after } = each;
      children[each.child]?.plan({
        times: 1,
        error,
        after,
        ...(on === undefined ? { skip } : { on, skip: skip % 2 }),
      });
      break;
    }
    case "die":
      children[each.child]?.die();
      break;
    case "revive":
      children[each.child]?.revive();
      break;
    default:
      await changeOne(engine, known, each);
  }
  return world;
}

async function changeOne(
  engine: Engine,
  known: readonly Known[],
  each: Extract<Step, { do: "move" | "hear" | "remove" }>,
): Promise<void> {
  const one = known[each.which % Math.max(known.length, 1)];
  if (!one) return;
  const found: Entry[] = [];
  await attempt(async () => found.push(...(await engine.find(mailbox, { id: one.id }))));
  const [entry] = found;
  if (!entry) return;
  if (each.do === "move") {
    if (each.folder === entry.ref.folder) return;
    const done = await attempt(() => engine.move(entry.ref, each.folder));
    if (done) one.folders.clear();
    one.folders.add(each.folder);
  } else if (each.do === "hear") {
    const done = await attempt(() => engine.setFlags(entry.ref, { heard: true }));
    one.heard = new Set(done ? [true] : [true, ...one.heard]);
  } else {
    const done = await attempt(() => engine.remove(entry.ref));
    one.mayBeGone = true;
    one.mustBeGone ||= done;
  }
}

/** True when it was done. False after an error, which is one of the closed list and never a fault of ours. */
async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(VoxpostError);
    expect(["STORE_UNREACHABLE", "MESSAGE_UNKNOWN", "LOCKED"]).toContain((error as VoxpostError).code);
    return false;
  }
}

async function compare({ engine, children, below }: World, known: readonly Known[]): Promise<void> {
  const everywhere: Entry[] = [];
  for (const folder of FOLDERS) {
    const { entries, total } = await engine.list(mailbox, folder, { view: "all", limit: 100 });
    expect(entries).toHaveLength(total);
    everywhere.push(...entries);
  }
  const ids = everywhere.map(({ envelope }) => envelope.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const one of known) {
    const entry = everywhere.find(({ envelope }) => envelope.id === one.id);
    if (one.mustBeGone) expect(entry).toBeUndefined();
    if (one.stored && !one.mayBeGone) expect(entry).toBeDefined();
    if (!entry) continue;
    expect([...one.folders]).toContain(entry.ref.folder);
    expect([...one.heard]).toContain(entry.envelope.heard);
    const [part] = await engine.read(entry.ref);
    expect(part && (await bytesOf(part.stream)).toString()).toBe(`the voice of ${one.id}`);
    if (below) continue;
    for (const child of children) {
      const copies = await child.engine.find(mailbox, { id: one.id });
      expect(copies.length).toBeLessThanOrEqual(1);
    }
  }
}
