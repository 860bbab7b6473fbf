import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import type { Server } from "../../lab/processes.ts";
import { asideCommand } from "../../src/commands/aside.ts";
import { readConfig } from "../../src/config.ts";
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
    if (!lab.asterisk) return;
    asterisk = lab.asterisk;
    mailConfig = join(lab.folder, "dovecot", "dovecot.conf");
    unlimited = readFileSync(mailConfig, "utf8");
    appendFileSync(mailConfig, `mail_plugins = quota\nplugin {\n  quota_max_mail_size = ${LARGEST}\n}\n`);
    await lab.imap?.restart();
    config = lab.writeConfiguration({ overrides: { sweep: { every: 1 } } });
    program = await lab.startApp(config);
  }, 300_000);
  afterAll(() => lab?.stop());
  beforeEach(({ skip }) => {
    if (!lab.asterisk) skip(lab.asteriskMissing ?? "no Asterisk");
  });

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
  /** Within this process: what the command line prints, and its exit code. */
  const aside = async (...args: string[]) => {
    const lines: string[] = [];
    const print = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    try {
      process.exitCode = 0;
      await asideCommand(() => readConfig(config)).parseAsync(args, { from: "user" });
      return { exitCode: Number(process.exitCode), lines };
    } finally {
      process.exitCode = 0;
      print.mockRestore();
    }
  };
  const has = (box: string, seconds: number[]) =>
    vi.waitFor(
      async () => expect((await readMails(lab, box)).map((mail) => mail.seconds)).toEqual(seconds),
      PATIENCE,
    );

  let boxes = 1001;
  it("is set aside, keeps nobody waiting, is shown to the administrator, and can be tried again", async () => {
    // Others at a second try; what the first left aside is not looked at.
    const [box, other] = [String(boxes++), String(boxes++)];
    const tooLong = record(box, tone(440, 12));
    const broken = record(box, Buffer.from("this is no sound at all".repeat(100)));
    record(box, tone(440, 2));
    record(other, tone(440, 3));
    await has(box, [2]);
    await has(other, [3]);
    const log = () => readFileSync(program.log, "utf8").split("\n");
    await vi.waitFor(() => {
      for (const id of [tooLong, broken]) {
        expect(log().some((line) => line.includes('"level":50') && line.includes(id))).toBe(true);
      }
    }, PATIENCE);

    const ours = async () => {
      const { exitCode, lines } = await aside("ls");
      const rows = lines.map((line) => line.split("\t"));
      return { exitCode, rows: rows.filter(([id = ""]) => [tooLong, broken].includes(id)) };
    };
    await vi.waitFor(async () => expect((await ours()).rows).toHaveLength(2), PATIENCE);
    const { exitCode, rows } = await ours();
    expect(exitCode, "so that a monitor can tell").toBe(1);
    for (const row of rows) {
      expect(row.slice(1)).toEqual(["lab", expect.any(String), "Zoë <5550100>", `${box}@default`, "message"]);
    }
    const why = (await aside("show", tooLong)).lines.find((line) => line.startsWith("why"));
    expect(why).toMatch(/^why\t\d+@default: STORE_REFUSED: .*larger than the maximum size/);
    expect((await aside("drop", broken)).lines).toEqual([`${broken} is removed`]);
    writeFileSync(mailConfig, unlimited);
    await lab.imap?.restart();
    expect((await aside("retry", tooLong.slice(0, 8))).lines).toEqual([`${tooLong} is delivered again`]);
    await vi.waitFor(async () => {
      const [mail, ...more] = (await readMails(lab, box)).filter(({ seconds }) => seconds === 12);
      expect(more).toEqual([]);
      expect(mail).toMatchObject({ voice: 440, flags: ["\\Flagged"] });
    }, PATIENCE);
    expect((await ours()).rows).toEqual([]);
  }, 180_000);
});
