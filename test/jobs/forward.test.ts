import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { messageId, newId } from "../../src/custody/name.ts";
import { VoxpostError } from "../../src/errors.ts";
import { forward } from "../../src/jobs/forward.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { NewMessage } from "../../src/model/message.ts";
import { second, wav } from "./sound.ts";
import { ANN, BOB, recordingName, type World, world } from "./world.ts";

const CAT: MailboxAddress = { mailbox: "1003", context: "default" };
const MESSAGE = "c".repeat(32);

let here: World;
beforeEach(async () => {
  here = await world();
});
afterEach(() => here.close());

/** A message in Ann's mailbox, already heard. */
async function original(change: Partial<NewMessage> = {}): Promise<void> {
  await here.engine.append("Work", {
    id: MESSAGE,
    mailbox: ANN,
    caller: { number: "5559", name: "Zoë" },
    receivedAt: new Date("2026-11-01T09:00:00Z"),
    duration: 4,
    heard: true,
    urgent: true,
    priority: true,
    private: false,
    category: "sales",
    callId: "1.1",
    audio: [{ kind: "voice", contentType: "audio/wav", open: async () => Readable.from([wav(second(4))]) }],
    ...change,
  });
}

const kinds = async (mailbox: MailboxAddress) => {
  const [entry] = await here.messages(mailbox);
  const parts = entry ? await here.store.audio(entry) : [];
  for (const { stream } of parts) stream.destroy();
  return parts.map(({ kind }) => kind);
};

const job = (change = {}) => ({
  id: newId(),
  from: ANN,
  message: MESSAGE,
  to: [BOB, CAT],
  urgent: false,
  ...change,
});
const run = (request: ReturnType<typeof job>) => forward(request, here.program(), AbortSignal.timeout(5000));

describe("forwarding without a comment", () => {
  it("keeps caller, time and category, under an id of its own for each", async () => {
    await original();
    const request = job();
    await run(request);
    for (const mailbox of [BOB, CAT]) {
      const [entry] = await here.messages(mailbox);
      expect(entry?.envelope).toMatchObject({
        id: messageId(request.id, mailbox),
        folder: "INBOX",
        caller: { number: "5559", name: "Zoë" },
        receivedAt: new Date("2026-11-01T09:00:00Z"),
        duration: 4,
        heard: false,
        urgent: false,
        priority: true,
        category: "sales",
      });
      expect(await here.audio(mailbox)).toEqual(wav(second(4)));
    }
    expect((await here.messages(ANN)).map(({ envelope }) => envelope.folder)).toEqual(["Work"]);
    expect(here.lamps).toEqual([BOB, CAT]);
  });

  it("is done once, however often it is tried, and keeps nobody from theirs", async () => {
    await original();
    const append = here.engine.append.bind(here.engine);
    here.engine.append = async (folder, message, signal) => {
      if (message.mailbox.mailbox === BOB.mailbox) throw new VoxpostError("STORE_UNREACHABLE", "away");
      return append(folder, message, signal);
    };
    const request = job({ urgent: true });
    await expect(run(request)).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    here.engine.append = append;
    await run(request);
    await run(request);
    for (const mailbox of [BOB, CAT]) {
      expect((await here.messages(mailbox)).map(({ envelope }) => envelope.urgent)).toEqual([true]);
    }
  });

  it("finds a message that its owner moves in that moment", async () => {
    await original();
    const { find, read } = here.engine;
    here.engine.read = async (ref, signal) => {
      here.engine.read = read;
      await here.engine.move(ref, "Friends");
      return read.call(here.engine, ref, signal);
    };
    here.engine.find = async () => {
      here.engine.find = find;
      return [];
    };
    await run(job());
    expect(await here.audio(BOB)).toEqual(wav(second(4)));
  });

  it.each([
    [1, false],
    [4, true],
  ])(
    "a store that has refused it for now for %i days has refused it for good: %s",
    async (days, isForGood) => {
      await original({ receivedAt: new Date("2026-01-01T09:00:00Z") });
      here.engine.append = async () => {
        throw new VoxpostError("STORE_REFUSED", "Not today", { retryable: true });
      };
      const running = run(job({ at: Date.now() - days * 86_400_000 }));
      if (isForGood) await running;
      else await expect(running).rejects.toMatchObject({ code: "STORE_REFUSED" });
      expect(grep("refused for good: not forwarded")).toHaveLength(isForGood ? 2 : 0);
    },
  );

  it("does not send on what its caller said is private, or what is gone", async () => {
    await expect(run(job())).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
    await original({ private: true });
    await expect(run(job())).rejects.toMatchObject({ code: "STORE_REFUSED" });
    expect(await here.messages(BOB)).toEqual([]);
  });
});

/** What a search of the log for a text finds. */
const grep = (text: string) =>
  here.lines.filter((line) => JSON.stringify(line).includes(text)).map(({ msg }) => msg);

it("is found in the log by the call in which the message was left", async () => {
  await original({ callId: "1795302000.3" });
  await run(job());
  expect(grep("1795302000.3")).toEqual(["delivered", "delivered"]);
  const [entry] = await here.messages(BOB);
  expect(entry?.envelope.callId).toBe("1795302000.3");
});

describe("a comment", () => {
  const kind = { is: "comment", mailbox: ANN, message: MESSAGE } as const;
  const comment = () => recordingName({ recipients: [BOB, CAT], kind, urgent: true });
  const deliver = (name: string) => here.deliver({ asterisk: "pbx", parts: [name] });

  it("is heard before the message that it belongs to", async () => {
    await original();
    const name = comment();
    await here.recordings.put(name, second(9));
    await deliver(name);
    for (const mailbox of [BOB, CAT]) {
      expect(await kinds(mailbox)).toEqual(["comment", "voice"]);
      expect(await here.audio(mailbox)).toEqual(wav(second(9)));
      const [entry] = await here.messages(mailbox);
      expect(entry?.envelope).toMatchObject({ caller: { number: "5559" }, duration: 4, urgent: true });
    }
    expect(here.recordings.names).toEqual([]);
    expect(grep("1795302871.7"), "by the call in which it was spoken").toContain("delivered");
    expect(grep('"original":"1.1"')).toEqual(["a message is sent on with a comment"]);
  });

  it("waits on Asterisk's disk while the message cannot be read", async () => {
    await original();
    const name = comment();
    await here.recordings.put(name, second(9));
    const read = here.engine.read.bind(here.engine);
    here.engine.read = async () => {
      throw new VoxpostError("STORE_UNREACHABLE", "away");
    };
    await expect(deliver(name)).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    expect(here.recordings.names).toEqual([name]);
    here.engine.read = read;
    await deliver(name);
    expect(await here.messages(BOB)).toHaveLength(1);
  });

  it("without a word forwards the message as it is", async () => {
    await original();
    const name = comment();
    await here.recordings.put(name, 0);
    await deliver(name);
    await deliver(name);
    expect(await kinds(BOB)).toEqual(["voice"]);
    expect(await here.messages(BOB)).toHaveLength(1);
    expect(here.recordings.names).toEqual([]);
  });

  it("is not what a note leaves: that is done, and removed, while its call goes on", async () => {
    await original();
    const name = comment().replace("/comment~", "/forward~");
    await here.recordings.put(name, second(9));
    here.recordings.existing.add("1795302871.7");
    await deliver(name);
    expect(await kinds(BOB)).toEqual(["voice"]);
    expect(await kinds(CAT)).toEqual(["voice"]);
    expect(here.recordings.names).toEqual([]);
  });

  it("without a word is set aside for whom it is refused, and can be tried again", async () => {
    await original();
    const append = here.engine.append.bind(here.engine);
    here.engine.append = async (folder, message, signal) => {
      if (message.mailbox.mailbox === BOB.mailbox) throw new VoxpostError("STORE_REFUSED", "too large");
      return append(folder, message, signal);
    };
    const name = comment();
    await here.recordings.put(name, 0);
    const reasons: string[] = [];
    const noting = { reasons: { note: async (_id: string, reason: string) => void reasons.push(reason) } };
    await here.deliver({ asterisk: "pbx", parts: [name] }, here.program(noting));
    expect(await here.messages(CAT)).toHaveLength(1);
    const aside = name.replace("voxpost/take/1002@default/1003@default", "voxpost/failed/1002@default");
    expect(here.recordings.names).toEqual([aside]);
    expect(reasons).toEqual(["1002@default: STORE_REFUSED: too large"]);

    here.engine.append = append;
    const again = aside.replace("voxpost/failed", "voxpost/deposit");
    await here.recordings.rename(aside, again);
    await deliver(again);
    expect(await kinds(BOB)).toEqual(["voice"]);
    expect(await here.messages(CAT)).toHaveLength(1);
    expect(here.recordings.names).toEqual([]);
  });

  it("is set aside when its mailbox is no more", async () => {
    const name = comment().replace("/comment~", "/forward~");
    await here.recordings.put(name, 0);
    here.engine.find = async () => {
      throw new VoxpostError("MAILBOX_UNKNOWN", "nobody");
    };
    await deliver(name);
    expect(here.recordings.names).toEqual([name.replace("voxpost/take", "voxpost/failed")]);
  });

  it("without a word goes to all who wait for it, whoever it was set aside for before", async () => {
    await original();
    const name = comment();
    await here.recordings.put(name.replace("take/1002@default/1003@default", "failed/1002@default"), 0);
    await here.recordings.put(name, 0);
    await deliver(name);
    expect(await kinds(CAT)).toEqual(["voice"]);
  });

  it("arrives alone when the message was purged meanwhile, and is set aside when that is private", async () => {
    const alone = comment();
    await here.recordings.put(alone, second(9));
    await deliver(alone);
    expect(await kinds(BOB)).toEqual(["voice"]);
    await original({ private: true });
    const refused = comment();
    await here.recordings.put(refused, second(9));
    await deliver(refused);
    expect(await here.messages(BOB)).toHaveLength(1);
    expect(here.recordings.names).toEqual([refused.replace("voxpost/take", "voxpost/failed")]);
  });
});
