import { execa } from "execa";
import { ImapFlow } from "imapflow";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { type Phone, startPhone } from "../../lab/phone.ts";
import { VoxpostError } from "../../src/errors.ts";
import { mwi } from "../../src/jobs/mwi.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { openStorage } from "../scenarios/mailbox.ts";
import { newMessage } from "../storage/samples.ts";
import { accountsOf, PATIENCE } from "./site.ts";

/** What a mail program does, while nobody telephones: real Dovecot, real Asterisk, phones that subscribed to their lamps. */

/** Among those that are watched from the start, and behind them. */
const [WATCHED, OTHER, AWAY, ALIAS] = ["1001", "1005", "1006", "1099"];
const box = (mailbox: string) => ({ mailbox, context: "default" });

let lab: Lab;
let engine: Engine;
let redis: Redis;
let configuration: string;
const phones: Phone[] = [];

beforeAll(async () => {
  lab = await startLab();
  if (!lab.asterisk) return;
  const storage = { ...accountsOf(lab), max_watched: 2 };
  configuration = lab.writeConfiguration({
    overrides: {
      storage,
      lamps: { watched: 2, poll: 3_600 },
      aliases: { [`${ALIAS}@default`]: `${WATCHED}@default` },
      contexts: { default: { mailboxes: { "1001-1010": {} } } },
    },
  });
  await lab.startApp(configuration);
  redis = new Redis(lab.redis?.url ?? "");
  engine = await openStorage({ ...storage, max_watched: 0 }, lab.folder);
}, 120_000);
beforeEach(({ skip }) => {
  if (!lab.asterisk) skip(lab.asteriskMissing ?? "no Asterisk");
});
afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close()));
  redis?.disconnect();
  await engine?.close();
  await lab?.stop();
});

/** A phone with what its lamp was told since it showed that its mailbox is empty. */
async function phoneOf(number: string): Promise<{ phone: Phone; told: number[] }> {
  // Until the first poll has come to it, Asterisk knows nothing of it.
  await vi.waitFor(
    async () => expect(await redis.hget("voxpost:lamps:lab", `${number}@default`)).toMatch(/^\[0,0,0,/),
    PATIENCE,
  );
  const phone = await startPhone({ sip: lab.asterisk?.sip ?? { host: "", port: 0 }, number });
  phones.push(phone);
  await phone.subscribe();
  await vi.waitFor(() => expect(phone.mwi?.newMessages).toBe(0), PATIENCE);
  const told: number[] = [];
  phone.onMwi(({ newMessages }) => told.push(newMessages));
  return { phone, told };
}

async function removeAll(mailbox: string): Promise<void> {
  const { imap, mailboxes } = lab;
  const client = new ImapFlow({
    host: imap?.host ?? "",
    port: imap?.port ?? 0,
    secure: false,
    doSTARTTLS: false,
    auth: { user: mailbox, pass: mailboxes.pin },
    logger: false,
  });
  await client.connect();
  await client.mailboxOpen("INBOX");
  await client.messageDelete("1:*");
  await client.logout();
}

const refresh = (...mailboxes: string[]) =>
  execa(process.execPath, [
    "--import",
    "tsx",
    "src/cli.ts",
    "--config",
    configuration,
    "refresh",
    ...mailboxes,
  ]);

/** As it was before an attempt that failed. */
async function empty(mailbox: string): Promise<void> {
  if ((await engine.find(box(mailbox), {})).length === 0) return;
  await removeAll(mailbox);
  await refresh(`${mailbox}@default`);
}

test("a watched mailbox: every phone that shows it is told of each change, once", {
  timeout: 120_000,
}, async () => {
  await empty(WATCHED);
  const all = await Promise.all([phoneOf(WATCHED), phoneOf(WATCHED), phoneOf(ALIAS)]);
  await engine.append("INBOX", newMessage(box(WATCHED)));
  for (const { told } of all) await vi.waitFor(() => expect(told).toEqual([1]), PATIENCE);
  await removeAll(WATCHED);
  for (const { told } of all) await vi.waitFor(() => expect(told).toEqual([1, 0]), PATIENCE);
});

test("any other: a refresh by a hook of the mail server", { timeout: 120_000 }, async () => {
  await empty(OTHER);
  const { told } = await phoneOf(OTHER);
  await engine.append("INBOX", newMessage(box(OTHER)));
  await refresh(`${OTHER}@default`, `${OTHER}@default`);
  await vi.waitFor(() => expect(told).toEqual([1]), PATIENCE);
  await expect(refresh("1999@default")).rejects.toMatchObject({
    stderr: expect.stringContaining("MAILBOX_UNKNOWN"),
  });
});

test("a store that is away is not an empty one, and is counted when it is back", {
  timeout: 120_000,
}, async () => {
  await empty(AWAY);
  const { told } = await phoneOf(AWAY);
  await engine.append("INBOX", newMessage(box(AWAY)));
  await refresh(`${AWAY}@default`);
  await vi.waitFor(() => expect(told).toEqual([1]), PATIENCE);
  await removeAll(AWAY);
  lab.imap?.kill();
  await lab.imap?.exited;
  await refresh(`${AWAY}@default`);
  expect(told).toEqual([1]);
  await lab.imap?.restart();
  await vi.waitFor(() => expect(told).toEqual([1, 0]), PATIENCE);
});

test("counts that the store did not give are published nowhere", async () => {
  const publish = vi.fn(async () => {});
  const away = new VoxpostError("STORE_UNREACHABLE", "away");
  const refuse = { refresh: () => Promise.reject(away) };
  const deps = { snapshots: refuse, lamp: { publish }, tellOthers: publish };
  await expect(mwi(box(WATCHED), deps, new AbortController().signal)).rejects.toBe(away);
  expect(publish).not.toHaveBeenCalled();
});
