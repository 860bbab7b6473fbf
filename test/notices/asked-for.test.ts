import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { messageId, newId, parseName } from "../../src/custody/name.ts";
import { announceTo } from "../../src/jobs/announce.ts";
import { forward } from "../../src/jobs/forward.ts";
import type { JobData } from "../../src/jobs/table.ts";
import type { Subscriber } from "../../src/model/subscriber.ts";
import { second } from "../jobs/sound.ts";
import { ANN, BOB, recordingName, type World, world } from "../jobs/world.ts";

/** That each stored message gets its mail asked for, whatever happens around it. */

let here: World;
let jobs: JobData<"notice">[];
let isTaken: boolean;
beforeEach(async () => {
  here = await world();
  jobs = [];
  isTaken = true;
});
afterEach(() => here.close());

/** Everybody wants mails. */
const announce = announceTo(
  { find: (address) => ({ address, notices: {} }) as unknown as Subscriber },
  { notice: async (job) => isTaken && jobs.push(job) > 0 },
);
const deposit = (name: string) =>
  here.deliver({ asterisk: "pbx", parts: [name] }, here.program({ announce }));

describe("mails are asked for", () => {
  test("for each recipient of a message", async () => {
    const name = recordingName({ recipients: [ANN, BOB] });
    await here.recordings.put(name, second(1));
    await deposit(name);
    const { id, startedAt } = parseName(name);
    expect(jobs).toEqual(
      [ANN, BOB].map((mailbox) => ({
        mailbox,
        message: messageId(id, mailbox),
        receivedAt: startedAt.getTime(),
        at: expect.any(Number),
      })),
    );
  });

  test("with who sent a message on, with and without a comment", async () => {
    const first = recordingName({ recipients: [ANN] });
    await here.recordings.put(first, second(1));
    await deposit(first);
    const [original = { message: "" }] = jobs.splice(0);
    const request = { id: newId(), from: ANN, message: original.message, to: [BOB], urgent: false };
    await forward(request, here.program({ announce }), AbortSignal.timeout(5_000));
    const kind = { is: "comment", mailbox: ANN, message: original.message } as const;
    for (const samples of [second(2), 0]) {
      const comment = recordingName({ recipients: [BOB], kind });
      await here.recordings.put(comment, samples);
      await deposit(comment);
    }
    expect(jobs).toHaveLength(3);
    for (const job of jobs) expect(job).toMatchObject({ mailbox: BOB, forwardedBy: ANN });
  });

  test("again when the queue did not take it, and the recording stays until it has", async () => {
    const name = recordingName();
    await here.recordings.put(name, second(1));
    isTaken = false;
    await expect(deposit(name)).rejects.toMatchObject({ code: "QUEUE_UNREACHABLE", retryable: true });
    expect(here.recordings.names).toEqual([name]);
    isTaken = true;
    await deposit(name);
    expect(jobs).toHaveLength(1);
    expect(await here.messages(ANN)).toHaveLength(1);
    expect(here.recordings.names).toEqual([]);
  });
});
