import { afterEach, describe, expect, test, vi } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { type BreakerOptions, withBreaker } from "../../src/storage/layers/breaker.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { newSite, testComposite } from "./composites.ts";
import { type Faulty, faulty } from "./faulty.ts";
import { type ImapProxy, startImapProxy } from "./imap-proxy.ts";
import { startImapServer } from "./imap-server.ts";
import { recordingLog } from "./samples.ts";

const runs = process.env.VOXPOST_TEST_ALL ? 60 : 5;
const ann = { mailbox: "1001", context: "default" };
const bob = { mailbox: "1002", context: "default" };

testComposite("breaker", ({ memory }) => withBreaker(memory("a"), { log: recordingLog().log }), { runs });

/** A pause that lasts until the test ends it. */
function pauses() {
  const ends: (() => void)[] = [];
  const lengths: number[] = [];
  return {
    lengths,
    wait: (ms: number) => {
      lengths.push(ms);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
    end: async () => {
      ends.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

async function broken(options: Partial<BreakerOptions> = {}) {
  const { memory } = await newSite();
  const inside: Faulty = faulty(memory("a"));
  const pause = pauses();
  const settings = { log: recordingLog().log, failures: 4, wait: pause.wait, ...options };
  return { ...inside, pause, engine: withBreaker(inside.engine, settings) };
}

const code = (work: Promise<unknown>) => work.then(() => "ok").catch((error: VoxpostError) => error.code);

async function fail(engine: Engine, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    expect(await code(engine.count(time % 2 ? bob : ann, "INBOX"))).toBe("STORE_UNREACHABLE");
  }
}

describe("breaker", () => {
  test("after so many failures the engine is not asked any more, until it shows a sign of life", async () => {
    const { engine, die, revive, calls, pause } = await broken();
    die();
    await fail(engine, 4);
    calls.length = 0;
    await fail(engine, 3);
    expect(calls).toEqual([]);
    await pause.end();
    expect(calls, "asked in the background").toEqual(["check"]);
    await fail(engine, 1);
    await pause.end();
    revive();
    await pause.end();
    expect(calls).toEqual(["check", "check", "check"]);
    expect(pause.lengths, "longer each time").toEqual([1_000, 2_000, 4_000]);
    expect(await code(engine.count(ann, "INBOX"))).toBe("ok");
  });

  test("who is let through first decides for all; the others do not wait for it", async () => {
    const { engine, die, revive, plan, calls, pause } = await broken();
    die();
    await fail(engine, 4);
    revive();
    await pause.end();
    plan({ on: "list", times: 1, error: "hang" });
    const controller = new AbortController();
    const trial = code(engine.list(ann, "INBOX", { view: "all", limit: 1 }, controller.signal));
    calls.length = 0;
    await fail(engine, 2);
    expect(calls).toEqual([]);
    controller.abort(new VoxpostError("STORE_TIMEOUT", "too late"));
    expect(await trial).toBe("STORE_TIMEOUT");
    await fail(engine, 1);
    await pause.end();
    expect(await code(engine.count(ann, "INBOX"))).toBe("ok");
    expect(await code(engine.count(bob, "INBOX"))).toBe("ok");
  });

  test("somebody else's sign of life ends the pause after a silence, and tells nothing of a server that does nothing else", async () => {
    const told: string[] = [];
    const { engine, die, revive, plan, pause } = await broken({ onBack: (state) => told.push(state) });
    const isTried = async () => {
      plan({ on: "count", times: 1, error: new VoxpostError("STORE_TIMEOUT", "busy") });
      return (await code(engine.count(ann, "INBOX"))) === "STORE_TIMEOUT";
    };
    die();
    await fail(engine, 4);
    expect(await code(engine.check())).toBe("STORE_UNREACHABLE");
    revive();
    expect(await code(engine.check())).toBe("ok");
    expect(told).toEqual(["trying"]);
    expect(await isTried()).toBe(true);
    expect(await code(engine.check())).toBe("ok");
    expect(await isTried(), "only after its pause").toBe(false);
    await pause.end();
    await pause.end();
    expect(told).toEqual(["trying", "trying"]);
    plan({ on: "count", times: 0, error: "hang" });
    expect(await code(engine.count(ann, "INBOX"))).toBe("ok");
    expect(told).toEqual(["trying", "trying", "closed"]);
  });

  test("one account that is broken shuts out nobody else", async () => {
    const { engine, plan, calls } = await broken();
    plan({ on: "count", times: 20, error: new VoxpostError("STORE_TIMEOUT", "a mailbox that hangs") });
    for (let time = 0; time < 10; time++)
      expect(await code(engine.count(ann, "INBOX"))).toBe("STORE_TIMEOUT");
    expect(calls).toHaveLength(10);
    expect(await code(engine.find(bob, {}))).toBe("ok");
  });

  test.each(["STORE_FULL", "STORE_REFUSED", "MESSAGE_UNKNOWN", "PIN_WRONG"] as const)(
    "%s is an answer",
    async (answer) => {
      const { engine, plan, calls } = await broken();
      plan({ on: "count", times: 20, error: new VoxpostError(answer, "no") });
      for (let time = 0; time < 9; time++) await code(engine.count(time % 2 ? bob : ann, "INBOX"));
      expect(calls).toHaveLength(9);
    },
  );

  test("what was given up after a long wait was no answer; what was given up at once tells nothing", async () => {
    const given = async (patienceMs: number) => {
      const { engine, plan, calls } = await broken({ patienceMs });
      plan({ on: "count", times: 20, error: "hang" });
      for (let time = 0; time < 8; time++) {
        const controller = new AbortController();
        const counting = code(engine.count(time % 2 ? bob : ann, "INBOX", controller.signal));
        setImmediate(() => controller.abort());
        await counting;
      }
      return calls.filter((operation) => operation === "count").length;
    };
    expect(await given(0)).toBe(4);
    expect(await given(60_000)).toBe(8);
  });

  test("whoever checks hears what the server says, and closing ends the asking", async () => {
    const { engine, die, revive, calls, pause } = await broken();
    await engine.open();
    die();
    await fail(engine, 4);
    revive();
    expect(await code(engine.check())).toBe("ok");
    await engine.close();
    calls.length = 0;
    await pause.end();
    expect(calls).toEqual([]);
  });
});

describe("a mail server that accepts and then stalls", () => {
  let proxy: ImapProxy | undefined;
  afterEach(() => proxy?.close());

  test("is asked by nobody but the breaker, and by everybody when it answers again", async () => {
    const server = await startImapServer();
    proxy = await startImapProxy(server.port);
    const [one, two] = [server.freshNumber(), server.freshNumber()].map((mailbox) => ({
      mailbox,
      context: "default",
    }));
    const tree = server.tree({ port: proxy.port, connect_ms: 200, operation_ms: 500 });
    const engine = createEngine(
      { ...tree, breaker: { first_ms: 50, longest_ms: 50 } },
      {
        log: recordingLog().log,
        folder: ".",
      },
    );
    await engine.open();
    try {
      if (!one || !two) throw new Error("no accounts");
      // A first login may take longer than the time that is set here.
      const answers = (mailbox: MailboxAddress) =>
        vi.waitFor(async () => expect(await code(engine.count(mailbox, "INBOX"))).toBe("ok"), 20_000);
      await answers(one);
      proxy.freeze(true);
      for (let time = 0; time < 5; time++) {
        expect(await code(engine.count(time % 2 ? one : two, "INBOX"))).toBe("STORE_TIMEOUT");
      }
      expect(await code(engine.count(one, "INBOX"))).toBe("STORE_UNREACHABLE");
      expect(await code(engine.count(two, "INBOX"))).toBe("STORE_UNREACHABLE");
      proxy.freeze(false);
      await answers(one);
      await answers(two);
    } finally {
      await engine.close();
      await server.stop();
    }
  }, 90_000);
});
