import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { runHook } from "../../src/hook.ts";
import { checkProgram, externnotify } from "../../src/jobs/externnotify.ts";
import { readJob } from "../../src/jobs/table.ts";
import { ToldCounts } from "../../src/jobs/told-counts.ts";
import { type ListenersWorld, listenersForEachTest, makeScript, PATIENCE } from "./listeners.ts";
import { ANN, BOB } from "./world.ts";

let world: ListenersWorld;
listenersForEachTest((fresh) => {
  world = fresh;
});

const event = (counts = { urgent: 0, new: 1, old: 0 }) => ({ id: "x", at: new Date(), mailbox: ANN, counts });
const never = new AbortController().signal;

describe("the site's program", () => {
  it("is told of each change once, by one of two programs, as app_voicemail tells it", async () => {
    const script = makeScript(world.folder);
    const config = { externnotify: script.path };
    const programs = [await world.program(config), await world.program(config)] as const;
    const change = async (expected: string[]) => {
      // Both have seen it, and one of them twice.
      await Promise.all([...programs, programs[0]].map(({ queues }) => queues.mwi(ANN)));
      await vi.waitFor(() => expect(script.told()).toEqual(expected), PATIENCE);
      for (const { queues } of programs) await queues.mwi(ANN);
      await programs[0].idle();
      expect(script.told()).toEqual(expected);
    };
    await change([]); // an empty mailbox is no news
    const told = ["<default><1001><1><0><0>"];
    await world.message(ANN);
    await change(told);
    await world.message(ANN, true);
    await change([...told, "<default><1001><1><0><1>"]); // urgent ones are not among the new ones
    await world.hearAll(ANN);
    await change([...told, "<default><1001><1><0><1>", "<default><1001><0><2><0>"]);
    expect(world.lamps.length).toBeGreaterThan(0);
    const ended = await Promise.all(programs.map(({ metric }) => metric("externnotify", "ok")));
    expect(ended.reduce((sum, count) => sum + count)).toBe(3);
  });

  it("is told of many changes in order, the last of them in any case", async () => {
    const script = makeScript(world.folder);
    const programs = [
      await world.program({ externnotify: script.path }),
      await world.program({ externnotify: script.path }),
    ] as const;
    for (let message = 0; message < 30; message++) {
      await world.message(ANN);
      await programs[message % 2 === 0 ? 0 : 1].queues.mwi(ANN);
    }
    await vi.waitFor(() => expect(script.told().at(-1)).toBe("<default><1001><30><0><0>"), PATIENCE);
    await programs[0].idle();
    const counts = script.told().map((line) => Number(line.split("><")[2]));
    expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
  });

  it("that hangs delays no lamp, and after the end of its program another one tells", async () => {
    const script = makeScript(world.folder, "sleep 600");
    const first = await world.program({ externnotify: [script.path, "--pbx", "a b"] });
    await world.message(ANN);
    await first.queues.mwi(ANN);
    await vi.waitFor(() => expect(script.told()).toHaveLength(1), PATIENCE);
    await world.message(BOB);
    await first.queues.mwi(BOB);
    await vi.waitFor(() => expect(world.lamps).toEqual(["1001@default 1", "1002@default 1"]), PATIENCE);
    await first.close(0);
    script.become("");
    const second = await world.program({ externnotify: [script.path, "--pbx", "a b"] });
    await second.idle();
    const again = (mailbox: string) => script.told().filter((line) => line.includes(`<${mailbox}>`));
    expect(again("1001")).toEqual(Array(2).fill("<--pbx><a b><default><1001><1><0><0>"));
    expect(again("1002")).toContain("<--pbx><a b><default><1002><1><0><0>");
  });

  it("may fail: that is logged once, and the next change is told", async () => {
    const script = makeScript(world.folder, "echo it is broken >&2; exit 3");
    const program = await world.program({ externnotify: script.path });
    await world.message(ANN);
    for (const _ of [1, 2, 3]) {
      await program.queues.mwi(ANN);
      await program.idle();
    }
    expect(script.told()).toHaveLength(1);
    const errors = world.lines.filter(({ level }) => level === 50);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      err: { code: "NOTIFY_REFUSED", message: expect.stringContaining("ended with 3: it is broken") },
    });
    expect(await program.metric("externnotify", "NOTIFY_REFUSED")).toBe(1);
    await world.message(ANN);
    await program.queues.mwi(ANN);
    await vi.waitFor(() => expect(script.told().at(-1)).toBe("<default><1001><2><0><0>"), PATIENCE);
  });

  it.each([
    ["ends with 75", (script: ReturnType<typeof makeScript>) => script.become("exit 75")],
    ["is missing", (script: ReturnType<typeof makeScript>) => script.remove()],
  ])("that %s is called again, with what is true then", async (_, spoil) => {
    const script = makeScript(world.folder);
    spoil(script);
    const program = await world.program({ externnotify: script.path });
    await world.message(ANN);
    await program.queues.mwi(ANN);
    await vi.waitFor(async () => {
      expect(await program.metric("externnotify", "NOTIFY_FAILED")).toBeGreaterThan(1);
    }, PATIENCE);
    await world.message(ANN);
    script.become("");
    await vi.waitFor(() => expect(script.told().at(-1)).toBe("<default><1001><2><0><0>"), PATIENCE);
    await program.idle();
    expect(world.lamps).toEqual(["1001@default 1"]);
  });

  it("is told what it missed while nobody ran", async () => {
    const script = makeScript(world.folder);
    const before = await world.program({ externnotify: script.path });
    await world.message(ANN);
    await before.queues.mwi(ANN);
    await before.idle();
    await before.close();
    await world.hearAll(ANN);
    const after = await world.program({ externnotify: script.path });
    // What the poll at the start asks.
    expect(await after.outside.know(BOB, { urgent: 0, new: 0, old: 0 })).toBe(true);
    expect(await after.outside.know(ANN, { urgent: 0, new: 1, old: 0 })).toBe(true);
    expect(await after.outside.know(ANN, { urgent: 0, new: 0, old: 1 })).toBe(false);
    await after.queues.mwi(ANN);
    await vi.waitFor(() => expect(script.told().at(-1)).toBe("<default><1001><0><1><0>"), PATIENCE);
  });

  it("is left to programs whose configuration names it", async () => {
    const script = makeScript(world.folder);
    const none = await world.program({});
    const one = await world.program({ externnotify: script.path });
    await one.queues.tell("externnotify", ANN);
    await world.message(BOB);
    await one.queues.tell("externnotify", BOB);
    await vi.waitFor(() => expect(script.told()).toEqual(["<default><1002><1><0><0>"]), PATIENCE);
    expect(await none.outside.know(BOB, { urgent: 9, new: 9, old: 9 })).toBe(true);
  });
});

describe("how it is run", () => {
  it("is killed with all that it has started when it takes too long, and called again", async () => {
    const pids = join(world.folder, "pids");
    const script = makeScript(world.folder, `sleep 600 & echo $! $$ > ${pids}; wait`);
    await expect(externnotify([script.path], 5_000)(event(), never)).rejects.toMatchObject({
      code: "NOTIFY_FAILED",
      retryable: true,
      message: expect.stringContaining("did not end within 5000 ms"),
    });
    for (const pid of readFileSync(pids, "utf8").trim().split(" "))
      await vi.waitFor(() => expect(isAlive(pid)).toBe(false), PATIENCE);
  });

  it("may leave something running behind it", async () => {
    const [pid, gate] = [join(world.folder, "pid"), join(world.folder, "gate")];
    const script = makeScript(
      world.folder,
      `(until [ -e ${gate} ]; do sleep 0.1; done; rm ${gate}) & echo $! > ${pid}`,
    );
    await externnotify([script.path])(event(), never);
    expect(isAlive(readFileSync(pid, "utf8").trim())).toBe(true);
    writeFileSync(gate, "");
    await vi.waitFor(() => expect(existsSync(gate)).toBe(false), PATIENCE);
  });

  it("gets nothing of our environment but what programs need", async () => {
    vi.stubEnv("VOXPOST_TEST_SECRET", "s3cret");
    const seen = join(world.folder, "env");
    const script = makeScript(world.folder, `env > ${seen}`);
    await externnotify([script.path])(event(), never);
    vi.unstubAllEnvs();
    expect(readFileSync(seen, "utf8")).toMatch(/^PATH=/m);
    expect(readFileSync(seen, "utf8")).not.toContain("s3cret");
  });

  it("may say as much as it likes", async () => {
    const script = makeScript(world.folder, "head -c 5000000 /dev/zero | tr '\\0' x; exit 4");
    const result = await runHook([script.path], { args: [], timeoutMs: 60_000 });
    expect(result).toMatchObject({ exitCode: 4, end: "ended with 4" });
    expect(result.stdout).toHaveLength(10_000);
  });

  it("never gets a name that it could take for an option", () => {
    for (const mailbox of ["--help", "-1", "1001;reboot", "$(id)", "a b", ""])
      expect(() => readJob("externnotify", { mailbox, context: "default" })).toThrow("cannot be understood");
  });

  it("is looked at by doctor", async () => {
    const script = makeScript(world.folder);
    expect(await checkProgram([script.path])).toBe(script.path);
    writeFileSync(join(world.folder, "text"), "", { mode: 0o600 });
    for (const wrong of [world.folder, join(world.folder, "text"), join(world.folder, "none")])
      await expect(checkProgram([wrong])).rejects.toMatchObject({ code: "DEPENDENCY_MISSING" });
  });
});

describe("what was told", () => {
  const COUNTS = { urgent: 0, new: 1, old: 0 };

  it("is the same event until it has arrived, and each later one has a later time", async () => {
    const told = new ToldCounts(world.redis, "test");
    const first = await told.begin(ANN, COUNTS);
    expect(first).toMatchObject({ mailbox: ANN, counts: COUNTS });
    // A program died here.
    expect(await told.knows(ANN, COUNTS)).toBe(false);
    expect(await told.begin(ANN, COUNTS)).toEqual(first);
    if (first) await told.end(first);
    expect(await told.knows(ANN, COUNTS)).toBe(true);
    expect(await told.begin(ANN, COUNTS)).toBeUndefined();
    vi.useFakeTimers({ toFake: ["Date"], now: 0 }); // another machine's clock
    const second = await told.begin(ANN, { ...COUNTS, new: 2 });
    vi.useRealTimers();
    expect(second?.at.getTime()).toBe((first?.at.getTime() ?? 0) + 1);
    expect(second?.id).not.toBe(first?.id);
    // Nobody knows whether the second has arrived, so what was true before it is news.
    const third = await told.begin(ANN, COUNTS);
    expect(third?.id).not.toBe(first?.id);
  });
});

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
