import { beforeEach, expect, test } from "vitest";
import type { Folder } from "../../src/model/folder.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { createPins } from "../../src/storage/pins.ts";
import { atMinute, idsOf, newMessage, recordingLog } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };

let store: EngineStore;
beforeEach(() => {
  const engine = new MemoryEngine(new MemoryData());
  store = new EngineStore({ engine, pins: createPins(() => undefined), log: recordingLog().log });
});

test("a search finds by what the envelope says, oldest call first, the trash included", async () => {
  const late = newMessage(mailbox, { caller: { name: "Zoe" }, receivedAt: atMinute(20) });
  const early = newMessage(mailbox, { caller: { name: "zoe" }, receivedAt: atMinute(10) });
  for (const message of [late, early, newMessage(mailbox)]) await store.deposit(message);
  await store.trash((await store.deposit(early)).entry);
  expect(idsOf(await store.search(mailbox, { caller: "ZOE" }))).toEqual([early.id, late.id]);
});

test("a search that is none is refused", async () => {
  const folders = ["Junk" as Folder];
  await expect(store.search(mailbox, { folders })).rejects.toMatchObject({ code: "FOLDER_UNKNOWN" });
  for (const query of [{ caller: "x".repeat(201) }, { receivedSince: new Date("never") }]) {
    await expect(store.search(mailbox, query)).rejects.toMatchObject({ code: "INTERNAL" });
  }
});
