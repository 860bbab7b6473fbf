import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Engine, Ref } from "../../src/storage/engine.ts";
import { expectWhole, killWriters } from "./crash.ts";
import { type PostgresServer, startPostgresServer } from "./postgres-server.ts";
import { bytesOf, idsOf, newMessage, sound, stalled } from "./samples.ts";

const ALL = { view: "all", limit: 100 } as const;
const GONE = { code: "STORE_UNREACHABLE", retryable: true };

let server: PostgresServer;
let mailbox: Ref["mailbox"];
const opened: Engine[] = [];

beforeAll(async () => {
  server = await startPostgresServer();
});
afterAll(() => server?.stop());
beforeEach(() => {
  mailbox = { mailbox: server.freshNumber(), context: "default" };
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
});

async function openEngine(over?: Record<string, unknown>): Promise<Engine> {
  const engine = await server.engine(over);
  opened.push(engine);
  return engine;
}

/** Every operation waits for the table until it is released. */
async function lockMailboxes(): Promise<() => Promise<void>> {
  const client = await server.client();
  await client.query("begin");
  await client.query("lock table mailboxes, messages, parts, greetings in access exclusive mode");
  return () => client.end();
}

const OURS = "from pg_stat_activity where application_name = 'voxpost'";

/** A connection that nobody used may be found dead by the next operation only; there are no more than two. */
function again<T>(operate: () => Promise<T>): Promise<T> {
  return vi.waitFor(operate, { timeout: 10_000, interval: 1 });
}

/** Resolves once so many connections of ours wait for a lock. */
function waiting(count: number): Promise<void> {
  const look = async () => {
    const [row] = await server.query(`select count(*)::int as count ${OURS} and wait_event_type = 'Lock'`);
    expect(row?.count).toBe(count);
  };
  return vi.waitFor(look, { timeout: 10_000, interval: 20 });
}

describe("a connection that is lost in the middle", () => {
  const operations: Record<string, (engine: Engine, ref: Ref) => Promise<unknown>> = {
    check: (engine) => engine.check(),
    count: (engine) => engine.count(mailbox, "INBOX"),
    list: (engine) => engine.list(mailbox, "INBOX", ALL),
    find: (engine) => engine.find(mailbox, {}),
    read: (engine, ref) => engine.read(ref),
    readText: async (engine, ref) => engine.readText?.(ref),
    append: (engine) => engine.append("INBOX", newMessage(mailbox)),
    setFlags: (engine, ref) => engine.setFlags(ref, { heard: true }),
    move: (engine, ref) => engine.move(ref, "Work"),
    remove: (engine, ref) => engine.remove(ref),
    readGreeting: async (engine) => engine.readGreeting?.(mailbox, "busy"),
    writeGreeting: async (engine) => engine.writeGreeting?.(mailbox, "busy", sound("hello")),
    removeGreeting: async (engine) => engine.removeGreeting?.(mailbox, "busy"),
    quota: async (engine) => engine.quota?.(mailbox),
  };

  test.each(Object.entries(operations))(
    "%s: is told, changes nothing, and works again",
    async (_, operate) => {
      const engine = await openEngine();
      const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
      const release = await lockMailboxes();
      const outcome = expect(operate(engine, ref)).rejects.toMatchObject(GONE);
      await vi.waitFor(async () => {
        const [row] = await server.query(
          `select count(*)::int as count ${OURS} and wait_event_type = 'Lock'`,
        );
        expect(row?.count).toBeGreaterThan(0);
      }, 10_000);
      await server.query(`select pg_terminate_backend(pid) ${OURS}`);
      await outcome;
      await release();
      const { entries } = await again(() => engine.list(mailbox, "INBOX", ALL));
      expect(entries.map((entry) => entry.envelope)).toEqual([envelope]);
      await again(() => operate(engine, ref));
    },
  );

  test("an append whose source was half way is told, and the retry stores it once", async () => {
    const engine = await openEngine();
    const { source, started } = stalled();
    const controller = new AbortController();
    const audio = [sound("first", { kind: "comment" }), source];
    const appending = engine.append("INBOX", newMessage(mailbox, { audio }), controller.signal);
    await started;
    await server.query(`select pg_terminate_backend(pid) ${OURS}`);
    controller.abort();
    await expect(appending).rejects.toMatchObject({ code: "ABORTED" });
    const { envelope } = await again(() => engine.append("INBOX", newMessage(mailbox)));
    expect(idsOf(await engine.find(mailbox, {}))).toEqual([envelope.id]);
  });
});

describe("a server that is killed", () => {
  test("with 200 appends under way: what was acknowledged is there, the rest can be tried again", async () => {
    const engine = await openEngine();
    const messages = Array.from({ length: 200 }, () => newMessage(mailbox));
    let acknowledged = 0;
    const appending = messages.map(async (message) => {
      await engine.append("INBOX", message);
      if (++acknowledged === 20) server.kill();
    });
    const outcomes = await Promise.allSettled(appending);
    await server.exited;
    await expect(engine.count(mailbox, "INBOX")).rejects.toMatchObject(GONE);
    await server.restart();
    const found = new Set(idsOf(await again(() => engine.find(mailbox, {}))));
    for (const [index, outcome] of outcomes.entries()) {
      const id = messages[index]?.id ?? "";
      if (outcome.status === "fulfilled") expect(found).toContain(id);
      else expect(outcome.reason).toMatchObject({ retryable: true });
    }
    expect(outcomes.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
    for (const message of messages.filter(({ id }) => !found.has(id))) await engine.append("INBOX", message);
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(messages.length);
  });

  test("is heard again by those who watch, and they are told of what they missed", async () => {
    const engine = await openEngine();
    const told = vi.fn();
    const watching = new AbortController();
    await engine.watch?.(mailbox, told, watching.signal);
    server.kill();
    await server.exited;
    await server.restart();
    await (await openEngine()).append("INBOX", newMessage(mailbox));
    await vi.waitFor(() => expect(told).toHaveBeenCalled(), { timeout: 10_000 });
    // The next one comes by notice again.
    const before = told.mock.calls.length;
    await (await openEngine()).append("INBOX", newMessage(mailbox));
    await vi.waitFor(() => expect(told.mock.calls.length).toBeGreaterThan(before), { timeout: 10_000 });
    watching.abort();
  });

  test("programs killed in the middle: what they acknowledged is there whole, nothing by half", async () => {
    const rounds = process.env.VOXPOST_TEST_ALL ? 10 : 2;
    const tree = server.tree({ url: await server.database() });
    const acknowledged = await killWriters(tree, rounds);
    await expectWhole(await openEngine(tree), acknowledged, rounds);
  }, 120_000);
});

describe("waits are bounded", () => {
  test("for a table that somebody keeps: STORE_TIMEOUT, and nobody waits any more on the server", async () => {
    const [engine, patient] = [await openEngine({ operation_ms: 200 }), await openEngine()];
    const { ref } = await patient.append("INBOX", newMessage(mailbox));
    const release = await lockMailboxes();
    await expect(engine.setFlags(ref, { heard: true })).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    await waiting(0);
    await release();
    expect(await again(() => engine.count(mailbox, "INBOX"))).toEqual({ urgent: 0, new: 1, old: 0 });
  });

  test("for a server that takes the call and says nothing: STORE_TIMEOUT", async () => {
    const mute = createServer((socket) => socket.on("error", () => {}).resume()).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const address = mute.address();
    const port = typeof address === "object" ? address?.port : 0;
    const engine = await openEngine({ url: `postgres://ann@127.0.0.1:${port}/voxpost`, connect_ms: 200 });
    await expect(engine.check()).rejects.toMatchObject({ code: "STORE_TIMEOUT", retryable: true });
    await expect(engine.watch?.(mailbox, () => {}, new AbortController().signal)).rejects.toMatchObject({
      code: "STORE_TIMEOUT",
    });
    await engine.close();
    mute.close();
  });

  test("closing ends at once what a server keeps", async () => {
    const engine = await openEngine();
    await engine.check();
    const release = await lockMailboxes();
    const counting = engine.count(mailbox, "INBOX");
    const ended = expect(counting).rejects.toMatchObject({ code: "ABORTED" });
    await waiting(1);
    const asked = performance.now();
    await engine.close();
    await ended;
    expect(performance.now() - asked).toBeLessThan(2_000);
    await release();
  });

  test("a hundred at once share the connections that there are", async () => {
    const engine = await openEngine({ max_connections: 3, url: await server.database() });
    await engine.check();
    const appends = Array.from({ length: 100 }, () => engine.append("INBOX", newMessage(mailbox)));
    const most = async () => {
      let seen = 0;
      for (let look = 0; look < 10; look++) {
        const [row] = await server.query(
          `select max(count)::int as count from (select count(*) ${OURS} group by datname) as each_database`,
        );
        seen = Math.max(seen, Number(row?.count));
      }
      return seen;
    };
    const [seen] = await Promise.all([most(), ...appends]);
    expect(seen).toBeLessThanOrEqual(3);
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(100);
  });
});

describe("what an administrator has to put right is said, without a secret", () => {
  const cases: Array<[what: string, over: Record<string, unknown>, says: RegExp]> = [
    ["a wrong password", { password: "hunter2" }, /password authentication failed.*see url, password/],
    ["no password", { password: undefined }, /password_file/],
    ["TLS that the server does not have", { tls: "tls" }, /tls: none/],
  ];
  test.each(cases)("%s", async (_, over, says) => {
    const engine = await openEngine(over);
    const refused = await engine.check().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "STORE_REFUSED", retryable: true });
    expect(String(refused)).toMatch(says);
    expect(String(refused)).not.toContain("hunter2");
  });

  test("a database that nobody made", async () => {
    const url = String(server.tree().url).replace(/[^/]*$/, "nowhere");
    const engine = await openEngine({ url });
    await expect(engine.check()).rejects.toMatchObject({ code: "STORE_REFUSED", retryable: true });
    await expect(engine.check()).rejects.toThrow(/database must be made first/);
    expect(engine.name).toBe(`sql:postgres://127.0.0.1:${server.port}/nowhere`);
  });
});

test("a server that answers before the disk has it is asked to wait for the disk", async () => {
  const url = await server.database();
  const name = url.replace(/.*\//, "");
  await server.query(`alter database ${name} set synchronous_commit = off`);
  const engine = await openEngine({ url });
  await engine.check();
  await server.query(
    `create table seen (setting text);
     create function look() returns trigger language plpgsql as
       $$ begin insert into seen values (current_setting('synchronous_commit')); return new; end $$;
     create trigger looks before insert on messages for each row execute function look();`,
    url,
  );
  const { ref } = await engine.append("INBOX", newMessage(mailbox));
  expect(await server.query("select setting from seen", url)).toEqual([{ setting: "on" }]);
  const [part] = await engine.read(ref);
  expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
});

test("a connection for watching is there as long as anybody watches", async () => {
  const listening = async () => {
    const rows = await server.query(`select query ${OURS} and query like 'listen%'`);
    return rows.length;
  };
  const engine = await openEngine();
  const [first, second] = [new AbortController(), new AbortController()];
  await engine.watch?.(mailbox, () => {}, first.signal);
  await engine.watch?.(mailbox, () => {}, second.signal);
  expect(await listening()).toBe(1);
  first.abort();
  expect(await listening()).toBe(1);
  second.abort();
  await expect.poll(listening, { timeout: 10_000 }).toBe(0);
  await engine.watch?.(mailbox, () => {}, new AbortController().signal);
  expect(await listening()).toBe(1);
  await engine.close();
  await expect.poll(listening, { timeout: 10_000 }).toBe(0);
});

test("with TLS only a server whose certificate is trusted, and is its own, gets the password", async () => {
  const ca = await server.startTls();
  const trusting = await openEngine({ tls: "tls", ca });
  await trusting.check();
  const [row] = await server.query(
    "select bool_and(ssl) as ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'voxpost'",
  );
  expect(row).toEqual({ ssl: true });
  await trusting.watch?.(mailbox, () => {}, new AbortController().signal);
  const stranger = await openEngine({ tls: "tls" });
  await expect(stranger.check()).rejects.toMatchObject({ code: "STORE_REFUSED", retryable: true });
  await expect(stranger.check()).rejects.toThrow(/not trusted: set ca/);
  const misnamed = await openEngine({
    tls: "tls",
    ca,
    url: String(server.tree().url).replace("127.0.0.1", "localhost"),
  });
  await expect(misnamed.check()).rejects.toThrow(/another name/);
}, 60_000);
