import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { type ImapProxy, startImapProxy } from "./imap-proxy.ts";
import { type ImapServer, PIN, startImapServer } from "./imap-server.ts";

let server: ImapServer;
let proxy: ImapProxy;
let engine: ImapEngine;
let typing: AbortController;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());
afterEach(async () => {
  typing.abort();
  await engine?.close();
  await proxy?.close();
});

async function start(over: Record<string, unknown> = {}): Promise<MailboxAddress> {
  typing = new AbortController();
  proxy = await startImapProxy(server.port);
  engine = await server.engine({ port: proxy.port, ...over });
  return { mailbox: server.freshNumber(), context: "default" };
}

/** Resolves when everything was asked that is asked before a password: our ID is the last of it. */
async function expectPin(mailbox: MailboxAddress): Promise<void> {
  engine.expect(mailbox, typing.signal);
  await vi.waitFor(() => expect(proxy.commands.some((command) => command.startsWith("ID "))).toBe(true), {
    timeout: 10_000,
  });
  proxy.commands.length = 0;
}

describe("while a PIN is typed", () => {
  test("a connection is opened, so that only the password is left to be asked", async () => {
    const mailbox = await start();
    await expectPin(mailbox);
    expect(await engine.authenticate(mailbox, PIN)).toBe(true);
    // One line says it all; what follows is imapflow's own, and nobody waits for it.
    expect(proxy.commands[0]).toMatch(/^LOGIN \S+ \S+$/);
    expect(proxy.commands.filter((command) => /^(LOGIN|AUTHENTICATE)/.test(command))).toHaveLength(1);
    expect(proxy.most).toBe(1);
  });

  test("a wrong one is told apart, and the next is asked for on a connection of its own", async () => {
    const mailbox = await start();
    await expectPin(mailbox);
    expect(await engine.authenticate(mailbox, "1")).toBe(false);
    expect(await engine.authenticate(mailbox, PIN)).toBe(true);
  });

  test("a mailbox that does not exist is asked for in the same way", async () => {
    await start();
    const nobody = { mailbox: "4711", context: "nowhere" };
    await expectPin(nobody);
    expect(await engine.authenticate(nobody, PIN)).toBe(false);
    expect(proxy.most).toBe(1);
  });

  test("a connection that breaks meanwhile costs the caller nothing", async () => {
    const mailbox = await start();
    await expectPin(mailbox);
    proxy.cut();
    expect(await engine.authenticate(mailbox, PIN)).toBe(true);
  });

  test("who hangs up leaves no connection behind", async () => {
    const mailbox = await start();
    await expectPin(mailbox);
    typing.abort();
    await vi.waitFor(() => expect(proxy.open).toBe(0), { timeout: 10_000 });
  });

  test("they take a quarter of the connections at most, and the others check PINs as before", async () => {
    const mailbox = await start({ max_connections: 4 });
    const other = { mailbox: server.freshNumber(), context: "default" };
    await expectPin(mailbox);
    engine.expect(other, typing.signal);
    expect(await engine.authenticate(other, PIN)).toBe(true);
    expect(proxy.most).toBe(2);
  });

  test("the server is away: nothing is told before somebody asks", async () => {
    const mailbox = await start();
    await proxy.close();
    engine.expect(mailbox, typing.signal);
    await expect(engine.authenticate(mailbox, PIN)).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  });
});
