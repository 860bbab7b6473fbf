import { afterAll, beforeAll, expect, test } from "vitest";
import { type ImapServer, startImapServer } from "./imap-server.ts";
import { bytesOf } from "./samples.ts";
import { WILD } from "./wild.ts";

const ALL = { view: "all", limit: 100 } as const;
const STORED = new Date("2026-01-02T03:04:05Z");

let server: ImapServer;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());

async function storeMails(mails: ReadonlyArray<readonly string[]>) {
  const mailbox = { mailbox: server.freshNumber(), context: "default" };
  const client = await server.client(`${mailbox.mailbox}-default`);
  for (const lines of mails)
    await client.append("INBOX", Buffer.from(lines.join("\r\n"), "latin1"), [], STORED);
  return { mailbox, client };
}

test.each(WILD.filter(({ envelope }) => envelope))("$what", async ({ lines, envelope, parts }) => {
  const { mailbox, client } = await storeMails([lines]);
  await client.logout();
  const engine = await server.engine();
  const { entries } = await engine.list(mailbox, "INBOX", ALL);
  expect(entries.map((entry) => entry.envelope)).toEqual([expect.objectContaining(envelope)]);
  const [entry] = entries;
  if (!entry) throw new Error("unreachable");
  expect(await engine.find(mailbox, { id: entry.envelope.id })).toEqual(entries);
  if (parts) {
    const heard = [];
    for (const { kind, contentType, stream } of await engine.read(entry.ref)) {
      heard.push([kind, contentType, (await bytesOf(stream)).toString("latin1")]);
    }
    expect(heard).toEqual(parts);
  } else await expect(engine.read(entry.ref)).rejects.toMatchObject({ code: "MESSAGE_MALFORMED" });
  await engine.move(entry.ref, "Work");
  expect(await engine.count(mailbox, "Work")).toMatchObject({ new: 1 });
  await engine.close();
});

test("ordinary mail is never shown, counted, found or touched", async () => {
  const ordinary = WILD.filter(({ envelope }) => !envelope);
  expect(ordinary.length).toBeGreaterThan(4);
  const { mailbox, client } = await storeMails(ordinary.map(({ lines }) => lines));
  const engine = await server.engine();
  expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
  const subjects = (await engine.find(mailbox, {})).map(({ envelope }) => envelope);
  expect(subjects).toEqual([]);
  expect(await engine.find(mailbox, { caller: "2000" })).toEqual([]);
  await engine.close();
  await client.mailboxOpen("INBOX");
  const mails = await client.fetchAll("1:*", { flags: true });
  expect(mails.map(({ flags }) => [...(flags ?? [])].filter((flag) => flag !== "\\Recent"))).toEqual(
    ordinary.map(() => []),
  );
  await client.logout();
});
