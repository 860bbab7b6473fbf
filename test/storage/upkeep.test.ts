import { expect, test } from "vitest";
import { createLogger } from "../../src/log.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { Upkeep } from "../../src/storage/upkeep.ts";

const log = createLogger("silent");
const mailboxes = ["1001", "1002", "1003"].map((mailbox) => ({ mailbox, context: "default" }));

test("every mailbox is tidied, and one that fails hinders no other", async () => {
  const engine = createEngine({ engine: "memory" }, { log, folder: "/nonexistent" });
  const seen: string[] = [];
  engine.tidy = async ({ mailbox }) => {
    seen.push(mailbox);
    if (mailbox === "1002") throw new Error("away");
  };
  const upkeep = new Upkeep({ engine, mailboxes: () => mailboxes, log });
  await upkeep.run();
  expect(seen).toEqual(["1001", "1002", "1003"]);
});

test("it ends when it is stopped, also between two rounds", async () => {
  const engine = createEngine({ engine: "memory" }, { log, folder: "/nonexistent" });
  let rounds = 0;
  engine.tidy = async () => {
    rounds++;
  };
  const upkeep = new Upkeep({ engine, mailboxes: () => mailboxes, log });
  upkeep.start();
  await expect.poll(() => rounds, { timeout: 10_000 }).toBe(3);
  await upkeep.stop();
  expect(rounds).toBe(3);
});
