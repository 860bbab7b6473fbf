import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Phone, startPhone } from "../../lab/phone.ts";
import { AriRequests } from "../../src/ivr/ari-requests.ts";
import { Asterisk } from "../../src/ivr/asterisk.ts";
import { MemoryLampNotes } from "../../src/ivr/lamp-notes.ts";
import { Lamps } from "../../src/ivr/mwi.ts";
import { createLogger } from "../../src/log.ts";
import { type SimulatedAsterisk, startSimulatedAsterisk } from "../asterisk/asterisk.ts";
import type { AriServer } from "../asterisk/server.ts";
import { type Rig, rigForAllTests } from "./harness.ts";

describe("the lamp of a real phone", () => {
  let rig: Rig;
  let owner: Phone;
  const mailbox = { mailbox: "1001", context: "default" };

  rigForAllTests(async (started) => {
    rig = started;
    owner = await startPhone({ sip: rig.asterisk.sip, number: "1001" });
    await owner.subscribe();
  });
  afterAll(() => owner?.close());

  const shows = (newMessages: number, oldMessages: number) =>
    owner.waitForMwi((lamp) => lamp.newMessages === newMessages && lamp.oldMessages === oldMessages);

  it("shows the counts, urgent messages among the new ones", async () => {
    await rig.ivr.lamps.publish(mailbox, { urgent: 1, new: 2, old: 7 });
    await shows(3, 7);
    await rig.ivr.lamps.publish(mailbox, { urgent: 0, new: 0, old: 8 });
    await shows(0, 8);
  });

  it("is told once of many changes, and not at all of none", async () => {
    const post = vi.spyOn(rig.ivr.asterisk.requests, "post");
    try {
      await Promise.all(
        [1, 2, 3, 4, 5].map((count) => rig.ivr.lamps.publish(mailbox, { urgent: 0, new: count, old: 0 })),
      );
      await shows(5, 0);
      expect(post.mock.calls.length).toBeLessThanOrEqual(2);
      post.mockClear();
      await rig.ivr.lamps.publish(mailbox, { urgent: 0, new: 5, old: 0 });
      expect(post).not.toHaveBeenCalled();
    } finally {
      post.mockRestore();
    }
  });

  it("is lit again after a restart of Asterisk, by itself and once", async () => {
    await rig.asterisk.restart();
    await owner.close();
    owner = await startPhone({ sip: rig.asterisk.sip, number: "1001" });
    await owner.subscribe();
    await owner.waitForMwi((lamp) => lamp.newMessages === 5, 20_000);
    const post = vi.spyOn(rig.ivr.asterisk.requests, "post");
    await rig.ivr.lamps.publish(mailbox, { urgent: 0, new: 5, old: 0 });
    expect(post).not.toHaveBeenCalled();
    post.mockRestore();
  });

  it("shows after an absence of Asterisk what changed meanwhile, also that it is dark", async () => {
    rig.asterisk.kill();
    await rig.asterisk.exited;
    await vi.waitFor(() => expect(rig.ivr.asterisk.state).toBe("connecting"), 10_000);
    // Does not wait for it.
    await rig.ivr.lamps.publish(mailbox, { urgent: 0, new: 7, old: 1 });
    await rig.asterisk.restart();
    await owner.close();
    owner = await startPhone({ sip: rig.asterisk.sip, number: "1001" });
    await owner.subscribe();
    await owner.waitForMwi((lamp) => lamp.newMessages === 7, 20_000);
    await rig.ivr.lamps.publish(mailbox, { urgent: 0, new: 0, old: 0 });
    await shows(0, 0);
  });
});

describe("lamps of two programs on one Asterisk", () => {
  const mailbox = { mailbox: "1001", context: "default" };
  const counts = (unheard: number) => ({ urgent: 0, new: unheard, old: 0 });
  let asterisk: SimulatedAsterisk;
  let ari: AriServer;
  let told: string[];
  beforeEach(async () => {
    ({ asterisk, ari } = await startSimulatedAsterisk());
    told = [];
    const setLamp = asterisk.setLamp.bind(asterisk);
    asterisk.setLamp = (name, lamp) => {
      told.push(`${name} ${lamp.new}`);
      setLamp(name, lamp);
    };
  });
  afterEach(() => ari.close());

  const connect = (instance: string, timeoutMs: number) =>
    new Asterisk({
      name: "pbx",
      ...ari,
      app: instance,
      log: createLogger("silent"),
      onReplaced: () => {},
      retryMs: [10, 50],
      timeoutMs,
    });
  const program = async (notes: MemoryLampNotes, instance: string, timeoutMs = 5_000) => {
    const connection = connect(instance, timeoutMs);
    const lamps = new Lamps(connection, notes);
    connection.start();
    await connection.whenUp(AbortSignal.timeout(10_000));
    onTestFinished(async () => {
      lamps.close();
      await connection.close();
    });
    return lamps;
  };

  it("tells what another has changed since, and nothing twice", async () => {
    const notes = new MemoryLampNotes();
    const [one, other] = [await program(notes, "a"), await program(notes, "b")];
    await one.publish(mailbox, counts(3));
    await other.publish(mailbox, counts(3));
    await other.publish(mailbox, counts(0));
    expect(await one.shows(mailbox, counts(3))).toBe(false);
    await one.publish(mailbox, counts(3));
    expect(told).toEqual(["1001@default 3", "1001@default 0", "1001@default 3"]);
  });

  it("shows while it is away what it will be told, and nothing that nobody noted", async () => {
    const notes = new MemoryLampNotes();
    await (await program(notes, "a")).publish(mailbox, counts(3));
    const late = new Lamps(connect("b", 5_000), notes);
    const shows = (number: string, unheard: number) => {
      asterisk.faults.refuse("asterisk.getInfo", 503);
      return late.shows({ ...mailbox, mailbox: number }, counts(unheard));
    };
    expect([await shows("1001", 3), await shows("1001", 2)]).toEqual([true, false]);
    expect([await shows("1002", 1), await shows("1002", 0)]).toEqual([false, true]);
  });

  it.each([
    ["after the attempt was given up", false],
    ["while the attempt still waits for an answer", true],
  ])("goes on where a connection was lost while lamps were lit again: %s", async (_, isWaiting) => {
    const notes = new ClaimedNotes();
    const lamps = await program(notes, "a", 300);
    for (const number of ["1001", "1002"]) await lamps.publish({ ...mailbox, mailbox: number }, counts(1));
    told = [];
    const released = vi.spyOn(notes, "release");
    Object.assign(asterisk, { startedAt: new Date(Date.now() + 60_000) });
    asterisk.faults.stall("channels.originate");
    const before = ari.requests.length;
    asterisk.applications.dropSockets();
    await vi.waitFor(() => expect(ari.requests.slice(before)).toContain("channels.originate"), 10_000);
    if (!isWaiting) await vi.waitFor(() => expect(released).toHaveBeenCalled(), 10_000);
    asterisk.applications.dropSockets();
    await vi.waitFor(() => expect(told.sort()).toEqual(["1001@default 1", "1002@default 1"]), 10_000);
  });

  it("finds /mailboxes that was not there yet, and tells it everything", async () => {
    const lamps = await program(new MemoryLampNotes(), "a");
    await lamps.publish(mailbox, counts(2));
    expect(told).toEqual(["1001@default 2"]);
    Object.assign(asterisk.options, { mailboxes: true });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    onTestFinished(() => void vi.useRealTimers());
    const put = vi.spyOn(AriRequests.prototype, "put");
    await lamps.publish({ ...mailbox, mailbox: "1002" }, counts(1));
    await vi.waitFor(
      () => expect(told).toEqual(["1001@default 2", "1002@default 1", "1001@default 2"]),
      10_000,
    );
    expect(put).toHaveBeenCalledTimes(2);
    put.mockRestore();
  });
});

/** As in Redis: a claim that nobody gives back holds for longer than a test. */
class ClaimedNotes extends MemoryLampNotes {
  readonly #claimed = new Set<string>();

  override async claim(_asterisk: string, run: string): Promise<boolean> {
    const isFree = !this.#claimed.has(run);
    this.#claimed.add(run);
    return isFree;
  }

  override async release(_asterisk: string, run: string): Promise<void> {
    this.#claimed.delete(run);
  }
}
