import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { testEngine } from "./contract.ts";
import { type ImapProxy, type ProxyOptions, startImapProxy } from "./imap-proxy.ts";
import { type ImapServer, PIN, startImapServer } from "./imap-server.ts";
import { bytesOf, idsOf, newMessage, sound } from "./samples.ts";

const ALL = { view: "all", limit: 100 } as const;

/** An extension as a server lacks it: neither announced nor understood. */
const WITHOUT: Readonly<Record<string, Required<Pick<ProxyOptions, "hide" | "refuse">>>> = {
  UIDPLUS: { hide: ["UIDPLUS", "APPENDUID", "COPYUID"], refuse: /^UID EXPUNGE/ },
  MOVE: { hide: ["MOVE"], refuse: /^(UID )?MOVE/ },
  CONDSTORE: { hide: ["CONDSTORE", "QRESYNC"], refuse: /CONDSTORE|QRESYNC|CHANGEDSINCE|MODSEQ/ },
  "LIST-STATUS": { hide: ["LIST-STATUS", "LIST-EXTENDED"], refuse: /^LIST .*RETURN/ },
  ESEARCH: { hide: ["ESEARCH"], refuse: /SEARCH RETURN/ },
  BINARY: { hide: ["BINARY"], refuse: /BINARY/ },
  QUOTA: { hide: ["QUOTA"], refuse: /QUOTA/ },
  IDLE: { hide: ["IDLE"], refuse: /^IDLE/ },
  NAMESPACE: { hide: ["NAMESPACE"], refuse: /^NAMESPACE/ },
  "LITERAL+": { hide: ["LITERAL+", "LITERAL-"], refuse: /\{\d+\+\}$/ },
  "SASL-IR": { hide: ["SASL-IR"], refuse: /^AUTHENTICATE PLAIN ./ },
  "ID and ENABLE": { hide: [" ID ", "ENABLE"], refuse: /^(ID|ENABLE) / },
  WITHIN: { hide: ["WITHIN"], refuse: /YOUNGER|OLDER/ },
};

const BARE = {
  hide: Object.values(WITHOUT).flatMap(({ hide }) => hide),
  refuse: new RegExp(
    Object.values(WITHOUT)
      .map(({ refuse }) => refuse.source)
      .join("|"),
  ),
};

let server: ImapServer;
let proxy: ImapProxy | undefined;
let engine: ImapEngine | undefined;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());
afterEach(async () => {
  await engine?.close();
  await proxy?.close();
});

async function start(options: ProxyOptions, over: Record<string, unknown> = {}) {
  proxy = await startImapProxy(server.port, options);
  engine = await server.engine({ port: proxy.port, poll_ms: 50, ...over });
  return { proxy, engine, mailbox: { mailbox: server.freshNumber(), context: "default" } };
}

describe("a server that lacks", () => {
  test.each(Object.entries({ ...WITHOUT, "all of them": BARE }))(
    "%s: nothing is asked that it does not know, and everything works",
    async (name, without) => {
      const { proxy, engine, mailbox } = await start(without);
      const watching = new AbortController();
      const told = vi.fn();
      await engine.watch(mailbox, told, watching.signal);

      const voice = Buffer.alloc(700_000, "a voice of more than one piece. ");
      const one = newMessage(mailbox, { text: "the word is quokka", audio: [sound(voice)] });
      const { ref } = await engine.append("INBOX", one);
      const two = await engine.append("INBOX", newMessage(mailbox, { urgent: true }));
      await vi.waitFor(() => expect(told).toHaveBeenCalled(), 5_000);
      watching.abort();
      expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 1, new: 1, old: 0 });
      expect(idsOf((await engine.list(mailbox, "INBOX", ALL)).entries)).toEqual([one.id, two.envelope.id]);
      expect((await engine.find(mailbox, { id: one.id })).map((entry) => entry.ref)).toEqual([ref]);
      const query = { words: "quokka", caller: "ann", receivedSince: one.receivedAt, urgent: false };
      expect(idsOf(await engine.find(mailbox, query))).toEqual([one.id]);
      const [part] = await engine.read(ref);
      expect(part && (await bytesOf(part.stream)).equals(voice)).toBe(true);
      await engine.setFlags(ref, { heard: true });
      const moved = await engine.move(ref, "Work");
      expect((await engine.list(mailbox, "Work", ALL)).entries.map((entry) => entry.ref)).toEqual([moved]);
      await engine.remove(two.ref);
      expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(0);
      for (const words of ["one", "two"]) await engine.writeGreeting(mailbox, "busy", sound(words));
      const greeting = await engine.readGreeting(mailbox, "busy");
      expect(greeting && (await bytesOf(greeting.stream)).toString()).toBe("two");
      const hasQuota = name !== "QUOTA" && name !== "all of them";
      expect((await engine.quota(mailbox)) !== undefined).toBe(hasQuota);

      expect(proxy.refused).toEqual([]);
      // Never a plain EXPUNGE, whatever is missing: it would remove what others only marked.
      expect(proxy.commands.filter((command) => /^EXPUNGE/.test(command))).toEqual([]);
    },
  );
});

describe("where a server offers", () => {
  test("ESEARCH, ten thousand UIDs come as ranges; BINARY, audio comes decoded; MOVE and UIDPLUS, in one step", async () => {
    const { proxy, engine, mailbox } = await start({});
    const voice = Buffer.alloc(200_000, 7);
    const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio: [sound(voice)] }));
    await engine.append("Work", newMessage(mailbox));
    await engine.count(mailbox, "INBOX");
    const before = proxy.bytes;
    const [part] = await engine.read(ref);
    expect(part && (await bytesOf(part.stream)).equals(voice)).toBe(true);
    expect(proxy.bytes - before).toBeLessThan(1.1 * voice.length);
    const moved = await engine.move(ref, "Work");
    await engine.remove(moved);
    const asked = (pattern: RegExp) => proxy.commands.filter((command) => pattern.test(command)).length;
    expect([asked(/SEARCH RETURN \(ALL\)/), asked(/BINARY\.PEEK/)]).not.toContain(0);
    expect([asked(/^UID MOVE/), asked(/^UID COPY/), asked(/^UID EXPUNGE/)]).toEqual([1, 0, 1]);
  });

  test("APPENDLIMIT, a message that is larger is refused before a byte of it is sent", async () => {
    const { proxy, engine, mailbox } = await start({ say: { " NOTIFY": " APPENDLIMIT=20000 NOTIFY" } });
    await engine.append("INBOX", newMessage(mailbox));
    proxy.commands.length = 0;
    const audio = [sound(Buffer.alloc(30_000))];
    await expect(engine.append("INBOX", newMessage(mailbox, { audio }))).rejects.toMatchObject({
      code: "STORE_REFUSED",
      retryable: false,
      message: expect.stringContaining("larger than the server allows"),
    });
    expect(proxy.commands.filter((command) => /APPEND/.test(command))).toEqual([]);
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(1);
  });
});

test("a part that the server cannot decode is decoded by us", async () => {
  const { proxy, engine, mailbox } = await start({ refuse: /BINARY\.PEEK/ });
  const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio: [sound("a voice")] }));
  const [part] = await engine.read(ref);
  expect(part && (await bytesOf(part.stream)).toString()).toBe("a voice");
  expect(proxy.refused).toHaveLength(1);
});

if (process.env.VOXPOST_TEST_ALL) {
  let bare: ImapProxy;
  beforeAll(async () => {
    bare = await startImapProxy(server.port, BARE);
  });
  afterAll(() => bare?.close());
  testEngine({
    name: "imap without any extension",
    runs: 2,
    async fresh() {
      const number = server.freshNumber();
      return {
        mailbox: { mailbox: number, context: "default" },
        similar: { mailbox: `${number}0`, context: "default" },
        elsewhere: { mailbox: number, context: "sales" },
        pin: PIN,
        open: () => server.engine({ port: bare.port, poll_ms: 100 }),
        async dispose() {},
      };
    },
    movers: "both",
  });
}
