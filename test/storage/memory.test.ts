import { expect, test } from "vitest";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { testEngine } from "./contract.ts";
import { newMessage, sound } from "./samples.ts";

testEngine({
  name: "memory",
  runs: 200,
  async fresh() {
    const data = new MemoryData();
    return {
      mailbox: { mailbox: "10", context: "default" },
      similar: { mailbox: "100", context: "default" },
      elsewhere: { mailbox: "10", context: "sales" },
      async open() {
        const engine = new MemoryEngine(data, 100_000_000);
        await engine.open();
        return engine;
      },
      async dispose() {},
    };
  },
});

test("a mailbox that is full says so, and takes messages again when there is room", async () => {
  const engine = new MemoryEngine(new MemoryData(), 10);
  const mailbox = { mailbox: "1001", context: "default" };
  const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio: [sound("12345678")] }));
  const second = newMessage(mailbox, { audio: [sound("1234")] });
  await expect(engine.append("INBOX", second)).rejects.toMatchObject({ code: "STORE_FULL", retryable: true });
  await engine.remove(ref);
  await engine.append("INBOX", second);
  expect(await engine.quota(mailbox)).toEqual({ usedBytes: 4, limitBytes: 10 });
});
