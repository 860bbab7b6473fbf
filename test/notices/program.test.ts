import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { startPhone } from "../../lab/phone.ts";
import type { Server } from "../../lab/processes.ts";
import { frequencyOf, samples, tone } from "../asterisk/wav.ts";
import { MailServer } from "./mail-server.ts";

const ANN = { name: "Ann Example", email: "ann@example.org", delete: true };
/** One for each try. */
const BOXES = ["1001", "1003", "1004"];

const PATIENT = { timeout: 30_000, interval: 100 };

/** From a real call to a real mail server, by way of files instead of IMAP. */
describe("the whole program tells owners by mail", () => {
  let lab: Lab;
  let asterisk: AsteriskLab;
  let program: Server;
  let server: MailServer;
  beforeAll(async () => {
    [lab, server] = await Promise.all([startLab(), MailServer.start()]);
    if (!lab.asterisk) return;
    asterisk = lab.asterisk;
    const overrides = {
      storage: { engine: "file", path: `${lab.folder}/messages` },
      notices: { host: "127.0.0.1", port: server.port, tls: "none" },
      workers: { stalled: 2 },
      defaults: { serveremail: "voicemail@pbx.example", tz: "Europe/Berlin" },
      contexts: {
        default: {
          mailboxes: {
            "1001": ANN,
            "1002": { email: "bob@example.org", pager: "5552@sms.example", attach: false, locale: "de_DE" },
            "1003": ANN,
            "1004": ANN,
          },
        },
      },
    };
    program = await lab.startApp(lab.writeConfiguration({ overrides }));
  }, 300_000);
  afterAll(async () => {
    await lab?.stop();
    await server?.close();
  });

  const play = (name: string, work: () => Promise<void>) =>
    test(name, { timeout: 60_000 }, async (context) => {
      if (!lab.asterisk) return context.skip(lab.asteriskMissing);
      server.received.length = 0;
      await work();
    });
  const leaves = async (box: string, callerName: string) => {
    const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
    await phone.dial(box, { callerNumber: "5550100", callerName });
    await phone.press("#");
    const bytes = samples(tone(440, 3));
    await phone.speak(Int16Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readInt16LE(at * 2)));
    await phone.hangUp();
    await phone.close();
  };
  const logged = (text: string) => readFileSync(`${lab.logs}/voxpost.log`, "utf8").split(text).length - 1;

  play("with the words of the caller, whose name is in any script", async () => {
    await leaves("1002", "Дмитрий");
    await vi.waitFor(() => expect(server.received).toHaveLength(2), PATIENT);
    const [mail, page] = server.received.map((received) => received.mail);
    expect(mail?.subject).toMatch(/^Sprachnachricht von "Дмитрий" <5550100> \(0:0[234]\)$/);
    expect(mail?.attachments).toEqual([]);
    expect(page?.text).toContain("Neue Sprachnachricht");
  });

  play("also when the mail server was down and the program has died; then the message leaves", async () => {
    const box = BOXES.shift() ?? "";
    const watcher = await startPhone({ sip: asterisk.sip, number: box });
    await watcher.subscribe();
    await server.close();
    const failures = () => logged("job will be tried again");
    const leavings = () => logged(`"mailbox":"${box}@default","msg":"the message went to the trash`);
    const before = failures();
    await leaves(box, "Ann's friend");
    await vi.waitFor(() => expect(failures()).toBeGreaterThan(before), PATIENT);
    await vi.waitFor(() => expect(watcher.mwi).toMatchObject({ waiting: true }), PATIENT);
    program.kill();
    await program.exited;
    server = await MailServer.start({}, server.port);
    await program.restart();
    await vi.waitFor(() => expect(leavings()).toBe(1), PATIENT);
    await vi.waitFor(() => expect(watcher.mwi).toMatchObject({ waiting: false }), PATIENT);
    await watcher.close();
    const own = server.received.filter(
      ({ mail }) => mail.headers.get("x-voxpost-mailbox") === `${box}@default`,
    );
    const [{ mail } = {}, ...more] = own;
    expect(more).toEqual([]);
    expect(mail?.subject).toContain("Ann's friend");
    const [wav] = mail?.attachments ?? [];
    expect(Math.abs(frequencyOf(wav?.content ?? Buffer.alloc(0)) - 440)).toBeLessThan(20);
  });
});
