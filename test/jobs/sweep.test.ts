import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { startLab } from "../../lab/lab.ts";
import { newId } from "../../src/custody/name.ts";
import { Reasons } from "../../src/custody/reasons.ts";
import type { DepositRequest, GreetingRequest } from "../../src/jobs/enqueue.ts";
import { SweepSchedule } from "../../src/jobs/schedule.ts";
import { Sweep, type SweepDeps } from "../../src/jobs/sweep.ts";
import { second } from "./sound.ts";
import { recordingName, type World, world } from "./world.ts";

describe("the sweep", () => {
  let here: World;
  let enqueued: DepositRequest[];
  let greetings: GreetingRequest[];
  let sweep: Sweep;
  const deps = (): SweepDeps => ({
    asterisk: "pbx",
    recordings: here.recordings,
    enqueue: {
      deposit: async (job) => void enqueued.push(job),
      greeting: async (job) => void greetings.push(job),
    },
    log: here.log,
  });
  beforeEach(async () => {
    here = await world();
    enqueued = [];
    greetings = [];
    sweep = new Sweep(deps());
  });
  afterEach(() => here.close());

  it("enqueues what nobody enqueued: the highest take, its parts in order", async () => {
    const id = newId();
    const last = [0, 1].map((part) => recordingName({ id, take: 1, part }));
    for (const name of [recordingName({ id, take: 0 }), ...last.toReversed()])
      await here.recordings.put(name, 800);
    const fallback = recordingName({ state: "deposit", startedAt: new Date("2026-11-20T08:00:00Z") });
    await here.recordings.put(fallback, 800);

    const result = await sweep.run();
    expect(enqueued).toHaveLength(2);
    expect(enqueued).toContainEqual({ asterisk: "pbx", parts: last });
    expect(enqueued).toContainEqual({ asterisk: "pbx", parts: [fallback] });
    expect(result).toEqual({
      undelivered: 2,
      oldest: new Date("2026-11-20T08:00:00Z"),
      setAside: new Map(),
      foreign: 0,
    });
  });

  it("leaves a call alone while it lasts, also when its id does not fit into a name", async () => {
    const id = `pbx 1/${"x".repeat(90)}`;
    await here.recordings.put(recordingName({ channel: id }), 0);
    here.recordings.existing.add(id);
    expect(await sweep.run()).toMatchObject({ undelivered: 0 });
    here.recordings.existing.clear();
    expect(await sweep.run()).toMatchObject({ undelivered: 1 });
    expect(enqueued).toHaveLength(1);
  });

  it("leaves a recording alone that is live, whatever became of its channel", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(1));
    here.recordings.live.add(name);
    await sweep.run();
    expect(enqueued).toEqual([]);
  });

  it("looks at the channels after the recordings, so that none can begin in between", async () => {
    const asked: string[] = [];
    await here.recordings.put(recordingName(), 1);
    here.recordings.before = (method) => void asked.push(method);
    await sweep.run();
    expect(asked.slice(0, 2)).toEqual(["list", "channels"]);
  });

  it("touches nothing that is not ours, and says so once", async () => {
    const foreign = [
      "voxpost/notes",
      "voxpost/deposit/..%2Fx/a~b",
      recordingName().replace("/take/", "/tape/"),
    ];
    for (const name of [...foreign, "others/1001"]) await here.recordings.put(name, 1);
    expect(await sweep.run()).toMatchObject({ undelivered: 0, foreign: 3 });
    await sweep.run();
    expect(here.lines.filter(({ msg }) => msg.includes("left alone"))).toHaveLength(3);
    expect(here.recordings.names).toHaveLength(4);
    expect(enqueued).toEqual([]);
  });

  it("counts what was set aside by its reason, and does not enqueue it", async () => {
    const ids = [newId(), newId(), newId(), newId()] as const;
    for (const id of ids) await here.recordings.put(recordingName({ id, state: "failed" }), 1);
    const lab = await startLab({ servers: ["redis"] });
    onTestFinished(() => lab.stop());
    const redis = new Redis(lab.redis?.url ?? "");
    onTestFinished(() => redis.disconnect());
    const reasons = new Reasons({ redis, log: here.log });
    await reasons.note(ids[0], "1001@default: STORE_REFUSED: the server said LOCKED: no");
    await reasons.note(ids[1], "STORE_REFUSED: no");
    await reasons.note(ids[2], "MESSAGE_MALFORMED: no audio");
    const { setAside } = await new Sweep({ ...deps(), reasons }).run();
    expect(setAside).toEqual(new Map(Object.entries({ STORE_REFUSED: 2, MESSAGE_MALFORMED: 1, unknown: 1 })));
    expect(enqueued).toEqual([]);
  });

  it("runs at the start, again when it is told to, and goes on after Asterisk was away", async () => {
    here.recordings.away = true;
    await here.recordings.put(recordingName(), 1);
    const schedule = new SweepSchedule({
      sweeps: new Map([["pbx", sweep]]),
      everySeconds: 0.01,
      log: here.log,
    });
    schedule.start();
    await schedule.now("pbx");
    expect(schedule.results.get("pbx")).toBeUndefined();
    here.recordings.away = false;
    await vi.waitFor(() => expect(schedule.results.get("pbx")).toMatchObject({ undelivered: 1 }), 10_000);
    await schedule.stop();
    const before = enqueued.length;
    await schedule.now("elsewhere");
    expect(enqueued).toHaveLength(before);
  });
});
