import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { fillMailbox } from "./imap-fill.ts";
import { type ImapProxy, startImapProxy } from "./imap-proxy.ts";
import { type ImapServer, startImapServer } from "./imap-server.ts";
import { bytesOf, idsOf, newMessage, sound } from "./samples.ts";

const ALL = { view: "all", limit: 100 } as const;
const GONE = { code: "STORE_UNREACHABLE", retryable: true };

let server: ImapServer;
let proxy: ImapProxy;
let engine: ImapEngine;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());
afterEach(async () => {
  await engine?.close();
  await proxy?.close();
});

async function start(over: Record<string, unknown> = {}): Promise<MailboxAddress> {
  proxy = await startImapProxy(server.port);
  engine = await server.engine({ port: proxy.port, ...over });
  return { mailbox: server.freshNumber(), context: "default" };
}

describe("what a listing costs", () => {
  test("all pages of a large folder join to the whole", async () => {
    const mailbox = await start();
    await fillMailbox(server, mailbox, 450);
    const ids = new Set<string>();
    let after: string | undefined;
    do {
      const page = await engine.list(mailbox, "INBOX", { view: "all", limit: 100, ...(after && { after }) });
      for (const { envelope } of page.entries) ids.add(envelope.id);
      after = page.next;
    } while (after);
    expect(ids.size).toBe(450);
  });

  test("pages join while the folder grows too large to be ordered by the time of the call, and shrinks again", async () => {
    const mailbox = await start();
    await fillMailbox(server, mailbox, 100);
    const page = async (after?: string) =>
      engine.list(mailbox, "INBOX", { view: "all", limit: 30, ...(after && { after }) });
    const first = await page();
    const added = await engine.append("INBOX", newMessage(mailbox));
    const second = await page(first.next);
    await engine.remove(added.ref);
    const third = await page(second.next);
    const fourth = await page(third.next);
    expect(fourth.next).toBeUndefined();
    const ids = [first, second, third, fourth].flatMap(({ entries }) => idsOf(entries));
    expect([ids.length, new Set(ids).size]).toEqual([100, 100]);
  });
});

describe("when the connection breaks", () => {
  test("between two operations, the next one does not notice", async () => {
    const mailbox = await start();
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    for (const operation of [
      () => engine.count(mailbox, "INBOX"),
      () => engine.list(mailbox, "INBOX", ALL),
      () => engine.find(mailbox, {}),
      () => engine.setFlags(ref, { heard: true }),
      () => engine.append("INBOX", newMessage(mailbox)),
      () => engine.move(ref, "Work"),
    ]) {
      proxy.cut();
      await vi.waitFor(() => expect(proxy.open).toBe(0), 10_000);
      await nextTurn(); // the engine's end of the connection is told, too
      await operation();
    }
  });

  test("in the middle of a deposit, the fault says that trying again helps, and nothing is half stored", async () => {
    const mailbox = await start();
    await engine.count(mailbox, "INBOX");
    const message = newMessage(mailbox, { audio: [sound(Buffer.alloc(500_000, 7))] });
    proxy.cutAfter(300_000);
    await expect(engine.append("INBOX", message)).rejects.toMatchObject(GONE);
    expect(await engine.find(mailbox, { id: message.id })).toEqual([]);
    await engine.append("INBOX", message);
    expect(await engine.find(mailbox, { id: message.id })).toHaveLength(1);
  });

  test("while a message is played, it is played to its end", async () => {
    const mailbox = await start();
    const voice = Buffer.alloc(2_000_000, "voice");
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio: [sound(voice)] }));
    const [part] = await engine.read(ref);
    const heard: Buffer[] = [];
    for await (const chunk of part?.stream ?? []) {
      if (heard.length === 1) proxy.cut();
      heard.push(chunk);
    }
    expect(Buffer.concat(heard).equals(voice)).toBe(true);
  });

  test("a server that is away is unreachable for everybody, and is found again", async () => {
    const mailbox = await start({ port: 1 });
    for (const operation of [
      () => engine.check(),
      () => engine.authenticate(mailbox, "1"),
      () => engine.count(mailbox, "INBOX"),
      () => engine.append("INBOX", newMessage(mailbox)),
    ]) {
      await expect(operation()).rejects.toMatchObject(GONE);
    }
  });

  test("a server that accepts and says nothing costs no more than the time that is set", async () => {
    const mailbox = await start({ connect_ms: 200, operation_ms: 400 });
    // What is well may take longer than that on a busy machine.
    const counted = () => vi.waitFor(() => engine.count(mailbox, "INBOX"), 10_000);
    await counted();
    proxy.freeze(true);
    const late = { code: "STORE_TIMEOUT", retryable: true };
    await expect(engine.count(mailbox, "INBOX")).rejects.toMatchObject(late);
    await expect(engine.check()).rejects.toMatchObject(late);
    proxy.freeze(false);
    await counted();
  });

  test("a watched mailbox is watched again, and the gap counts as a change", async () => {
    const mailbox = await start();
    const told = vi.fn();
    const watching = new AbortController();
    await engine.watch(mailbox, told, watching.signal);
    proxy.cut();
    await vi.waitFor(() => expect(told).toHaveBeenCalled(), 10_000);
    const before = told.mock.calls.length;
    const other = await server.engine();
    await other.append("INBOX", newMessage(mailbox));
    await vi.waitFor(() => expect(told.mock.calls.length).toBeGreaterThan(before), 10_000);
    watching.abort();
    await other.close();
  });
});

describe("connections", () => {
  test("are bounded in total and per mailbox, and everybody is served", async () => {
    const first = await start({ max_connections: 4, max_per_user: 2 });
    const mailboxes = [
      first,
      ...Array.from({ length: 5 }, () => ({ mailbox: server.freshNumber(), context: "default" })),
    ];
    await Promise.all(Array.from({ length: 10 }, () => engine.count(first, "INBOX")));
    expect(proxy.most).toBe(2);
    await Promise.all(
      mailboxes.flatMap((mailbox) => [1, 2, 3].map(() => engine.append("INBOX", newMessage(mailbox)))),
    );
    expect(proxy.most).toBeLessThanOrEqual(4);
    for (const mailbox of mailboxes) expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(3);
  });

  test("that are not used are closed", async () => {
    const mailbox = await start({ idle_ms: 50 });
    await engine.count(mailbox, "INBOX");
    await vi.waitFor(() => expect(proxy.open).toBe(0), 10_000);
    await engine.count(mailbox, "INBOX");
  });

  test("of watched mailboxes are bounded, and given back", async () => {
    const mailbox = await start({ max_watched: 1 });
    const watching = new AbortController();
    await engine.watch(mailbox, () => {}, watching.signal);
    const second = new AbortController();
    await expect(engine.watch(mailbox, () => {}, second.signal)).rejects.toMatchObject({
      code: "STORE_REFUSED",
    });
    watching.abort();
    await vi.waitFor(() => expect(proxy.open).toBe(0), 10_000);
    await engine.watch(mailbox, () => {}, second.signal);
    second.abort();
  });

  test("are given back by audio that nobody reads to its end", async () => {
    const mailbox = await start({ max_per_user: 1 });
    const audio = [sound(Buffer.alloc(2_000_000))];
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio }));
    const [part] = await engine.read(ref);
    for await (const _ of part?.stream ?? []) break;
    const [other] = await engine.read(ref);
    expect(other && (await bytesOf(other.stream)).length).toBe(2_000_000);
  });
});
