import { EventEmitter, once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import { type ArchiveParts, createArchive } from "../../src/storage/compose/archive/engine.ts";
import { inner } from "../../src/storage/compose/keys.ts";
import { createMerge } from "../../src/storage/compose/merge/engine.ts";
import { createOverlay } from "../../src/storage/compose/overlay/engine.ts";
import { createRoute } from "../../src/storage/compose/route/engine.ts";
import type { Engine, Ref } from "../../src/storage/engine.ts";
import { withCompression } from "../../src/storage/layers/compress.ts";
import { layer, type Operation, same } from "../../src/storage/layers/layer.ts";
import { newSite, routeByFolder, type Site } from "./composites.ts";
import { faulty } from "./faulty.ts";
import { atMinute, bytesOf, idsOf, newMessage, sound } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };
const ALL = { view: "all", limit: 100 } as const;
const cut = new VoxpostError("STORE_UNREACHABLE", "the line was cut");

let site: Site;
beforeEach(async () => {
  site = await newSite();
});
afterEach(() => site.dispose());

async function textOf(engine: Engine, ref: Ref): Promise<string> {
  const [part] = await engine.read(ref);
  return part ? (await bytesOf(part.stream)).toString() : "";
}

test("a message whose move waits to be finished is not moved or removed in one of its two places", async () => {
  const inbox = faulty(site.memory("inbox"));
  const engines = [inbox.engine, site.memory("work")] as const;
  const open = () => createMerge({ engines, place: "by-folder", folders: { Work: 1 }, marks: site.marks });
  const merge = open();
  const { ref } = await merge.append("INBOX", newMessage(mailbox));
  inbox.plan({ on: "remove", times: 2, error: cut });
  await expect(merge.move(ref, "Work")).rejects.toBe(cut);
  // The second fault is that of finishing it.
  await expect(merge.move(ref, "Trash")).rejects.toMatchObject({ code: "LOCKED" });
  await expect(merge.remove(ref)).rejects.toMatchObject({ code: "LOCKED" });
  await open().tidy?.(mailbox, () => {});
  const found = await open().find(mailbox, {});
  expect(found.map((entry) => entry.ref.folder)).toEqual(["Work"]);
});

/** An engine before whose operations of this name something happens. */
function held(engine: Engine, on: Operation, happens: () => Promise<void>): Engine {
  return layer(engine, async (operation, signal, run) => {
    if (operation === on) await happens();
    return run(signal);
  });
}

/** Waits in `pass` until `open` is called; `reached` resolves when somebody waits there. */
function gate() {
  const [reached, passed] = [new EventEmitter(), new EventEmitter()];
  const [someone, opened] = [once(reached, "now"), once(passed, "now")];
  return {
    someone,
    open: () => passed.emit("now"),
    async pass() {
      reached.emit("now");
      await opened;
    },
  };
}

describe("a message that is moved to another engine, and at the same moment moved or removed where it is", () => {
  const create = {
    route: (a: Engine, b: Engine) => routeByFolder(a, b, site.marks),
    merge: (a: Engine, b: Engine) =>
      createMerge({ engines: [a, b], place: "by-folder", folders: { Work: 1 }, marks: site.marks }),
    archive: (a: Engine, b: Engine) =>
      createArchive({ live: a, archive: b, rules: { after: 1 }, marks: site.marks }),
    overlay: (a: Engine, b: Engine) => createOverlay({ upper: b, lower: [a], marks: site.marks }),
  };
  const change = {
    move: (engine: Engine, ref: Ref) => engine.move(ref, "Family"),
    remove: (engine: Engine, ref: Ref) => engine.remove(ref),
  };
  const CASES = [
    ["route", "move", "move"],
    ["route", "remove", "remove"],
    ["merge", "move", "move"],
    ["merge", "remove", "remove"],
    ["archive", "move", "move"],
    ["archive", "remove", "remove"],
    ["overlay", "remove", "find"],
  ] as const;

  async function world(name: keyof typeof create) {
    const [a, b] = [site.memory("a"), site.memory("b")];
    await a.append("INBOX", newMessage(mailbox, { receivedAt: atMinute(-10) }));
    // A mark that is older than a program is nobody's any more; a test opens its programs within the clock's precision.
    vi.spyOn(site.marks, "setAt").mockImplementation(async () => Date.now() + 1_000);
    const [entry] = await create[name](a, b).find(mailbox, {});
    if (!entry) throw new Error("unreachable");
    const { ref } = entry;
    const away = async (engine: Engine) => {
      if (name === "archive") await engine.tidy?.(mailbox, () => {});
      else await engine.move(ref, "Work");
    };
    const folders = async () => (await create[name](a, b).find(mailbox, {})).map((each) => each.ref.folder);
    return { a, b, ref, away, folders, open: create[name] };
  }

  test.each(CASES)(
    "%s: the %s that another program has begun is done, and is all that is done",
    async (name, what, on) => {
      const { a, b, ref, away, folders, open } = await world(name);
      const begun = gate();
      const changing = change[what](open(held(a, on, begun.pass), b), ref);
      await begun.someone;
      // Were the other to copy the message now, it would be changed in the last moment.
      const last = async () => {
        begun.open();
        await changing;
      };
      const moving = away(open(held(a, "remove", last), b));
      // What archives leaves it for the next time; an owner is told.
      if (name === "archive") await moving;
      else await expect(moving).rejects.toMatchObject({ code: "LOCKED" });
      await last();
      expect(await folders()).toEqual(what === "move" ? ["Family"] : []);
    },
  );

  test.each(CASES)("%s: the %s is refused once the other move has begun", async (name, what) => {
    const { a, b, ref, away, folders, open } = await world(name);
    const begun = gate();
    const engine = open(a, held(b, "append", begun.pass));
    const moving = away(engine);
    await begun.someone;
    for (const program of [engine, open(a, b)])
      await expect(change[what](program, ref)).rejects.toMatchObject({ code: "LOCKED" });
    begun.open();
    await moving;
    expect(await folders()).toEqual([name === "archive" ? "INBOX" : "Work"]);
  });

  test("what a program has left that was killed meanwhile is taken away after half a minute", async () => {
    const { a, b, ref, folders, open } = await world("route");
    const program = open(a, b);
    const heldAt = Date.now() + 1_000;
    vi.spyOn(site.marks, "setAt").mockResolvedValue(heldAt);
    await site.marks.hold(mailbox, inner(ref, 2).id, "moving");
    onTestFinished(() => void vi.useRealTimers());
    vi.useFakeTimers({ toFake: ["Date"], now: heldAt + 20_000 });
    await expect(program.remove(ref)).rejects.toMatchObject({ code: "LOCKED" });
    vi.setSystemTime(heldAt + 35_000);
    await program.remove(ref);
    expect(await folders()).toEqual([]);
  });

  test("on a full disk, where nothing can be noted, messages can still be removed", async () => {
    const { a, b, ref, folders, open } = await world("route");
    vi.spyOn(site.marks, "hold").mockRejectedValue(new VoxpostError("STORE_FULL", "no room"));
    await site.marks.set(mailbox, inner(ref, 2).id, "moving");
    await expect(open(a, b).remove(ref)).rejects.toMatchObject({ code: "LOCKED" });
    await site.marks.unset(mailbox, inner(ref, 2).id, "moving");
    await open(a, b).remove(ref);
    expect(await folders()).toEqual([]);
  });
});

describe("route", () => {
  const names = ["mail", "disk", "gold"] as const;
  const open = (rules: Parameters<typeof createRoute>[0]["rules"]) =>
    createRoute({
      engines: new Map(names.map((name) => [name, site.memory(name)])),
      default: "mail",
      rules,
      attributesOf: ({ mailbox: number }) => (number === "2000" ? { class: "gold" } : {}),
      marks: site.marks,
    });

  test.each([
    [
      "context",
      { context: ["sales"], to: "disk" },
      { mailbox: "1", context: "sales" },
      { mailbox: "1", context: "sale" },
    ],
    [
      "mailbox, whole",
      { mailbox: ["10"], to: "disk" },
      { mailbox: "10", context: "a" },
      { mailbox: "100", context: "a" },
    ],
    [
      "mailbox, pattern",
      { mailbox: ["5", "1?0*"], to: "disk" },
      { mailbox: "1503", context: "a" },
      { mailbox: "1533", context: "a" },
    ],
    [
      "a dot is a dot",
      { mailbox: ["a.b"], to: "disk" },
      { mailbox: "a.b", context: "a" },
      { mailbox: "axb", context: "a" },
    ],
    [
      "attribute",
      { attributes: { class: ["gold"] }, to: "disk" },
      { mailbox: "2000", context: "a" },
      { mailbox: "2001", context: "a" },
    ],
  ] as const)("by %s", async (_what, rule, there, elsewhere) => {
    const engine = open([rule as never, { to: "gold" }]);
    await engine.append("INBOX", newMessage(there));
    await engine.append("INBOX", newMessage(elsewhere));
    expect(await site.memory("disk").find(there, {})).toHaveLength(1);
    expect(await site.memory("disk").find(elsewhere, {})).toHaveLength(0);
    expect(await site.memory("gold").find(elsewhere, {})).toHaveLength(1);
  });

  test.each(["remove", "find"] as const)(
    "a move that was broken off in %s is finished at the next look",
    async (on) => {
      const [a, b] = [faulty(site.memory("a")), faulty(site.memory("b"))];
      const create = () => routeByFolder(a.engine, b.engine, site.marks);
      const engine = create();
      const { ref, envelope } = await engine.append(
        "INBOX",
        newMessage(mailbox, { heard: true, text: "call back" }),
      );
      a.plan({ on, times: 1, error: cut, skip: on === "find" ? 1 : 0 });
      await expect(engine.move(ref, "Work")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
      expect(await a.engine.find(mailbox, {})).toHaveLength(1);
      expect(await b.engine.find(mailbox, {})).toHaveLength(1);

      // Another program, started since: it knows the move from its mark alone.
      const again = create();
      expect((await again.list(mailbox, "INBOX", ALL)).total).toBe(0);
      const { entries } = await again.list(mailbox, "Work", ALL);
      expect(entries.map((entry) => entry.envelope)).toEqual([{ ...envelope, folder: "Work", heard: true }]);
      expect(await again.readText?.(entries[0]?.ref ?? ref)).toBe("call back");
      expect((await site.marks.all(mailbox)).size).toBe(0);
    },
  );

  test.each([
    ["audio", { audio: [sound("hum")] }],
    ["text", { text: "Do not call." }],
    ["extras", { extras: sound("X-Shoe-Size: 41\r\n\r\n") }],
    ["envelope", { duration: 8 }],
  ])("an engine that gives back another %s than it was given gets no message", async (_, otherwise) => {
    const b = site.memory("b");
    const forgetful: Engine = {
      ...same(b),
      append: (folder, message) => b.append(folder, { ...message, ...otherwise }),
    };
    const engine = routeByFolder(site.memory("mail"), forgetful, site.marks);
    const said = { text: "Call.", extras: sound("X-Shoe-Size: 42\r\n\r\n") };
    const { ref } = await engine.append("INBOX", newMessage(mailbox, said));
    await expect(engine.move(ref, "Work")).rejects.toMatchObject({ code: "STORE_REFUSED" });
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(1);
    expect(await b.find(mailbox, {})).toEqual([]);
    expect(await textOf(engine, ref)).toBe("RIFF a voice");
  });

  test("a message is not moved to where its text or extras have no place", async () => {
    const { readText: _, readExtras: __, ...poor } = same(site.memory("b"));
    const engine = routeByFolder(site.memory("mail"), poor, site.marks);
    const rich = await engine.append("INBOX", newMessage(mailbox, { text: "Call." }));
    await expect(engine.move(rich.ref, "Work")).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(await poor.find(mailbox, {})).toEqual([]);
    expect(await engine.readText?.(rich.ref)).toBe("Call.");
    const plain = await engine.append("INBOX", newMessage(mailbox));
    await engine.move(plain.ref, "Work");
    expect(await poor.find(mailbox, {})).toHaveLength(1);
  });
});

describe("merge", () => {
  test("what does not fit goes to the next; when nothing fits, that is said", async () => {
    const engines = [site.memory("a", 10), site.memory("b", 20)] as const;
    const engine = createMerge({ engines, place: "first-with-room", folders: {}, marks: site.marks });
    const eight = () => newMessage(mailbox, { audio: [sound("12345678")] });
    for (let index = 0; index < 3; index++) await engine.append("INBOX", eight());
    await expect(engine.append("INBOX", eight())).rejects.toMatchObject({ code: "STORE_FULL" });
    expect((await engines[0].count(mailbox, "INBOX")).new).toBe(1);
    expect((await engines[1].count(mailbox, "INBOX")).new).toBe(2);
    expect(await engine.quota?.(mailbox)).toEqual({ usedBytes: 24, limitBytes: 30 });
  });

  test("a page costs a page, in a folder of a thousand and with messages of one time in both", async () => {
    const [a, b] = [faulty(site.memory("a")), faulty(site.memory("b"))];
    const engine = createMerge({
      engines: [a.engine, b.engine],
      place: "hash",
      folders: {},
      marks: site.marks,
    });
    const messages = Array.from({ length: 1000 }, (_, index) =>
      newMessage(mailbox, { receivedAt: atMinute(Math.floor(index / 7)), heard: index % 3 === 0 }),
    );
    for (const message of messages) await engine.append("INBOX", message);
    const unheard = messages.filter(({ heard }) => !heard).map(({ id }) => id);
    const shown: string[] = [];
    let after: { after?: string } = {};
    do {
      a.calls.length = 0;
      b.calls.length = 0;
      const page = await engine.list(mailbox, "INBOX", { view: "new", limit: 10, ...after });
      expect(page.total).toBe(unheard.length);
      expect(a.calls.length + b.calls.length).toBeLessThanOrEqual(6);
      expect(page.next?.length ?? 0).toBeLessThan(2500);
      shown.push(...idsOf(page.entries));
      after = page.next === undefined ? {} : { after: page.next };
    } while (after.after !== undefined);
    expect(new Set(shown).size).toBe(shown.length);
    expect([...shown].sort()).toEqual([...unheard].sort());
  });
});

describe("archive", () => {
  const day = 24 * 60 * 60_000;
  const open = (over: Partial<ArchiveParts> = {}) =>
    createArchive({
      live: site.memory("live"),
      archive: withCompression(site.file("old"), "gzip"),
      rules: { after: 90 * day },
      marks: site.marks,
      now: () => atMinute(0).getTime() + 90 * day,
      ...over,
    });

  test("old messages move, compressed, and nobody can tell; references stay good", async () => {
    const engine = open();
    await engine.open();
    const old = newMessage(mailbox, { receivedAt: atMinute(-10), audio: [sound("old voice")] });
    const young = newMessage(mailbox, { receivedAt: atMinute(10) });
    const { ref } = await engine.append("INBOX", old);
    await engine.append("INBOX", young);
    const trash = await engine.append("Trash", newMessage(mailbox, { receivedAt: atMinute(-10) }));
    const before = await engine.list(mailbox, "INBOX", ALL);
    await engine.tidy?.(mailbox, () => {});
    expect(idsOf(await site.memory("live").find(mailbox, {}))).toEqual([young.id, trash.envelope.id]);

    const { entries, total } = await engine.list(mailbox, "INBOX", ALL);
    expect(total).toBe(2);
    expect(entries.map(({ envelope }) => envelope)).toEqual(before.entries.map(({ envelope }) => envelope));
    expect(await textOf(engine, ref)).toBe("old voice");
    await engine.setFlags(ref, { heard: true });
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 1, old: 1 });

    const [file = ""] = (await readdir(site.folder, { recursive: true })).filter((name) =>
      name.endsWith(".wav.gz"),
    );
    expect(gunzipSync(await readFile(join(site.folder, file))).toString()).toBe("old voice");
    await writeFile(join(site.folder, file), "damaged");
    await expect(textOf(engine, ref)).rejects.toMatchObject({ code: "MESSAGE_MALFORMED" });

    const moved = await engine.move(ref, "Work");
    expect((await engine.list(mailbox, "Work", ALL)).entries[0]?.ref).toEqual(moved);
    await engine.remove(moved);
    expect(await engine.find(mailbox, { id: old.id })).toEqual([]);
  });

  test("a removal of what is archived at this moment removes it", async () => {
    const engine = open();
    await engine.open();
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { receivedAt: atMinute(-10) }));
    await engine.tidy?.(mailbox, () => {});
    await engine.remove(ref);
    expect(await engine.find(mailbox, {})).toEqual([]);
  });

  test.each([
    ["messages", { overMessages: 2 }],
    ["bytes", { overBytes: 2 * "RIFF a voice".length }],
  ])("the oldest move when there are too many %s", async (_what, rules) => {
    const live = site.memory("live", 1e6);
    const engine = open({ live, rules });
    await engine.open();
    const messages = [3, 1, 4, 2].map((minute) => newMessage(mailbox, { receivedAt: atMinute(minute) }));
    for (const message of messages) await engine.append("INBOX", message);
    await engine.tidy?.(mailbox, () => {});
    const left = await live.list(mailbox, "INBOX", ALL);
    expect(left.entries.map(({ envelope }) => envelope.receivedAt)).toEqual([atMinute(3), atMinute(4)]);
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(4);
  });
});

describe("overlay", () => {
  const open = () =>
    createOverlay({ upper: site.memory("upper"), lower: [site.memory("lower")], marks: site.marks });

  test("changes of what is below stay above, also after a restart", async () => {
    const lower = site.memory("lower");
    const below = [1, 2, 3, 4].map((minute) => newMessage(mailbox, { receivedAt: atMinute(minute) }));
    for (const message of below) await lower.append("INBOX", message);
    const untouched = await lower.find(mailbox, {});
    const engine = open();
    const { entries } = await engine.list(mailbox, "INBOX", ALL);
    expect(idsOf(entries)).toEqual(idsOf(untouched));
    const [heard, moved, removed] = entries.map(({ ref }) => ref);
    if (!heard || !moved || !removed) throw new Error("unreachable");
    await engine.setFlags(heard, { heard: true });
    await engine.move(moved, "Work");
    await engine.remove(removed);
    for (const stale of [moved, removed]) {
      await expect(engine.read(stale)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
      await expect(engine.setFlags(stale, {})).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
      await expect(engine.move(stale, "Family")).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
      await engine.remove(stale);
    }

    const again = open();
    expect(await again.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 1, old: 1 });
    expect(idsOf((await again.list(mailbox, "INBOX", { view: "old", limit: 1 })).entries)).toEqual([
      below[0]?.id,
    ]);
    expect(idsOf((await again.list(mailbox, "INBOX", { view: "new", limit: 1 })).entries)).toEqual([
      below[3]?.id,
    ]);
    expect(idsOf((await again.list(mailbox, "Work", ALL)).entries)).toEqual([below[1]?.id]);
    expect(idsOf(await again.find(mailbox, { heard: true }))).toEqual([below[0]?.id]);
    expect(await again.find(mailbox, { id: below[2]?.id ?? "" })).toEqual([]);
    expect(await lower.find(mailbox, {})).toEqual(untouched);
  });

  test("of two who move a message up at once one does", async () => {
    await site.memory("lower").append("INBOX", newMessage(mailbox));
    const engines = [open(), open()] as const;
    const [entry] = (await engines[0].list(mailbox, "INBOX", ALL)).entries;
    if (!entry) throw new Error("unreachable");
    const moves = [engines[0].move(entry.ref, "Work"), engines[1].move(entry.ref, "Family")];
    const results = await Promise.allSettled(moves);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await engines[0].find(mailbox, {})).toHaveLength(1);
  });

  test("a greeting from below is heard until it is replaced or removed", async () => {
    await site.memory("lower").writeGreeting?.(mailbox, "busy", sound("below"));
    await site.memory("lower").writeGreeting?.(mailbox, "name", sound("Ann"));
    const heard = async (kind: "busy" | "name") => {
      const part = await open().readGreeting?.(mailbox, kind);
      return part && (await bytesOf(part.stream)).toString();
    };
    expect(await heard("busy")).toBe("below");
    await open().writeGreeting?.(mailbox, "busy", sound("above"));
    expect(await heard("busy")).toBe("above");
    await open().removeGreeting?.(mailbox, "busy");
    expect(await heard("busy")).toBeUndefined();
    expect(await heard("name")).toBe("Ann");
    expect(await open().find(mailbox, {})).toEqual([]);
  });
});
