import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import { TrashPurge } from "../../src/jobs/trash.ts";
import { createLogger } from "../../src/log.ts";
import type { Folder } from "../../src/model/folder.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { Subscriber } from "../../src/model/subscriber.ts";
import { ANN, BOB, type World, world } from "./world.ts";

const DAY = 86_400_000;

let here: World;
let folder: string;
let now: number;
beforeEach(async () => {
  here = await world();
  folder = mkdtempSync(join(tmpdir(), "voxpost-trash-"));
  now = Date.parse("2026-11-22T10:00:00Z");
});
afterEach(async () => {
  await here.close();
  rmSync(folder, { recursive: true, force: true });
});

const owner = (address: MailboxAddress, trashDays: number) => ({ address, trashDays }) as Subscriber;
const purge = (days = 14, others: readonly Subscriber[] = []) =>
  new TrashPurge({
    store: here.store,
    subscribers: { all: () => [owner(ANN, days), ...others] },
    file: join(folder, "data", "trash.json"),
    log: createLogger("silent"),
    now: () => now,
  }).run();

async function message(where: Folder, mailbox = ANN, id = "a".repeat(32)): Promise<void> {
  await here.engine.append(where, {
    id,
    mailbox,
    caller: {},
    receivedAt: new Date("2020-01-01T00:00:00Z"),
    duration: 3,
    heard: true,
    urgent: false,
    priority: false,
    private: false,
    audio: [
      { kind: "voice", contentType: "audio/wav", open: async () => Readable.from([Buffer.from("RIFF")]) },
    ],
  });
}

describe("the trash", () => {
  it("keeps a message for the stated time from when it was deleted, however old it is", async () => {
    await message("Trash");
    expect(await purge()).toBe(0);
    now += 14 * DAY - 1;
    expect(await purge()).toBe(0);
    now += 1;
    expect(await purge()).toBe(1);
    expect(await here.messages(ANN)).toEqual([]);
  });

  it("never touches what lies elsewhere, nor what was got back and deleted again", async () => {
    for (const where of ["INBOX", "Work"] as const) await message(where, ANN, where.padEnd(32, "0"));
    await message("Trash");
    await purge();
    const [deleted] = (await here.messages(ANN)).filter(({ ref }) => ref.folder === "Trash");
    if (!deleted) throw new Error("no message in the trash");
    const back = await here.store.move(deleted, "INBOX");
    now += 15 * DAY;
    await purge();
    await here.store.trash(back);
    expect(await purge()).toBe(0);
    expect(await here.messages(ANN)).toHaveLength(3);
  });

  it("is kept for ever with 0 days", async () => {
    await message("Trash");
    await purge(0);
    now += 1000 * DAY;
    expect(await purge(0)).toBe(0);
  });

  it("is kept longer when the notes are lost, or cannot be read", async () => {
    await message("Trash");
    await purge();
    writeFileSync(join(folder, "data", "trash.json"), "{");
    now += 15 * DAY;
    expect(await purge()).toBe(0);
    now += 14 * DAY;
    expect(await purge()).toBe(1);
  });

  it("keeps the notes of mailboxes that could not be looked at", async () => {
    await message("Trash", BOB);
    await purge(14, [owner(BOB, 14)]);
    now += 14 * DAY;
    const list = here.engine.list.bind(here.engine);
    here.engine.list = async () => {
      throw new VoxpostError("STORE_UNREACHABLE", "away");
    };
    expect(await purge(14, [owner(BOB, 14)])).toBe(0);
    here.engine.list = list;
    expect(await purge(14, [owner(BOB, 14)])).toBe(1);
  });

  it("is looked through page by page", async () => {
    for (let n = 0; n < 205; n++) await message("Trash", ANN, String(n).padStart(32, "0"));
    await purge();
    now += 14 * DAY;
    expect(await purge()).toBe(205);
  });
});
