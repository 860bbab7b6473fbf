import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { fillDisk } from "../../lab/full-disk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { startPhone } from "../../lab/phone.ts";
import type { Server } from "../../lab/processes.ts";
import { watchPrompts } from "../../lab/prompts.ts";
import { readConfig } from "../../src/config.ts";
import { formatName, newId } from "../../src/custody/name.ts";
import { examine } from "../../src/doctor.ts";
import { samples, tone } from "../asterisk/wav.ts";
import { readMails } from "./mails.ts";

const PATIENCE = { timeout: 30_000, interval: 100 };

/** Asterisk itself can write nothing any more: real calls on a real Asterisk. */
describe("a disk that is full under Asterisk", () => {
  let lab: Lab;
  let asterisk: AsteriskLab;
  let program: Server;
  let config: string;
  let prompts: { close(): void } | undefined;
  let boxes = 1001;
  /** What the program has said to each caller. */
  const heard = new Map<string, string[]>();
  beforeAll(async () => {
    lab = await startLab();
    if (!lab.asterisk) return;
    asterisk = lab.asterisk;
    config = lab.writeConfiguration({ overrides: { sweep: { every: 1 } } });
    program = await lab.startApp(config);
    prompts = await watchPrompts(asterisk.ari, ({ caller, media }) => {
      heard.set(caller, [...(heard.get(caller) ?? []), media.replace(/^sound:(http.*\/)?/, "")]);
    });
  }, 300_000);
  afterAll(async () => {
    prompts?.close();
    await lab?.stop();
  });

  const recorded = () => readdirSync(asterisk.recordings, { recursive: true, encoding: "utf8" });
  /** Dials, skips the greeting, and is recorded when this resolves. */
  const begin = async (box: string) => {
    const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
    await phone.dial(box, { callerNumber: `555${box}` });
    await phone.press("#");
    await vi.waitFor(
      () => expect(recorded().some((name) => name.endsWith(".wav") && name.includes(`${box}@`))).toBe(true),
      PATIENCE,
    );
    return phone;
  };
  const voice = (seconds: number) => {
    const bytes = samples(tone(440, seconds));
    return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
  };
  const arrivesOnce = async (box: string) => {
    await vi.waitFor(async () => expect(await readMails(lab, box)).toHaveLength(1), PATIENCE);
    const [mail] = await readMails(lab, box);
    if (!mail) throw new Error(`${box} has no message any more`);
    return mail;
  };

  test("costs nobody what was written, is told to callers and to the administrator, and keeps nobody waiting", {
    timeout: 120_000,
  }, async (context) => {
    if (!lab.asterisk) return context.skip(lab.asteriskMissing);
    const [first, second, other] = [boxes++, boxes++, boxes++].map(String) as [string, string, string];
    const speaking = await begin(first);
    await speaking.speak(voice(3));
    const giveSpace = await fillDisk(asterisk);
    try {
      void speaking.speak(voice(20)).catch(() => {});
      await speaking.ended;
      expect(heard.get(`555${first}`)?.slice(-2)).toEqual(["im-sorry", "cut-short.wav"]);
      expect((await arrivesOnce(first)).seconds).toBeGreaterThanOrEqual(2);

      const late = await begin(second);
      void late.speak(voice(20)).catch(() => {});
      await late.ended;
      const apology = ["im-sorry", "not-recorded.wav", "please-try-call-later"];
      expect(heard.get(`555${second}`)?.slice(-3)).toEqual(apology);
      expect(await readMails(lab, second)).toEqual([]);
      const log = readFileSync(program.log, "utf8").split("\n");
      for (const box of [first, second]) {
        expect(log.some((line) => line.includes("RECORDING_CUT") && line.includes(`/${box}@`))).toBe(true);
      }

      expect(await faults(config)).toEqual(["RECORDING_NOT_STARTED"]);

      leave(asterisk, other, tone(440, 3));
      await arrivesOnce(other);
      await Promise.all([speaking.close(), late.close()]);
    } finally {
      await giveSpace();
    }
    expect(await faults(config)).toEqual([]);
    const again = await begin(second);
    await again.speak(voice(2));
    await again.hangUp();
    await again.close();
    await arrivesOnce(second);
    await vi.waitFor(() => expect(recorded().filter((name) => name.endsWith(".wav"))).toEqual([]), PATIENCE);
  });
});

/** What `voxpost doctor` finds. */
async function faults(config: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { error } of examine(readConfig(config))) if (error) found.push(error.code);
  return found;
}

/** As somebody's message lies there that was not delivered yet. */
function leave({ recordings }: AsteriskLab, mailbox: string, wav: Buffer): void {
  const name = formatName({
    state: "deposit",
    recipients: [{ mailbox, context: "default" }],
    id: newId(),
    channel: "lab-0.0",
    startedAt: new Date(),
    caller: {},
    urgent: false,
    priority: false,
    take: 0,
    part: 0,
  });
  const path = join(recordings, `${name}.wav`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wav);
}
