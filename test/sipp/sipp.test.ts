import { existsSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { watchPrompts } from "../../lab/prompts.ts";
import { readMails } from "../faults/mails.ts";
import { Sipp } from "./sipp.ts";
import { hangUp, hold, isHungUpOn, pause, press, speak } from "./steps.ts";

/** Calls by a telephone of another make, and mailboxes read by a mail client: nothing of ours on either side. */
describe("SIPp calls the lab", () => {
  let lab: Lab;
  let asterisk: AsteriskLab;
  let sipp: Sipp;
  let prompts: { close(): void };
  /** Sounds that were played to each caller, in order. */
  const heard = new Map<string, string[]>();
  let missing: string | undefined;

  beforeAll(async () => {
    lab = await startLab();
    const found = lab.asterisk && (await Sipp.find(lab.asterisk.sip, lab.asterisk.spool));
    if (!lab.asterisk || !found) {
      missing = lab.asteriskMissing ?? "SIPp is in an unpacked system only";
      return;
    }
    [asterisk, sipp] = [lab.asterisk, found];
    // Greets before it answers, so that a caller can give up.
    await asterisk.console(
      "dialplan add extension early,1,Gosub(voxpost,deposit,1(1041@default\\,e)) into lab",
    );
    await lab.startApp(lab.writeConfiguration({ overrides: { sweep: { every: 2 } } }));
    prompts = await watchPrompts(asterisk.ari, ({ caller, media }) => {
      heard.set(caller, [...(heard.get(caller) ?? []), media.replace(/^sound:/, "")]);
    });
  }, 300_000);
  afterAll(async () => {
    prompts?.close();
    await lab?.stop();
  });

  /** Fast where it does not matter how long somebody listens. */
  const leave = [pause(0.5), press("#"), pause(1.5), speak(3), hangUp];
  const pin = () => `${lab.mailboxes.pin}#`;
  const mails = (box: string, folder = "INBOX") => readMails(lab, box, folder);
  /** Fails with what every caller was told, and what lies on the disk. */
  const has = (box: string, count: number, folder = "INBOX") =>
    vi.waitFor(
      async () => {
        const found = await mails(box, folder);
        const told = [...heard].map(([caller, sounds]) => `${caller}: ${sounds.join(" ")}`);
        const here = [...told, ...(await recordings(asterisk, `${box}@`))].join("\n");
        expect(found.length, `${box} has ${found.map(({ from }) => from).join(" ")}\n${here}`).toBe(count);
      },
      { timeout: 15_000, interval: 200 },
    );
  /** A second try has mailboxes and accounts of its own: 1001 to 1050 are those of the first. */
  type Box = (number: number) => string;
  const call = (name: string, play: (box: Box) => Promise<void>, long = false) =>
    test.concurrent(name, { timeout: 110_000 }, async (context) => {
      if (missing) return context.skip(missing);
      if (long && !process.env.VOXPOST_TEST_ALL)
        return context.skip("long; `npm run test:all` makes this call");
      const tries = context.task.result?.retryCount ?? 0;
      await play((number) => String(number + 50 * tries));
    });

  call("an account and a stranger leave a message each", async (box) => {
    await sipp.call(
      [
        { to: box(1001), caller: "1002", name: "Ann Example" },
        { to: box(1001), caller: "5551234" },
      ],
      leave,
    );
    await has(box(1001), 2);
    const received = await mails(box(1001));
    expect(received.map(({ from }) => from).sort()).toEqual(["1002", "5551234"]);
    for (const { voice, seconds } of received) {
      expect(Math.abs(voice - 440)).toBeLessThan(20);
      expect(seconds).toBeGreaterThanOrEqual(3);
      expect(seconds).toBeLessThanOrEqual(5);
    }
  });

  call("an owner types ahead, listens, deletes, undeletes, deletes and leaves", async (box) => {
    await sipp.call(
      [
        { to: box(1003), caller: "1010" },
        { to: box(1003), caller: "1011" },
      ],
      leave,
    );
    await has(box(1003), 2);
    const walk = [
      press("1"),
      pause(7),
      press("7"),
      pause(1),
      press("7"),
      pause(1),
      press("7"),
      pause(0.5),
      press("#"),
      isHungUpOn,
    ];
    await sipp.call([{ to: "*98", caller: box(1003) }], [press(`${box(1003)}#${pin()}`), ...walk]);
    expect(heard.get(box(1003))).toEqual(
      expect.arrayContaining(["vm-youhave", "vm-deleted", "vm-undeleted", "vm-goodbye"]),
    );
    await has(box(1003), 1);
    await has(box(1003), 1, "Voicemail Trash");
    const [kept] = await mails(box(1003));
    expect(kept?.flags).not.toContain("\\Seen");
  });

  call("a wrong PIN and keys pressed twice, then the right ones", async (box) => {
    const wrong = [press(`${box(1005)}#`), pause(0.3), press("000000#"), pause(0.5)];
    // The second # answers the question that follows.
    const doubled = [
      press(`${box(1005)}##`),
      pause(0.5),
      press(`${box(1005)}#`),
      pause(0.3),
      press(pin()),
      pause(0.5),
      press("#"),
    ];
    await sipp.call([{ to: "*98", caller: box(1005) }], [...wrong, ...doubled, isHungUpOn]);
    expect(heard.get(box(1005))?.filter((sound) => sound === "vm-incorrect-mailbox")).toHaveLength(2);
    expect(heard.get(box(1005))?.slice(-1)).toEqual(["vm-goodbye"]);
  });

  call("an unknown mailbox is answered like a wrong PIN", async (box) => {
    const unknown = [press("4711#"), pause(0.3), press("000000#"), pause(0.5)];
    const right = [press(`${box(1006)}#`), pause(0.3), press(pin()), pause(0.5), press("#")];
    await sipp.call([{ to: "*98", caller: box(1006) }], [...unknown, ...right, isHungUpOn]);
    expect(heard.get(box(1006))).toContain("vm-incorrect-mailbox");
    expect(heard.get(box(1006))?.slice(-1)).toEqual(["vm-goodbye"]);
  });

  call("twenty at once leave a message in a mailbox each", async (box) => {
    const boxes = Array.from({ length: 20 }, (_, index) => box(1021 + index));
    await sipp.call(
      boxes.map((box) => ({ to: box, caller: `55520${box.slice(-2)}` })),
      leave,
    );
    for (const box of boxes) {
      await has(box, 1);
      const [message] = await mails(box);
      expect(message?.from).toBe(`55520${box.slice(-2)}`);
      expect(Math.abs((message?.voice ?? 0) - 440)).toBeLessThan(20);
    }
  });

  call("a phone that is put on hold within a message goes on with it", async (box) => {
    const held = [speak(3), hold(true), pause(2), hold(false), speak(2), hangUp];
    await sipp.call([{ to: box(1042), caller: "1012" }], [pause(0.5), press("#"), pause(1.5), ...held]);
    await has(box(1042), 1);
    const [message] = await mails(box(1042));
    expect(message?.seconds).toBeGreaterThanOrEqual(5);
  });

  call("who gives up before the answer, or within the greeting, leaves nothing", async (box) => {
    await sipp.call([{ to: "early", caller: "5550160" }], [], "cancel");
    await sipp.call([{ to: box(1041), caller: "5550161" }], [pause(2), hangUp]);
    await vi.waitFor(() => expect(heard.get("5550160")).toBeDefined());
    await vi.waitFor(async () => expect(await recordings(asterisk, `${box(1041)}@`)).toEqual([]), 10_000);
    expect(await mails(box(1041))).toEqual([]);
  });

  call(
    "a phone that sends no RTP while it is silent leaves one message of two sentences",
    async (box) => {
      await sipp.call(
        [{ to: box(1043), caller: "1013" }],
        [pause(0.5), press("#"), pause(1.5), speak(3), pause(7), speak(3), hangUp],
      );
      await has(box(1043), 1);
      const [message] = await mails(box(1043));
      expect(message?.seconds).toBeGreaterThanOrEqual(6);
    },
    true,
  );

  call(
    "a phone that never sends RTP is let go, and leaves nothing",
    async (box) => {
      await sipp.call([{ to: box(1044), caller: "1014" }], [pause(30), isHungUpOn]);
      expect(await mails(box(1044))).toEqual([]);
      await vi.waitFor(async () => expect(await recordings(asterisk, `${box(1044)}@`)).toEqual([]), 10_000);
    },
    true,
  );

  call(
    "keys at the last second are in time",
    async (box) => {
      // One by one: 1.6 s from key to key, where two seconds are waited.
      const slow = (keys: string) => [...keys].map(press);
      const login = [
        pause(10.5),
        ...slow(`${box(1045)}#`),
        pause(8),
        ...slow(pin()),
        pause(6),
        press("#"),
        isHungUpOn,
      ];
      await sipp.call([{ to: "*98", caller: box(1045) }], login);
      expect(heard.get(box(1045))?.slice(0, 5)).toEqual([
        "vm-login",
        "vm-password",
        "vm-youhave",
        "vm-no",
        "vm-messages",
      ]);
      expect(heard.get(box(1045))?.slice(-1)).toEqual(["vm-goodbye"]);
    },
    true,
  );

  call(
    "a hang-up at any moment leaves no call behind",
    async (box) => {
      const moments = [0.1, 0.5, 2, 4, 6, 8, 10, 12];
      await Promise.all(
        moments.map((moment) =>
          sipp.call([{ to: box(1046), caller: `555019${moments.indexOf(moment)}` }], [pause(moment), hangUp]),
        ),
      );
      await Promise.all(
        moments.map((moment) =>
          sipp.call(
            [{ to: "*98", caller: box(1047) }],
            [press(`${box(1047)}#${pin()}`), pause(moment), hangUp],
          ),
        ),
      );
      await vi.waitFor(
        async () =>
          expect(await asterisk.console("core show channels concise")).not.toMatch(
            new RegExp(`${box(1046)}|${box(1047)}`),
          ),
        10_000,
      );
      await vi.waitFor(async () => expect(await recordings(asterisk, `${box(1046)}@`)).toEqual([]), 10_000);
    },
    true,
  );
});

async function recordings(asterisk: AsteriskLab, recipient: string): Promise<string[]> {
  if (!existsSync(asterisk.recordings)) return [];
  return readdirSync(asterisk.recordings, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".wav") && name.includes(recipient));
}
