import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Phone, startPhone } from "../../lab/phone.ts";
import { type Rig, startRigOrFail } from "./harness.ts";

describe("the lamp of a real phone", () => {
  let rig: Rig;
  let owner: Phone;
  const mailbox = { mailbox: "1001", context: "default" };

  beforeAll(async () => {
    rig = await startRigOrFail();
    owner = await startPhone({ sip: rig.asterisk.sip, number: "1001" });
    await owner.subscribe();
  });
  afterAll(async () => {
    await owner?.close();
    await rig?.close();
  });

  const shows = (newMessages: number, oldMessages: number) =>
    owner.waitForMwi((lamp) => lamp.newMessages === newMessages && lamp.oldMessages === oldMessages);

  it("shows the counts, urgent messages among the new ones", async () => {
    await rig.ivr.lamps.publish(mailbox, { urgent: 1, new: 2, old: 7 });
    await shows(3, 7);
    await rig.ivr.lamps.publish(mailbox, { urgent: 0, new: 0, old: 8 });
    await shows(0, 8);
  });

  it("is told once of many changes, and not at all of none", async () => {
    const post = vi.spyOn(rig.ivr.asterisk.requests, "post");
    try {
      await Promise.all(
        [1, 2, 3, 4, 5].map((count) => rig.ivr.lamps.publish(mailbox, { urgent: 0, new: count, old: 0 })),
      );
      await shows(5, 0);
      expect(post.mock.calls.length).toBeLessThanOrEqual(2);
      post.mockClear();
      await rig.ivr.lamps.publish(mailbox, { urgent: 0, new: 5, old: 0 });
      expect(post).not.toHaveBeenCalled();
    } finally {
      post.mockRestore();
    }
  });

  it("is told again after a restart of Asterisk", async () => {
    await rig.asterisk.restart();
    await vi.waitFor(() => expect(rig.ivr.asterisk.state).toBe("up"), 10_000);
    owner.mwi = undefined;
    await owner.close();
    owner = await startPhone({ sip: rig.asterisk.sip, number: "1001" });
    await owner.subscribe();
    await rig.ivr.lamps.publish(mailbox, { urgent: 0, new: 5, old: 0 });
    await shows(5, 0);
  });
});
