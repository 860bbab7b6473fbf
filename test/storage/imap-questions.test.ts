import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { imapOptions } from "../../src/storage/engines/imap/options.ts";
import { createPins } from "../../src/storage/pins.ts";
import { addOrdinaryMail, fillMailbox, type Server } from "./imap-fill.ts";
import { type ImapProxy, startImapProxy } from "./imap-proxy.ts";
import { type ImapServer, PIN, startImapServer } from "./imap-server.ts";
import { bytesOf, newMessage, recordingLog } from "./samples.ts";

const PAGE = { view: "new", limit: 25 } as const;
const LONG = process.env.VOXPOST_TEST_ALL !== undefined;
/** What counts and the first page may take, with the login. */
const LOGIN_AND_LIST = ["AUTHENTICATE", "SELECT", "SEARCH", "SEARCH", "FETCH"];

/** A mail server of a busy machine takes its time for ten thousand mails that it has not seen before. */
const PATIENT = { timeout: 300_000 };

interface Ground {
  readonly server: Server;
  readonly pin: string;
  /** A mailbox that nobody used yet, and its account. */
  fresh(): { mailbox: MailboxAddress; account: string };
}

describe("on Dovecot", () => {
  let server: ImapServer;
  beforeAll(async () => {
    server = await startImapServer();
  });
  afterAll(() => server?.stop());
  countQuestions(() => ({
    server,
    pin: PIN,
    fresh: () => {
      const mailbox = { mailbox: server.freshNumber(), context: "default" };
      return { mailbox, account: `${mailbox.mailbox}-default` };
    },
  }));
});

/** Unpacking Cyrus takes 350 MB. */
if (LONG) describe("on Cyrus", onCyrus);
else test("on Cyrus", (context) => context.skip("long: npm run test:all unpacks and starts Cyrus"));

function onCyrus(): void {
  let lab: Lab;
  let used = 1000;
  beforeAll(async () => {
    lab = await startLab({ servers: ["imap"], imap: "cyrus" });
  }, 600_000);
  afterAll(() => lab?.stop());
  countQuestions(() => {
    if (!lab.imap) throw new Error("the lab has no IMAP server");
    return {
      server: lab.imap,
      pin: lab.mailboxes.pin,
      fresh: () => {
        const account = String(++used);
        return { mailbox: { mailbox: account, context: "default" }, account };
      },
    };
  });
}

function countQuestions(ground: () => Ground): void {
  let proxy: ImapProxy;
  let engine: ImapEngine;
  afterEach(async () => {
    await engine?.close();
    await proxy?.close();
  });

  async function start(messages: number, otherMail = 0): Promise<MailboxAddress> {
    const { server, fresh } = ground();
    const { mailbox, account } = fresh();
    await fillMailbox(server, mailbox, messages, account);
    if (otherMail > 0) await addOrdinaryMail(server, account, otherMail);
    proxy = await startImapProxy(server.port);
    const tree = { engine: "imap", host: "127.0.0.1", port: proxy.port, tls: "none", user: account };
    const options = imapOptions.parse({ ...tree, proxy: server.proxy, operation_ms: 120_000 });
    engine = new ImapEngine(options, {
      log: recordingLog().log,
      path: (file) => file,
    });
    await engine.open();
    return mailbox;
  }

  const asked = () => proxy.commands.map(verb);

  const sizes = LONG ? [10, 150, 1_000, 10_000] : [10, 150, 1_000];
  test.each(sizes)("%i messages: login, counts and first page are five questions", PATIENT, async (size) => {
    const mailbox = await start(size);
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: size, old: 0 });
    const page = await engine.list(mailbox, "INBOX", PAGE);
    expect([page.total, page.entries.length]).toEqual([size, Math.min(size, PAGE.limit)]);
    expect(asked()).toEqual(LOGIN_AND_LIST);
    // Headers are asked for by name, and bodies never.
    expect(proxy.commands.filter((command) => /BODY(?!\.PEEK\[HEADER\.FIELDS)/.test(command))).toEqual([]);
  });
  if (!LONG)
    test("10000 messages", (context) => context.skip("long: npm run test:all fills mailboxes of 10,000"));

  test("an INBOX with a thousand other mails is as cheap, and its voice messages are in the order of their calls", async () => {
    const mailbox = await start(0, 1_000);
    const [early, late] = [newMessage(mailbox), newMessage(mailbox)];
    for (const message of [late, early]) await engine.append("INBOX", message);
    await engine.close();
    await engine.open();
    proxy.commands.length = 0;
    expect((await engine.count(mailbox, "INBOX")).new).toBe(2);
    const { entries } = await engine.list(mailbox, "INBOX", PAGE);
    expect(entries.map(({ envelope }) => envelope.id)).toEqual([early.id, late.id]);
    expect(asked()).toEqual(LOGIN_AND_LIST);
  });

  test("flags of all kinds are counted, whatever lies between", async () => {
    const mailbox = await start(0);
    const kinds = [{}, { urgent: true }, { heard: true }, { heard: true, urgent: true }];
    for (const [index, flags] of kinds.entries()) {
      for (let each = 0; each <= index; each++) await engine.append("INBOX", newMessage(mailbox, flags));
    }
    expect(await engine.count(mailbox, "INBOX")).toEqual({ new: 1, urgent: 2, old: 7 });
    const { entries } = await engine.list(mailbox, "INBOX", { view: "old", limit: 10 });
    expect(entries.filter(({ envelope }) => envelope.urgent)).toHaveLength(4);
  });

  test("a PIN is checked by two questions, of which the first tells who asks", async () => {
    const mailbox = await start(0);
    expect(await engine.authenticate(mailbox, ground().pin)).toBe(true);
    expect(proxy.commands.map(verb).filter((each) => each !== "LOGOUT")).toEqual(["ID", "AUTHENTICATE"]);
  });

  test("a message is heard after three questions, a deposit is three, whatever folders there are", async () => {
    const mailbox = await start(10);
    const [first] = (await engine.list(mailbox, "INBOX", PAGE)).entries;
    await engine.close();
    await engine.open();
    proxy.commands.length = 0;
    const [part] = first ? await engine.read(first.ref) : [];
    expect(part && (await bytesOf(part.stream)).length).toBe(320);
    expect(asked()).toEqual(["AUTHENTICATE", "SELECT", "FETCH", "FETCH"]);

    const store = new EngineStore({ engine, pins: createPins(() => undefined), log: recordingLog().log });
    await store.deposit(newMessage(mailbox));
    proxy.commands.length = 0;
    await store.deposit(newMessage(mailbox));
    expect(asked()).toEqual(["NOOP", "SEARCH", "APPEND"]);

    if (first) await engine.move(first.ref, "Work");
    await engine.close();
    await engine.open();
    proxy.commands.length = 0;
    const message = newMessage(mailbox);
    const { entry } = await store.deposit(message, undefined, { untried: true });
    expect(asked()).toEqual(["AUTHENTICATE", "SELECT", "SEARCH", "APPEND"]);
    await store.move(entry, "Work");
    expect((await store.deposit(message)).existed).toBe(true);
  });
}

function verb(command: string): string {
  return command.replace(/^UID /, "").split(" ")[0] ?? "";
}
