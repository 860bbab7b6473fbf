import { afterAll, beforeAll, expect, test } from "vitest";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { createPins } from "../../src/storage/pins.ts";
import { type ImapServer, PIN, startImapServer } from "./imap-server.ts";
import { newMessage, recordingLog } from "./samples.ts";

let server: ImapServer;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());

const OWN_PIN = "2468";

test.each(["proxy", "passwords"])(
  "with a user of its own, by %s, the account holds the mailbox",
  async (by) => {
    const mailbox = { mailbox: "anna", context: "default" };
    const user = `${server.freshNumber()}-default`;
    const way = by === "proxy" ? {} : { proxy: undefined, passwords: { "anna@default": PIN } };
    const engine = await server.engine({ users: { "anna@default": user }, ...way });
    await engine.append("INBOX", newMessage(mailbox));
    expect((await engine.list(mailbox, "INBOX", { view: "all", limit: 10 })).total).toBe(1);
    await engine.close();
    const client = await server.client(user);
    expect(await client.status("INBOX", { messages: true })).toMatchObject({ messages: 1 });
    await client.logout();
  },
);

test.each([
  { pins: "own", opens: OWN_PIN, closed: PIN },
  { pins: "server", opens: PIN, closed: OWN_PIN },
])("with pins: $pins, $opens is the PIN", async ({ pins, opens, closed }) => {
  const mailbox = { mailbox: server.freshNumber(), context: "default" };
  const engine = await server.engine({ pins });
  const own = createPins(() => ({ pin: OWN_PIN }));
  const store = new EngineStore({ engine, pins: own, log: recordingLog().log });
  store.expect(mailbox, AbortSignal.timeout(10_000));
  await store.authenticate(mailbox, opens);
  await expect(store.authenticate(mailbox, closed)).rejects.toMatchObject({ code: "PIN_WRONG" });
  expect(engine.capabilities.authenticate).toBe(pins === "server");
  await store.close();
});
