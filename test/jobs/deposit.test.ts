import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { messageId, newId, parseName } from "../../src/custody/name.ts";
import { VoxpostError } from "../../src/errors.ts";
import { boundedRedis } from "../../src/jobs/redis.ts";
import type { Subscriber } from "../../src/model/subscriber.ts";
import { second, wav } from "./sound.ts";
import { ANN, BOB, recordingName, type World, world } from "./world.ts";

describe("delivering a recording", () => {
  let lab: Lab;
  let url: string;
  let here: World;
  beforeAll(async () => {
    lab = await startLab({ servers: ["redis"] });
    if (!lab.redis) throw new Error("these tests need a real Redis");
    url = lab.redis.url;
  });
  afterAll(() => lab?.stop());
  beforeEach(async () => {
    here = await world(url);
  });
  afterEach(() => here.close());

  const job = (...parts: string[]) => ({ asterisk: "pbx", parts });
  const unreachable = () => new VoxpostError("STORE_UNREACHABLE", "IMAP is away");

  it("brings it to every recipient with all that its name tells, and then removes it", async () => {
    const name = recordingName({ recipients: [ANN, BOB], urgent: true, priority: true, category: "sales" });
    await here.recordings.put(name, second(7));
    await here.deliver(job(name));
    for (const mailbox of [ANN, BOB]) {
      const [entry, ...more] = await here.messages(mailbox);
      expect(more).toEqual([]);
      expect(entry?.envelope).toMatchObject({
        id: messageId(parseName(name).id, mailbox),
        folder: "INBOX",
        caller: { number: "5551", name: "Zoë" },
        receivedAt: new Date("2026-11-21T10:00:00Z"),
        duration: 1,
        heard: false,
        urgent: true,
        priority: true,
        category: "sales",
        callId: "1795302871.7",
      });
    }
    expect(await here.audio(BOB)).toEqual(wav(second(7)));
    expect(here.recordings.names).toEqual([]);
    expect(here.lamps).toEqual([ANN, BOB]);
  });

  it("delivers the take before when the one that the job names is too short for everybody", async () => {
    const id = newId();
    const [first, second_] = [0, 1].map((take) => recordingName({ id, take }));
    await here.recordings.put(first ?? "", new Int16Array(24_000).fill(3));
    await here.recordings.put(second_ ?? "", second(4));
    const subscribers = { find: () => ({ minSeconds: 2 }) as Subscriber };
    await here.deliver(job(second_ ?? ""), here.program({ subscribers }));
    expect(await here.audio(ANN)).toEqual(wav(new Int16Array(24_000).fill(3)));
    expect(here.recordings.names).toEqual([]);
  });

  it.each([
    ["both are whole", 8000, 8000, true],
    ["the copy is half", 8000, 3000, false],
  ])(
    "killed while a message was marked as urgent, %s: delivered once, whole",
    async (_what, old, copy, urgent) => {
      const id = newId();
      await here.recordings.put(recordingName({ id }), new Int16Array(old).fill(1));
      await here.recordings.put(recordingName({ id, urgent: true }), new Int16Array(copy).fill(1));
      await here.deliver(job(recordingName({ id })));
      const [entry, ...more] = await here.messages(ANN);
      expect(more).toEqual([]);
      expect(entry?.envelope.urgent).toBe(urgent);
      expect(await here.audio(ANN)).toEqual(wav(new Int16Array(8000).fill(1)));
      expect(here.recordings.names).toEqual([]);
    },
  );

  it("delivers once when two programs do it at the same time", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(1));
    const append = here.engine.append.bind(here.engine);
    let goOn = () => {};
    const appending = new Promise<void>((begun) => {
      here.engine.append = async (...args) => {
        begun();
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return append(...args);
      };
    });
    const first = here.deliver(job(name), here.program());
    await appending;
    await expect(here.deliver(job(name), here.program())).rejects.toMatchObject({ code: "LOCKED" });
    goOn();
    await first;
    await here.deliver(job(name), here.program());
    expect(await here.messages(ANN)).toHaveLength(1);
    expect(here.recordings.names).toEqual([]);
  });

  it("keeps the recording while a store is away, and delivers once it is back", async () => {
    const name = recordingName({ recipients: [ANN, BOB] });
    await here.recordings.put(name, second(1));
    const append = here.engine.append.bind(here.engine);
    here.engine.append = async (folder, message, signal) => {
      if (message.mailbox.mailbox === ANN.mailbox) throw unreachable();
      return append(folder, message, signal);
    };
    for (const _ of [1, 2, 3]) {
      await expect(here.deliver(job(name))).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    }
    expect(await here.messages(BOB)).toHaveLength(1);
    expect(here.recordings.names).toEqual([name]);
    here.engine.append = append;
    await here.deliver(job(name));
    expect(await here.messages(ANN)).toHaveLength(1);
    expect(await here.messages(BOB)).toHaveLength(1);
    expect(here.recordings.names).toEqual([]);
  });

  it("delivers once although its answer was lost and Redis was emptied in between", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(1));
    const append = here.engine.append.bind(here.engine);
    here.engine.append = async (...args) => {
      await append(...args);
      throw unreachable();
    };
    await expect(here.deliver(job(name))).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    here.engine.append = append;
    const redis = boundedRedis(url, here.log);
    await new Promise((resolve) => redis.once("ready", resolve));
    await redis.flushall();
    redis.disconnect();
    await here.deliver(job(name), here.program());
    expect(await here.messages(ANN)).toHaveLength(1);
    expect(here.recordings.names).toEqual([]);
  });

  it("does not bring back what an owner has purged, while its recording could not be removed", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(1));
    here.recordings.before = (method) => {
      if (method === "remove") throw new VoxpostError("ASTERISK_UNREACHABLE", "Asterisk is away");
    };
    await expect(here.deliver(job(name))).rejects.toMatchObject({ code: "ASTERISK_UNREACHABLE" });
    const [entry] = await here.messages(ANN);
    if (entry) await here.store.purge(entry);
    here.recordings.before = () => {};
    await here.deliver(job(name), here.program());
    expect(await here.messages(ANN)).toEqual([]);
    expect(here.recordings.names).toEqual([]);
  });

  it("sets it aside for whom it is refused for good, and everybody else gets theirs", async () => {
    const name = recordingName({ recipients: [ANN, BOB] });
    await here.recordings.put(name, second(3));
    const append = here.engine.append.bind(here.engine);
    here.engine.append = async (folder, message, signal) => {
      if (message.mailbox.mailbox === ANN.mailbox) throw new VoxpostError("STORE_REFUSED", "No such user");
      return append(folder, message, signal);
    };
    await here.deliver(job(name));
    expect(await here.messages(BOB)).toHaveLength(1);
    const aside = name.replace("voxpost/take/1001@default/1002@default", "voxpost/failed/1001@default");
    expect(here.recordings.names).toEqual([aside]);
    expect(here.lines).toContainEqual(
      expect.objectContaining({ level: 50, msg: expect.stringContaining("refused") }),
    );

    // What was set aside is nobody's job, until an administrator puts it back.
    await here.deliver(job(name));
    expect(here.recordings.names).toEqual([aside]);
    here.engine.append = append;
    const back = aside.replace("failed", "deposit");
    await here.recordings.copy(aside, back);
    await here.deliver(job(back));
    expect(await here.messages(ANN)).toHaveLength(1);
    expect(await here.messages(BOB)).toHaveLength(1);
    expect(here.recordings.names).toEqual([]);
  });

  it.each([
    [1, false],
    [4, true],
  ])(
    "a store that refuses without saying for how long has %i days: set aside is %s",
    async (days, isAside) => {
      const name = recordingName({ startedAt: new Date(Date.now() - days * 86_400_000) });
      await here.recordings.put(name, second(3));
      here.engine.append = async () => {
        throw new VoxpostError("STORE_REFUSED", "Not today", { retryable: true });
      };
      const delivering = here.deliver(job(name));
      if (isAside) await delivering;
      else await expect(delivering).rejects.toMatchObject({ code: "STORE_REFUSED" });
      expect(here.recordings.names).toEqual([isAside ? name.replace("/take/", "/failed/") : name]);
    },
  );

  it("begins setting aside again after a death in the midst of it", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(3));
    const aside = name.replace("/take/", "/failed/");
    await here.recordings.put(aside, 10);
    here.engine.append = async () => {
      throw new VoxpostError("STORE_REFUSED", "No such user");
    };
    await here.deliver(job(name));
    expect(here.recordings.names).toEqual([aside]);
    const chunks: Buffer[] = [];
    for await (const chunk of await here.recordings.fetch(aside)) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks)).toEqual(wav(second(3)));
  });

  it("leaves what another worker has set aside meanwhile", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(3));
    const aside = name.replace("/take/", "/failed/");
    here.engine.append = async () => {
      await here.recordings.copy(name, aside);
      await here.recordings.remove(name);
      throw new VoxpostError("STORE_REFUSED", "No such user");
    };
    await here.deliver(job(name));
    expect(here.recordings.names).toEqual([aside]);
  });

  it("takes what another worker sets aside in the same moment for set aside", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(3));
    const aside = name.replace("/take/", "/failed/");
    here.engine.append = async () => {
      throw new VoxpostError("STORE_REFUSED", "No such user");
    };
    here.recordings.before = async (method) => {
      if (method !== "copy") return;
      here.recordings.before = () => {};
      await here.recordings.copy(name, aside);
      await here.recordings.remove(name);
    };
    await here.deliver(job(name));
    expect(here.recordings.names).toEqual([aside]);
  });

  it("sets aside what is no audio, instead of trying for ever", async () => {
    const name = recordingName({ recipients: [ANN, BOB] });
    await here.recordings.put(name, Buffer.from("this has never been a sound file, whatever its name"));
    await here.deliver(job(name));
    expect(here.recordings.names).toEqual([name.replace("/take/", "/failed/")]);
    expect(await here.messages(ANN)).toEqual([]);
  });

  const BROKEN = Buffer.from("this has never been a sound file, whatever its name");
  it.each([
    ["the take that was accepted", { take: 1 }, { take: 0 }],
    ["an earlier take", { take: 0 }, { take: 1 }],
    ["one part of the take", { part: 0 }, { part: 1 }],
    ["the copy of a renaming", { urgent: true }, {}],
  ])("delivers what was said, and sets aside what is no audio: %s", async (_, broken, good) => {
    const id = newId();
    const [no, yes] = [recordingName({ id, ...broken }), recordingName({ id, ...good })];
    await here.recordings.put(no, BROKEN);
    await here.recordings.put(yes, second(6));
    const notes = new Map<string, string>();
    const reasons = { note: async (of: string, reason: string) => void notes.set(of, reason) };
    const wanted = recordingName({ id, take: Math.max(parseName(no).take, parseName(yes).take) });
    await here.deliver(job(wanted), here.program({ reasons }));
    expect(await here.audio(ANN)).toEqual(wav(second(6)));
    // What is not needed is not looked at.
    const isSeen = parseName(no).take >= parseName(yes).take;
    expect(here.recordings.names).toEqual(isSeen ? [no.replace("/take/", "/failed/")] : []);
    expect(notes.get(id)).toEqual(isSeen ? expect.stringContaining("MESSAGE_MALFORMED") : undefined);
    expect(here.recordings.removed.at(-1)).toBe(isSeen ? no : yes);
  });

  it("joins the parts of a take in order", async () => {
    const id = newId();
    const parts = [0, 1, 2].map((part) => recordingName({ id, part }));
    for (const [value, name] of [...parts.entries()].reverse())
      await here.recordings.put(name, second(value + 1));
    await here.deliver(job(...parts));
    const whole = Int16Array.from([...second(1), ...second(2), ...second(3)]);
    expect(await here.audio(ANN)).toEqual(wav(whole));
    expect((await here.messages(ANN))[0]?.envelope.duration).toBe(3);
    expect(here.recordings.names).toEqual([]);
  });

  it("delivers the take that was accepted, and removes the others only after it", async () => {
    const id = newId();
    const takes = [0, 1].map((take) => recordingName({ id, take }));
    for (const [value, name] of takes.entries()) await here.recordings.put(name, second(value + 1));
    await here.deliver(job(takes[1] ?? ""));
    expect(await here.audio(ANN)).toEqual(wav(second(2)));
    expect(here.recordings.removed).toEqual(takes);
  });

  it("falls back to the take below when nothing was said in the last one", async () => {
    const id = newId();
    const takes = [0, 1, 2].map((take) => recordingName({ id, take }));
    await here.recordings.put(takes[0] ?? "", second(1));
    await here.recordings.put(takes[1] ?? "", second(2));
    await here.recordings.put(takes[2] ?? "", 0);
    await here.deliver(job(takes[2] ?? ""));
    expect(await here.audio(ANN)).toEqual(wav(second(2)));
    expect(here.recordings.names).toEqual([]);
  });

  it.each([true, false])(
    "does not trust the shorter copy of a part, which became urgent: %s",
    async (urgent) => {
      const id = newId();
      const [old, copy] = [recordingName({ id, urgent: !urgent }), recordingName({ id, urgent })];
      await here.recordings.put(old, second(4));
      await here.recordings.put(copy, second(4).subarray(0, 4000));
      await here.deliver(job(copy));
      expect(await here.audio(ANN)).toEqual(wav(second(4)));
      expect((await here.messages(ANN))[0]?.envelope.urgent).toBe(!urgent);
      expect(here.recordings.names).toEqual([]);
    },
  );

  it("repairs what Asterisk left when it was killed", async () => {
    const name = recordingName();
    await here.recordings.put(name, wav(second(5), { riff: 0, data: 0 }));
    await here.deliver(job(name));
    expect(await here.audio(ANN)).toEqual(wav(second(5)));
  });

  it("delivers nothing where nothing was said, and removes that only when the call is certainly over", async () => {
    const name = recordingName({ channel: "a b/c" });
    await here.recordings.put(name, 0);
    here.recordings.existing.add("a b/c");
    await here.deliver(job(name));
    here.recordings.existing.clear();
    here.recordings.live.add(name);
    await here.deliver(job(name));
    expect(here.recordings.names).toEqual([name]);
    here.recordings.live.clear();
    await here.deliver(job(name));
    expect(here.recordings.names).toEqual([]);
    expect(await here.messages(ANN)).toEqual([]);
  });

  it("keeps nothing shorter than the mailbox wants", async () => {
    const name = recordingName({ recipients: [ANN, BOB] });
    await here.recordings.put(name, second(1));
    const subscribers = {
      find: ({ mailbox }: { mailbox: string }) =>
        mailbox === ANN.mailbox ? ({ minSeconds: 2 } as never) : undefined,
    };
    await here.deliver(job(name), here.program({ subscribers }));
    expect(await here.messages(ANN)).toEqual([]);
    expect(await here.messages(BOB)).toHaveLength(1);
    expect(here.recordings.names).toEqual([]);
  });

  it("touches nothing while Asterisk is away, or is none of ours", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(1));
    here.recordings.away = true;
    await expect(here.deliver(job(name))).rejects.toMatchObject({
      code: "ASTERISK_UNREACHABLE",
      retryable: true,
    });
    await expect(here.deliver({ asterisk: "other", parts: [name] })).rejects.toMatchObject({
      retryable: true,
    });
    expect(here.recordings.names).toEqual([name]);
    here.recordings.away = false;
    await here.deliver(job(name));
    expect(await here.messages(ANN)).toHaveLength(1);
  });

  it("leaves other messages alone", async () => {
    const [mine, other] = [recordingName(), recordingName()];
    await here.recordings.put(mine, second(1));
    await here.recordings.put(other, second(2));
    await here.deliver(job(mine));
    expect(here.recordings.names).toEqual([other]);
  });
});
