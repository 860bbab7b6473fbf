import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { PROJECT } from "../../lab/paths.ts";
import type { Server } from "../../lab/processes.ts";
import { formatName, newId } from "../../src/custody/name.ts";
import { tone } from "../asterisk/wav.ts";
import { readMails } from "./mails.ts";

/** More than this Dovecot refuses for good. */
const LARGEST = "100k";
const PATIENCE = { timeout: 30_000, interval: 200 };

describe("what a store refuses for good, or what is no audio", () => {
  let lab: Lab;
  let asterisk: AsteriskLab;
  let program: Server;
  let config: string;
  let mailConfig: string;
  let unlimited: string;
  beforeAll(async () => {
    lab = await startLab();
    if (!lab.asterisk) throw new Error(`these tests need a real Asterisk: ${lab.asteriskMissing}`);
    asterisk = lab.asterisk;
    mailConfig = join(lab.folder, "dovecot", "dovecot.conf");
    unlimited = readFileSync(mailConfig, "utf8");
    appendFileSync(mailConfig, `mail_plugins = quota\nplugin {\n  quota_max_mail_size = ${LARGEST}\n}\n`);
    await lab.imap?.restart();
    config = lab.writeConfiguration({ overrides: { sweep: { every: 1 } } });
    program = await lab.startApp(config);
  }, 300_000);
  afterAll(() => lab?.stop());

  /** As the dialplan leaves it when no program answers. */
  const record = (box: string, bytes: Buffer): string => {
    const id = newId();
    const name = formatName({
      state: "deposit",
      recipients: [{ mailbox: box, context: "default" }],
      id,
      channel: "lab-0.0",
      startedAt: new Date(),
      caller: { number: "5550100", name: "Zoë" },
      urgent: true,
      priority: false,
      take: 0,
      part: 0,
    });
    const path = join(asterisk.recordings, `${name}.wav`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return id;
  };
  const aside = async (...args: string[]) => {
    const command = ["--import", "tsx", "src/cli.ts", "--config", config, "aside", ...args];
    const { exitCode, stdout, stderr } = await execa(process.execPath, command, {
      cwd: PROJECT,
      reject: false,
    });
    expect(stderr).toBe("");
    return { exitCode, lines: stdout.split("\n").filter(Boolean) };
  };
  const has = (box: string, seconds: number[]) =>
    vi.waitFor(
      async () => expect((await readMails(lab, box)).map((mail) => mail.seconds)).toEqual(seconds),
      PATIENCE,
    );

  it("is set aside, keeps nobody waiting, is shown to the administrator, and can be tried again", async () => {
    const tooLong = record("1001", tone(440, 12));
    const broken = record("1001", Buffer.from("this is no sound at all".repeat(100)));
    record("1001", tone(440, 2));
    record("1002", tone(440, 3));
    await has("1001", [2]);
    await has("1002", [3]);
    const log = () => readFileSync(program.log, "utf8").split("\n");
    await vi.waitFor(() => {
      for (const id of [tooLong, broken]) {
        expect(log().some((line) => line.includes('"level":50') && line.includes(id))).toBe(true);
      }
    }, PATIENCE);

    const listed = await aside("ls");
    expect(listed.exitCode, "so that a monitor can tell").toBe(1);
    expect(
      listed.lines
        .slice(1)
        .map((line) => line.split("\t"))
        .sort(),
    ).toEqual(
      [tooLong, broken]
        .map((id) => [id, "lab", expect.any(String), "Zoë <5550100>", "1001@default", "message"])
        .sort(),
    );
    expect((await aside("drop", broken)).lines).toEqual([`${broken} is removed`]);
    writeFileSync(mailConfig, unlimited);
    await lab.imap?.restart();
    expect((await aside("retry", tooLong.slice(0, 8))).lines).toEqual([`${tooLong} is delivered again`]);
    await vi.waitFor(async () => {
      const [mail, ...more] = (await readMails(lab, "1001")).filter(({ seconds }) => seconds === 12);
      expect(more).toEqual([]);
      expect(mail).toMatchObject({ voice: 440, flags: ["\\Flagged"] });
    }, PATIENCE);
    expect(await aside("ls")).toEqual({ exitCode: 0, lines: [] });
  }, 120_000);
});
