import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { type Phone, startPhone } from "../../lab/phone.ts";
import { watchPrompts } from "../../lab/prompts.ts";
import { speechLike } from "../../lab/speech.ts";
import { readMails } from "./mails.ts";

/** More callers than a program takes; real Asterisk, real calls. */
describe("a program that serves as many calls as it may", () => {
  let lab: Lab;
  let log = () => "";
  const phones: Phone[] = [];
  /** Calls to whom the program plays something. */
  const served = new Set<string>();
  let prompts: { close(): void } | undefined;
  beforeAll(async () => {
    lab = await startLab();
    if (!lab.asterisk) return;
    const overrides = { calls: { most: 1 }, sweep: { every: 1 } };
    const program = await lab.startApp(lab.writeConfiguration({ overrides }));
    log = () => readFileSync(program.log, "utf8");
    prompts = await watchPrompts(lab.asterisk.ari, ({ caller }) => served.add(caller));
  }, 300_000);
  afterAll(async () => {
    prompts?.close();
    await Promise.all(phones.map((phone) => phone.close()));
    await lab?.stop();
  });

  const call = async (box: string, caller: string) => {
    if (!lab.asterisk) throw new Error("no Asterisk");
    const phone = await startPhone({ sip: lab.asterisk.sip, number: "trunk" });
    phones.push(phone);
    await phone.dial(box, { callerNumber: caller });
    return phone;
  };
  const arrives = (box: string, caller: string) =>
    vi.waitFor(async () => expect((await readMails(lab, box)).map(({ from }) => from)).toContain(caller), {
      timeout: 30_000,
      interval: 200,
    });

  test("leaves the next one to the dialplan, which records him, and takes calls again", {
    timeout: 100_000,
  }, async (context) => {
    if (!lab.asterisk) return context.skip(lab.asteriskMissing);
    const [box, other] = ["1071", "1072"];
    const first = await call(box, "5550171");
    await vi.waitFor(() => expect(served).toContain("5550171"), 20_000);

    const second = await call(other, "5550172");
    await vi.waitFor(() => expect(log()).toContain("calls.most"), 20_000);
    // The dialplan greets as the program does, and a key leads to the beep.
    await vi.waitFor(async () => {
      await second.press("#");
      expect(await lab.asterisk?.console("core show channels concise")).toContain("!Record!");
    }, 30_000);
    await second.speak(speechLike(2, 3));
    await second.hangUp();
    await arrives(other, "5550172");
    expect(served).not.toContain("5550172");

    await first.hangUp();
    await vi.waitFor(async () => {
      const again = await call(box, "5550173");
      await vi.waitFor(() => expect(served).toContain("5550173"), 5_000);
      await again.hangUp();
    }, 30_000);
  });
});
