import { readdirSync, readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { startPhone } from "../../lab/phone.ts";
import type { Server } from "../../lab/processes.ts";
import { samples, tone } from "../asterisk/wav.ts";
import { readMails } from "./mails.ts";

/** Servers that die or forget in the midst of a message, and callers who mean harm; all real, one after the other. */
describe("nobody's words are lost", () => {
  let lab: Lab;
  let asterisk: AsteriskLab;
  let program: Server;
  beforeAll(async () => {
    lab = await startLab();
    if (!lab.asterisk) return;
    asterisk = lab.asterisk;
    program = await lab.startApp(lab.writeConfiguration({ overrides: { sweep: { every: 1 } } }));
  }, 300_000);
  afterAll(() => lab?.stop());

  const play = (name: string, work: () => Promise<void>) =>
    test(name, { timeout: 120_000 }, async (context) => {
      if (!lab.asterisk) return context.skip(lab.asteriskMissing);
      await work();
    });
  const voice = (seconds: number) => {
    const bytes = samples(tone(440, seconds));
    return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
  };
  const recorded = () =>
    readdirSync(asterisk.recordings, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".wav"));
  /** Dials, skips the greeting, and is recorded when this resolves. */
  const begin = async (box: string, caller: { callerName?: string; callerNumber?: string } = {}) => {
    const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
    await phone.dial(box, { callerNumber: "5550100", ...caller });
    const isRecorded = () => expect(recorded().filter((name) => name.includes(`/${box}@`))).toHaveLength(1);
    await phone.press("#");
    await vi.waitFor(isRecorded, 20_000);
    return phone;
  };
  const arrivesOnce = async (box: string) => {
    await vi.waitFor(async () => expect(await readMails(lab, box)).toHaveLength(1), {
      // A Redis that was emptied gives nobody a lock for 3 s, and the tries in between are 1, 2, 4 and 8 s apart.
      timeout: 45_000,
      interval: 200,
    });
    await vi.waitFor(
      () => expect(recorded().filter((name) => name.includes(`/${box}@`))).toEqual([]),
      10_000,
    );
    const [mail, ...more] = await readMails(lab, box);
    if (!mail || more.length > 0) throw new Error(`${box} has ${1 + more.length} messages`);
    return mail;
  };

  play("Asterisk is killed while a caller speaks: what had reached the disk is delivered whole", async () => {
    const phone = await begin("1001");
    await phone.speak(voice(6));
    asterisk.kill();
    await asterisk.exited;
    phone.vanish();
    const [file = ""] = recorded();
    const cut = readFileSync(`${asterisk.recordings}/${file}`);
    expect(cut.readUInt32LE(4), "no length in the header of a recording that was not ended").toBe(0);
    await asterisk.restart();
    await phone.close();
    const { wav, seconds, voice: frequency } = await arrivesOnce("1001");
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
    expect(samples(wav).length).toBe(cut.length - 44);
    expect(seconds).toBeGreaterThanOrEqual(3);
    expect(Math.abs(frequency - 440)).toBeLessThan(20);
  });

  play("Redis is emptied between hang-up and delivery", async () => {
    const phone = await begin("1002");
    await phone.speak(voice(2));
    lab.imap?.kill("SIGSTOP");
    await phone.hangUp();
    await phone.close();
    const redis = new Redis(lab.redis?.url ?? "");
    const isQueued = async () =>
      expect(
        (await redis.llen("{voxpost}:deposit:active")) + (await redis.zcard("{voxpost}:deposit:delayed")),
      ).toBe(1);
    await vi.waitFor(isQueued, 10_000);
    await redis.flushall();
    redis.disconnect();
    lab.imap?.kill("SIGCONT");
    expect((await arrivesOnce("1002")).seconds).toBeGreaterThanOrEqual(2);
  });

  play("the program is killed while a caller speaks, and started again", async () => {
    const phone = await begin("1003");
    await phone.speak(voice(2));
    program.kill();
    await program.exited;
    await phone.speak(voice(2));
    await phone.hangUp();
    await phone.close();
    await program.restart();
    expect((await arrivesOnce("1003")).seconds).toBeGreaterThanOrEqual(4);
  });

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Asterisk's variables, not ours
  const NAMES = [
    '../../../evil%d,"x',
    "a\\nBcc: victim@example.org\r\nX-Evil: 1",
    "=?utf-8?q?a=0D=0AX-Evil:_1?=",
    "x".repeat(200),
    "Zoë 🎉 ~/&",
    "${SHELL(touch evil)}",
    '"); Hangup(',
    "${CHANNEL(name)} $[1+1] %{x}",
  ];
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: to here
  play("callers with hostile names leave messages, and nothing else", async () => {
    const calls = NAMES.map(async (callerName, index) => {
      const box = String(1011 + index);
      const phone = await begin(box, {
        callerName,
        callerNumber: index % 2 ? "+49 (30) 1" : "5;x=`id`,&~/../%d",
      });
      await phone.speak(voice(2));
      await phone.hangUp();
      await phone.close();
      return arrivesOnce(box);
    });
    for (const { head, voice: frequency } of await Promise.all(calls)) {
      expect(Math.abs(frequency - 440)).toBeLessThan(20);
      expect(head).not.toMatch(/^(X-Evil|Bcc):/im);
      expect(head, "7 bits, and no line that a server may refuse").toMatch(/^[\t\r\n -~]*$/);
      expect(Math.max(...head.split("\r\n").map((line) => line.length))).toBeLessThan(200);
      expect(
        head.replace(/=\?UTF-8\?B\?[^?]*\?=/g, ""),
        "nothing for a mail program to decode",
      ).not.toContain("=?");
    }
    expect(readdirSync(asterisk.recordings)).toEqual(["voxpost"]);
  });

  play("no log of all this tells a PIN or a password", () => {
    const secrets = [lab.mailboxes.pin, asterisk.ari.password, lab.imap?.proxy.password ?? "?"];
    const log = readFileSync(program.log, "utf8");
    expect(log).toContain('"entry":"deposit"');
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    return Promise.resolve();
  });
});
