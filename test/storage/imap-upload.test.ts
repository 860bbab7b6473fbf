import { Readable } from "node:stream";
import type { ImapFlow } from "imapflow";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Logger } from "../../src/log.ts";
import { Connection } from "../../src/storage/engines/imap/connection.ts";
import type { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { imapOptions } from "../../src/storage/engines/imap/options.ts";
import { OutgoingMail } from "../../src/storage/engines/imap/outgoing.ts";
import { upload } from "../../src/storage/engines/imap/upload.ts";
import { type ImapProxy, type ProxyOptions, startImapProxy } from "./imap-proxy.ts";
import { type ImapServer, startImapServer } from "./imap-server.ts";
import { bytesOf, newMessage, recordingLog, sound } from "./samples.ts";

/** Longer than what is stored from memory. */
const LONG = Buffer.alloc(3_000_000, "a long voice. ");

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

async function start(options: ProxyOptions = {}) {
  proxy = await startImapProxy(server.port, options);
  engine = await server.engine({ port: proxy.port });
  const mailbox = { mailbox: server.freshNumber(), context: "default" };
  return { proxy, engine, mailbox, message: newMessage(mailbox, { audio: [sound(LONG)] }) };
}

test("a long message is stored whole, in a folder that has to be made for it, and the connection is used on", async () => {
  const { proxy, engine, mailbox, message } = await start();
  const { ref } = await engine.append("Work", message);
  const [part] = await engine.read(ref);
  expect(part && (await bytesOf(part.stream)).equals(LONG)).toBe(true);
  // The size goes first, and nothing more before the server has asked for it: a refusal costs no transfer.
  const sizes = proxy.commands.filter((command) => /^APPEND \S+ .*\{\d+\}$/.test(command));
  expect(sizes).toHaveLength(2);
  expect(proxy.commands.filter((command) => command === "CREATE Work")).toHaveLength(1);
  expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
  expect(proxy.most).toBe(1);
});

test("the connection is lost in the middle: it may be tried again, and nothing is half stored", async () => {
  const { proxy, engine, mailbox, message } = await start();
  await engine.count(mailbox, "INBOX");
  proxy.cutAfter(2_000_000);
  await expect(engine.append("INBOX", message)).rejects.toMatchObject({
    code: "STORE_UNREACHABLE",
    retryable: true,
  });
  expect(await engine.find(mailbox, { id: message.id })).toEqual([]);
  await engine.append("INBOX", message);
  expect(await engine.find(mailbox, { id: message.id })).toHaveLength(1);
});

test("it is cancelled in the middle: nothing is half stored, and the connection is not used again", async () => {
  const { proxy, engine, mailbox, message } = await start({ hold: { after: 1_000_000 } });
  const cancel = new AbortController();
  const storing = engine.append("INBOX", message, cancel.signal);
  await vi.waitFor(() => expect(proxy.held).toBe(true), 10_000);
  cancel.abort();
  await expect(storing).rejects.toMatchObject({ code: "ABORTED" });
  await vi.waitFor(() => expect(proxy.open).toBe(0), 10_000);
  expect((await engine.list(mailbox, "INBOX", { view: "all", limit: 5 })).total).toBe(0);
});

test.each([
  ["NO [OVERQUOTA] Quota exceeded", { code: "STORE_FULL", retryable: true }],
  ["NO [LIMIT] Too large", { code: "STORE_REFUSED", retryable: false }],
  ["NO [TOOBIG] Too large", { code: "STORE_REFUSED", retryable: false }],
])(
  "a server that answers %s before all is sent is understood, and what comes next is no part of the mail",
  async (answer, fault) => {
    const { engine, mailbox, message } = await start({ hold: { after: 500_000, answer } });
    await expect(engine.append("INBOX", message)).rejects.toMatchObject(fault);
    await engine.append("INBOX", newMessage(mailbox));
    expect((await engine.list(mailbox, "INBOX", { view: "all", limit: 5 })).total).toBe(1);
  },
);

test("an imapflow that is other inside stores it from memory, and says so in the log", async () => {
  const { port, proxy: login } = server;
  const options = imapOptions.parse({ engine: "imap", host: "127.0.0.1", port, tls: "none", proxy: login });
  const number = server.freshNumber();
  const account = { user: login.user, pass: login.password, authzid: `${number}-default` };
  const signal = new AbortController().signal;
  const debug = vi.fn();
  const log: Logger = Object.assign(recordingLog().log, { debug });
  const connection = await Connection.open(options, (file) => file, account, signal);
  const mail = new OutgoingMail(server.lab.folder);
  try {
    await mail.take(Readable.from([Buffer.from("Subject: long\r\n\r\n"), LONG], { objectMode: false }));
    const { commands } = connection.client as unknown as { commands: Map<string, Command> };
    const append = commands.get("APPEND");
    // It makes something else of what it is given before it sends it.
    const other: Command = async (client, path, content, ...rest) =>
      append?.(client, path, Buffer.isBuffer(content) ? content : Buffer.from("no mail"), ...rest);
    commands.set("APPEND", other);
    const stored = { path: "INBOX", mail, flags: [], date: new Date(0) };
    const { uid } = await upload(connection, "it cannot be stored", stored, log);
    await connection.select("INBOX");
    const [found] = await connection.fetch("it cannot be found", `${uid}`, { size: true });
    expect(found?.size).toBe(mail.length);
    expect(debug).toHaveBeenCalledOnce();
  } finally {
    await mail.end();
    await connection.end();
  }
});

type Command = (client: ImapFlow, path: string, content: unknown, ...rest: unknown[]) => Promise<unknown>;
