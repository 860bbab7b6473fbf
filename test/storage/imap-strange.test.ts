import { randomInt } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isCode } from "../../src/errors.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import type { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { createPins } from "../../src/storage/pins.ts";
import { type ImapProxy, startImapProxy } from "./imap-proxy.ts";
import { type ImapServer, startImapServer } from "./imap-server.ts";
import { bytesOf, idsOf, newMessage, recordingLog, sound } from "./samples.ts";

const ALL = { view: "all", limit: 100 } as const;

let server: ImapServer;
let configuration: string;
let engine: ImapEngine | undefined;
let proxy: ImapProxy | undefined;
beforeAll(async () => {
  server = await startImapServer();
  configuration = readFileSync(file(), "utf8");
});
afterAll(() => server?.stop());
afterEach(async () => {
  await engine?.close();
  await proxy?.close();
  proxy = undefined;
});

const file = () => `${server.lab.folder}/dovecot/dovecot.conf`;
const fresh = () => ({ mailbox: server.freshNumber(), context: "default" });

async function configure(more: string): Promise<void> {
  writeFileSync(file(), `${configuration}\n${more}`);
  await server.lab.imap?.restart();
}

/** Namespaces as administrators have them: where the owner's folders lie, and what else there is. */
const NAMESPACES: Readonly<Record<string, { more: string; work: string }>> = {
  "a dot, and everything below INBOX": {
    more: "namespace inbox {\n  separator = .\n  prefix = INBOX.\n}\n",
    work: "INBOX.Sprach nachrichten.Bücher & Töne.Work",
  },
  "a backslash": {
    more: 'namespace inbox {\n  separator = "\\\\"\n}\n',
    work: "Sprach nachrichten\\Bücher & Töne\\Work",
  },
  "a slash and a prefix with a space, beside shared folders": {
    more: `namespace inbox {\n  separator = /\n  prefix = "My Mail/"\n}
namespace others {
  type = shared
  separator = /
  prefix = shared/%%u/
  location = maildir:%%h:INDEXPVT=%h/shared/%%u
  subscriptions = no
  list = children
}
namespace public {
  type = public
  separator = /
  prefix = Public/
  location = maildir:%h/../public
  subscriptions = no
}
`,
    work: "My Mail/Sprach nachrichten/Bücher & Töne/Work",
  },
  "a caret, and lie as a tree on the disk": {
    more: "mail_location = maildir:%h/tree:LAYOUT=fs\nnamespace inbox {\n  separator = ^\n}\n",
    work: "Sprach nachrichten^Bücher & Töne^Work",
  },
  "a comma, in a namespace without INBOX, which lies in a hidden one": {
    more: `namespace inbox {
  separator = ","
  hidden = yes
}
namespace mine {
  type = private
  separator = ","
  prefix = "Voice.Mail,"
  location = maildir:%h/mine
}
`,
    work: "Voice.Mail,Sprach nachrichten,Bücher & Töne,Work",
  },
};

describe("a server whose folders are", () => {
  test.each(Object.entries(NAMESPACES))(
    "separated by %s: ours lie where they belong",
    async (_, { more, work }) => {
      await configure(more);
      const mailbox = fresh();
      engine = await server.engine({
        folders: {
          parent: ["Sprach nachrichten", "Bücher & Töne"],
          trash: "Gelöschte (100%)",
          greetings: 'Grüße "neu"',
        },
      });
      const message = newMessage(mailbox);
      const { ref } = await engine.append("INBOX", message);
      const saved = await engine.append("Work", newMessage(mailbox));
      const trashed = await engine.move(ref, "Trash");
      expect((await engine.find(mailbox, {})).map((entry) => entry.ref)).toEqual([saved.ref, trashed]);
      expect(idsOf((await engine.list(mailbox, "Trash", ALL)).entries)).toEqual([message.id]);
      expect(await engine.count(mailbox, "Cust5")).toEqual({ urgent: 0, new: 0, old: 0 });
      await engine.move(trashed, "INBOX");
      expect(idsOf(await engine.find(mailbox, { folders: ["INBOX"] }))).toEqual([message.id]);
      await engine.writeGreeting(mailbox, "name", sound("me"));
      const greeting = await engine.readGreeting(mailbox, "name");
      expect(greeting && (await bytesOf(greeting.stream)).toString()).toBe("me");

      const client = await server.client(`${mailbox.mailbox}-default`);
      expect((await client.list()).map(({ path }) => path)).toEqual(expect.arrayContaining(["INBOX", work]));
      await client.logout();
    },
  );

  afterAll(() => configure(""));
});

describe("a server with ACLs", () => {
  const home = () => /^mail_location = maildir:(.*)\/mail\/%u$/m.exec(configuration)?.[1] ?? "";
  const rights = (owner: string, more = "") => {
    writeFileSync(`${server.lab.folder}/dovecot/rights`, `* owner ${owner}\n`);
    return configure(`protocol imap {
  mail_plugins = quota imap_quota acl imap_acl
}
plugin {
  acl = vfile:${home()}/rights
  ${more}
}
`);
  };

  test("what may only be read is read; nothing else is believed done", async () => {
    const mailbox = fresh();
    await rights("lrwstipekxa", "acl_user = %u");
    engine = await server.engine();
    const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
    await engine.close();
    await rights("lr", "acl_user = %u");
    engine = await server.engine();
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 1, old: 0 });
    const refused = { code: "STORE_REFUSED", retryable: true };
    await expect(engine.append("INBOX", newMessage(mailbox))).rejects.toMatchObject(refused);
    await expect(engine.append("Work", newMessage(mailbox))).rejects.toMatchObject(refused);
    await expect(engine.setFlags(ref, { heard: true })).rejects.toMatchObject(refused);
    await expect(engine.move(ref, "Work")).rejects.toMatchObject(refused);
    await expect(engine.remove(ref)).rejects.toMatchObject(refused);
    const { entries } = await engine.list(mailbox, "INBOX", ALL);
    expect(entries.map((entry) => entry.envelope)).toEqual([envelope]);
    const [part] = await engine.read(ref);
    expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
  });

  test("a proxy user who has no rights of the owner's is told so", async () => {
    await rights("lrwstipekxa");
    engine = await server.engine();
    const mailbox = fresh();
    const refused = { code: "STORE_REFUSED", retryable: true };
    const help = { ...refused, message: expect.stringContaining("may the proxy user do in it") };
    await expect(engine.append("INBOX", newMessage(mailbox))).rejects.toMatchObject(help);
    // An empty mailbox is what a caller must never be told here.
    await expect(engine.count(mailbox, "INBOX")).rejects.toMatchObject(refused);
    await expect(engine.find(mailbox, {})).rejects.toMatchObject(refused);
  });

  afterAll(() => configure(""));
});

test("a server with 300 ms on each way back: everything works, and questions are few", async () => {
  const mailbox = fresh();
  const near = await server.engine();
  for (let count = 0; count < 3; count++) await near.append("INBOX", newMessage(mailbox));
  await near.close();
  proxy = await startImapProxy(server.port, { delayMs: 300 });
  engine = await server.engine({ port: proxy.port });
  expect((await engine.count(mailbox, "INBOX")).new).toBe(3);
  const { entries } = await engine.list(mailbox, "INBOX", ALL);
  expect(entries).toHaveLength(3);
  const questions = ["AUTHENTICATE", "SELECT", "SEARCH", "SEARCH", "FETCH"];
  expect(proxy.commands.map(verb)).toEqual(questions);
  const [first] = entries;
  const [part] = first ? await engine.read(first.ref) : [];
  expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
  const store = storeOver(engine);
  await store.deposit(newMessage(mailbox));
  proxy.commands.length = 0;
  await store.deposit(newMessage(mailbox));
  expect(proxy.commands.map(verb)).toEqual(["NOOP", "SEARCH", "APPEND"]);
});

function verb(command: string): string {
  return command.replace(/^UID /, "").split(" ")[0] ?? "";
}

const ROUNDS = process.env.VOXPOST_TEST_ALL ? 150 : 25;

test(`a connection that breaks ${ROUNDS} times at random: every message is there, once`, {
  timeout: 120_000,
}, async () => {
  const mailbox = fresh();
  proxy = await startImapProxy(server.port);
  engine = await server.engine({ port: proxy.port, connect_ms: 3_000, operation_ms: 5_000 });
  const store = storeOver(engine);
  const stored = new Map<string, Buffer>();
  for (let round = 0; round < ROUNDS; round++) {
    const voice = Buffer.alloc(randomInt(1, 30_000), `voice ${round} `);
    const message = newMessage(mailbox, { audio: [sound(voice)] });
    breakSoon(proxy);
    const { entry } = await untilDone(() => store.deposit(message));
    stored.set(message.id, voice);
    if (round % 3 === 0) {
      breakSoon(proxy);
      await untilDone(async () => {
        const now = await store.find(mailbox, entry.envelope.id);
        if (!now) throw new Error("a message is lost while it is moved");
        return store.move(now, "Work");
      });
    }
  }
  const found = await untilDone(() => store.search(mailbox, {}));
  expect(idsOf(found).sort()).toEqual([...stored.keys()].sort());
  for (const entry of found) {
    const [part] = await untilDone(() => store.audio(entry));
    expect(part && (await bytesOf(part.stream)).equals(stored.get(entry.envelope.id) ?? Buffer.of())).toBe(
      true,
    );
  }
});

/** Somewhere in a login, a search, a literal, or the answer. */
function breakSoon(through: ImapProxy): void {
  through.cutAfter(randomInt(1, 30_000), randomInt(2) === 0 ? "sent" : "received");
}

/** As a job does: again, as long as the fault says that it helps. */
async function untilDone<T>(operation: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      if (!isCode(error, "STORE_UNREACHABLE", "STORE_TIMEOUT") || attempt === 10) throw error;
    }
  }
}

function storeOver(inner: ImapEngine): EngineStore {
  return new EngineStore({ engine: inner, pins: createPins(() => undefined), log: recordingLog().log });
}
