import { readdirSync } from "node:fs";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../src/custody/ledger.ts";
import { isCode } from "../../src/errors.ts";
import { VOICE_MARKS } from "../../src/storage/mime/headers.ts";
import { second, wav } from "../jobs/sound.ts";
import { ANN, BOB } from "../jobs/world.ts";
import { identify, MailServer } from "./mail-server.ts";
import { AUDIO, site } from "./site.ts";

const SMALL = {
  kind: "comment",
  contentType: "audio/wav",
  open: async () => Readable.from([wav(second(9))]),
} as const;

let server: MailServer;
const closing: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  server = await MailServer.start();
  closing.push(server);
});
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function open(...[options, port = server.port]: [Parameters<typeof site>[1]?, number?]) {
  const here = await site(port, options);
  closing.push(here);
  return here;
}

/** The one mail that came. */
function only() {
  expect(server.received).toHaveLength(1);
  const [received] = server.received;
  if (!received) throw new Error("no mail came");
  return received;
}

const foldersLeft = (folder: string) =>
  readdirSync(folder).filter((name) => name.startsWith("voxpost-notice"));

describe("a mail about a message", () => {
  test("has the audio, and says who called, when and for how long", async () => {
    const here = await open();
    const { id } = await here.deposit({ urgent: true });
    await here.work();
    const { mail, from, to, raw } = only();
    expect(from).toBe("voicemail@pbx.example");
    expect(to).toEqual(["ann@example.org"]);
    expect(mail.from?.value).toEqual([{ name: "Voicemail", address: "voicemail@pbx.example" }]);
    expect(mail.to).toMatchObject({ value: [{ name: "Ann Example", address: "ann@example.org" }] });
    expect(mail.subject).toBe('Urgent Voice message from "Zoë Müller" <5551234> (1:05)');
    expect(mail.text).toContain("Dear Ann Example,");
    expect(mail.text).toMatch(/in mailbox 1001 on Saturday, November 21, 2026 at 11:00\sAM\./);
    expect(mail.text).toContain("Messages that you have not heard: 1");
    expect(Math.abs(Date.now() - (mail.date?.getTime() ?? 0))).toBeLessThan(60_000);
    const header = (name: string) => mail.headers.get(name);
    expect(header("priority")).toBe("high");
    expect(header("auto-submitted")).toBe("auto-generated");
    expect(header("x-voxpost-mailbox")).toBe("1001@default");
    expect(header("x-voxpost-notice")).toBe(id);
    expect(header("x-voxpost-call-id")).toBe("pbx-1795302871.7");
    expect(header("return-path")).toBeUndefined();
    expect(mail.messageId).toMatch(/^<[0-9a-f]{32}@pbx\.example>$/);
    expect(mail.attachments).toHaveLength(1);
    expect(mail.attachments[0]).toMatchObject({
      filename: "voicemail-2026-11-21-110000-5551234.wav",
      contentType: "audio/wav",
      contentDisposition: "attachment",
    });
    expect(mail.attachments[0]?.content).toEqual(AUDIO);
    for (const line of raw.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
    expect(foldersLeft(here.folder)).toEqual([]);
    expect(here.lines.map(({ msg }) => msg)).toContain("told by mail");
  });

  test("is no voice message itself: in the owner's account the IMAP engine must not take it for one", async () => {
    const here = await open();
    const { id } = await here.deposit();
    await here.work();
    const { mail } = only();
    for (const { header, value = "" } of VOICE_MARKS) {
      const found = mail.headerLines.find(({ key }) => key === header.toLowerCase());
      expect(found?.line.includes(value) ?? false, header).toBe(false);
    }
    expect(mail.messageId).not.toContain(id);
  });

  test("goes to several addresses at once, as voicemail.conf or YAML writes them", async () => {
    const here = await open({ ann: { email: "ann@example.org|home@example.net | ann@example.org" } });
    await here.deposit();
    await here.work();
    expect(only().to).toEqual(["ann@example.org", "home@example.net"]);
  });

  test("is written as the site wants, where text from outside breaks nothing", async () => {
    const here = await open({
      ann: {
        emailsubject: `\${VM_CIDNAME} an \${VM_MAILBOX}@\${VM_CONTEXT}`,
        emailbody: `Von \${VM_CALLERID}\\nam \${VM_DATE}: \${VM_MESSAGEFILE}\${VM_CATEGORY}`,
        emaildateformat: "%A, %-d. %B %Y, %R",
        fromstring: `PBX: \${VM_CIDNUM}`,
        serveremail: "pbx@example.com",
        locale: "de_DE.UTF-8",
      },
    });
    const name = `Eve"\r\nBcc: victim@example.org\r\n\r\n<b> =?utf-8?q?x?= \u202e \${VM_NAME}`;
    await here.deposit({ caller: { number: "+49 30/12\n3", name }, category: "a\r\nb" });
    await here.work();
    const { mail, to, raw } = only();
    expect(to).toEqual(["ann@example.org"]);
    expect(mail.headers.get("bcc")).toBeUndefined();
    expect(mail.subject).toBe(`Eve" Bcc: victim@example.org <b> = ?utf-8?q?x?= \${VM_NAME} an 1001@default`);
    expect(mail.from?.value).toEqual([{ name: "PBX: +49 30/12 3", address: "pbx@example.com" }]);
    expect(mail.text).toContain(
      "am Samstag, 21. November 2026, 11:00: voicemail-2026-11-21-110000-4930123.wava b",
    );
    expect(raw.slice(0, raw.indexOf("\r\n\r\n"))).not.toMatch(/[^\x20-\x7e\r\n\t]/);
  });

  test.each([
    ["de", "Sprachnachricht von"],
    ["ru_RU", "Голосовое сообщение"],
    ["zh", "Voice message from"],
  ])("is in the language of its owner: %s", async (language, subject) => {
    const here = await open({ ann: { language } });
    for (const name of ["王小明", "Дмитрий Шостакович", "שלום", "👩‍👩‍👧 Ümlaut", "a".repeat(5_000)]) {
      await here.deposit({ caller: { number: "5551234", name } });
      await here.work();
      expect(server.received.at(-1)?.mail.subject).toContain(name.slice(0, 150));
      expect(server.received.at(-1)?.mail.subject).toContain(subject);
    }
  });

  test("says so when the caller withheld everything", async () => {
    const here = await open();
    await here.deposit({ caller: {} });
    await here.work();
    expect(only().mail.subject).toBe("Voice message from an unknown caller (1:05)");
    expect(only().mail.attachments[0]?.filename).toBe("voicemail-2026-11-21-110000.wav");
  });

  test("of a message that somebody sent on names both, and has the comment first", async () => {
    const body = `\${VM_CALLERID} <- \${ORIG_VM_CALLERID} \${ORIG_VM_DATE}`;
    const here = await open({ ann: { emailbody_forwarded: body, emaildateformat: "%F" } });
    await here.deposit({ audio: [SMALL, { ...SMALL, kind: "voice" }] }, BOB);
    await here.work();
    const { mail } = only();
    expect(mail.text?.trim()).toBe('"Bob Example" <1002> <- "Zoë Müller" <5551234> 2026-11-21');
    expect(mail.attachments.map(({ filename }) => filename)).toEqual([
      "voicemail-2026-11-21-110000-5551234-comment.wav",
      "voicemail-2026-11-21-110000-5551234.wav",
    ]);
    expect(mail.subject).toBe('Voice message from "Bob Example" <1002> (1:05)');
  });

  test("keeps the mark of a private message", async () => {
    const here = await open();
    await here.deposit({ private: true });
    await here.work();
    expect(only().mail.headers.get("sensitivity")).toBe("Private");
    expect(only().mail.attachments).toHaveLength(1);
  });

  test("comes without audio where none is wanted, or where it is too large for us", async () => {
    const without = await open({ ann: { attach: false } });
    await without.deposit();
    await without.work();
    expect(only().mail.attachments).toEqual([]);
    expect(only().mail.text).not.toContain("too long");
    const large = await open({ ann: { attach_mb: 0.01, delete: true } });
    await large.deposit();
    await large.work();
    expect(server.received[1]?.mail.attachments).toEqual([]);
    expect(server.received[1]?.mail.text).toContain("too long to be attached");
    expect((await large.messages(ANN)).map(({ envelope }) => envelope.folder)).toEqual(["INBOX"]);
  });

  test("is not asked for where the mailbox has no address", async () => {
    const here = await open();
    await here.deposit({ mailbox: BOB });
    expect(here.jobs).toEqual([]);
  });
});

describe("a pager", () => {
  const ann = { pager: "5551@sms.example", pagerbody: `\${VM_CIDNUM} \${VM_DUR}`, pagersubject: "VM" };

  test("gets a short text of its own", async () => {
    const here = await open({ ann });
    await here.deposit();
    await here.work();
    expect(server.received.map(({ to }) => to)).toEqual([["ann@example.org"], ["5551@sms.example"]]);
    const { mail } = server.received[1] ?? {};
    expect([mail?.subject, mail?.text?.trim(), mail?.attachments]).toEqual(["VM", "5551234 1:05", []]);
    expect(mail?.messageId).not.toBe(server.received[0]?.mail.messageId);
  });

  test("is silent about what was heard meanwhile; the mail comes all the same", async () => {
    const here = await open({ ann });
    await here.deposit({ heard: true });
    await here.work();
    expect(only().to).toEqual(["ann@example.org"]);
  });
});

describe("a message that leaves when its mail was accepted", () => {
  const ann = { delete: true, email: "ann@example.org|home@example.net" };
  const folders = async (here: Awaited<ReturnType<typeof open>>) =>
    (await here.messages(ANN)).map(({ envelope }) => envelope.folder);

  test.each([["ann@example.org"], ["Ann.Example@Example.ORG|ann@b\u00fccher.example"]])(
    "lies in the trash then, and the lamp is told (%s)",
    async (email) => {
      const here = await open({ ann: { ...ann, email } });
      await here.deposit();
      await here.work();
      expect(await folders(here)).toEqual(["Trash"]);
      expect(here.lamps).toEqual([ANN]);
      expect(only().mail.attachments).toHaveLength(1);
    },
  );

  test.each([
    ["refused for good at one address", "550 5.1.1 no such user"],
    ["put off at one address", "451 4.2.1 later"],
  ])("stays while it was %s", async (_how, answer) => {
    const here = await open({ ann });
    server.onRecipient = (address) => (address.startsWith("home") ? answer : undefined);
    await here.deposit();
    await here.work().catch((error) => expect(error).toMatchObject({ code: "MAIL_UNREACHABLE" }));
    expect(await folders(here)).toEqual(["INBOX"]);
  });

  test("stays when the server does not answer, or the whole mail is refused", async () => {
    const here = await open({ ann, smtp: { timeout: 3 } });
    await here.deposit();
    server.onMail = () => "silence";
    await expect(here.work()).rejects.toMatchObject({ code: "MAIL_UNREACHABLE", retryable: true });
    server.onMail = () => "554 5.7.1 looks like spam";
    await here.work();
    expect(await folders(here)).toEqual(["INBOX"]);
    expect(here.lines.filter(({ level }) => level === 50)).toHaveLength(2);
  });

  test("leaves also when the worker died between the server's answer and the trash", async () => {
    const here = await open({ ann });
    await here.deposit();
    const store = { ...here.deps.store, trash: () => Promise.reject(new Error("killed")) };
    const bound = {
      find: here.store.find.bind(here.store),
      audio: here.store.audio.bind(here.store),
      counts: here.store.counts.bind(here.store),
    };
    await expect(here.work(undefined, { store: { ...store, ...bound } })).rejects.toThrow("killed");
    await here.work();
    expect(await folders(here)).toEqual(["Trash"]);
    only();
  });

  test("stays where only a pager was told", async () => {
    const here = await open({ ann: { delete: true, email: [], pager: "1@sms.example" } });
    await here.deposit();
    await here.work();
    expect(only().to).toEqual(["1@sms.example"]);
    expect(await folders(here)).toEqual(["INBOX"]);
  });

  test("stays where its owner has put it meanwhile", async () => {
    const here = await open({ ann });
    const { id } = await here.deposit();
    const entry = await here.store.find(ANN, id);
    if (entry) await here.store.move(entry, "Work");
    await here.work();
    expect(await folders(here)).toEqual(["Work"]);
    only();
  });
});

describe("each address gets its mail once", () => {
  test("however often the job is run", async () => {
    const here = await open({ ann: { pager: "1@sms.example" } });
    const message = await here.deposit();
    await here.work();
    await here.announce(message);
    await here.work();
    expect(server.received).toHaveLength(2);
  });

  test("those who have it do not get it again while another one waits", async () => {
    const here = await open({ ann: { email: ["a@example.org", "b@EXAMPLE.org", "c@example.org"] } });
    let later = true;
    server.onRecipient = (address) => {
      if (address.startsWith("c")) return "550 5.1.1 no such user";
      return address.startsWith("b") && later ? "450 4.2.0 greylisted" : undefined;
    };
    await here.deposit();
    await expect(here.work()).rejects.toMatchObject({ code: "MAIL_UNREACHABLE" });
    later = false;
    await here.work();
    expect(server.received.map(({ to }) => to)).toEqual([["a@example.org"], ["b@example.org"]]);
    expect(new Set(server.received.map(({ mail }) => mail.messageId)).size).toBe(1);
    expect(here.lines.filter(({ level }) => level === 50).map(({ msg }) => msg)).toEqual([
      "a mail about a message was refused for good",
    ]);
  });

  test("but after a death between the server's answer and the ledger: with the same Message-ID", async () => {
    const here = await open();
    await here.deposit();
    class Deadly extends Ledger {
      override add(): Promise<void> {
        return Promise.reject(new Error("killed"));
      }
    }
    const ledger = new Deadly({ redis: undefined, log: here.log });
    await expect(here.work(undefined, { ledger })).rejects.toThrow("killed");
    await here.work();
    const ids = server.received.map(({ mail }) => mail.messageId);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
  });
});

describe("no mail comes", () => {
  test.each(["Trash", undefined] as const)("about a message that was deleted (to %s)", async (folder) => {
    const here = await open();
    const { id } = await here.deposit();
    const entry = await here.store.find(ANN, id);
    if (entry) await (folder ? here.store.trash(entry) : here.store.purge(entry));
    await here.work();
    expect(server.received).toEqual([]);
  });

  test("after five days, and that is told as an error", async () => {
    const here = await open();
    await here.deposit();
    const [job] = here.jobs;
    here.jobs[0] = { ...job, at: Date.now() - 5.01 * 86_400_000 } as typeof job & object;
    await here.work();
    expect(server.received).toEqual([]);
    expect(here.lines.filter(({ level }) => level === 50)).toHaveLength(1);
  });
});

describe("a server", () => {
  test("that takes only small mails gets one without audio", async () => {
    for (const announced of [true, false]) {
      const hidden = await MailServer.start({ size: announced ? 20_000 : 0, hideSize: !announced });
      closing.push(hidden);
      hidden.onMail = ({ mail }) => (mail.attachments.length > 0 ? "552 5.3.4 too large" : undefined);
      const here = await open({}, hidden.port);
      await here.deposit();
      await here.work();
      expect(hidden.received).toHaveLength(1);
      expect(hidden.received[0]?.mail.text).toContain("too long to be attached");
    }
  });

  test("is told how large a mail is before it comes", async () => {
    const counting = await MailServer.start({ size: 1_000_000 });
    closing.push(counting);
    const here = await open({}, counting.port);
    await here.deposit();
    await here.work();
    const bytes = counting.received[0]?.raw.length ?? 0;
    expect(counting.sizes[0]).toBeGreaterThanOrEqual(bytes);
    expect(counting.sizes[0]).toBeLessThan(bytes + 10_000);
  });

  test("that is down, or says that it is busy, is tried again", async () => {
    await server.close();
    const here = await open({}, server.port);
    await here.deposit();
    await expect(here.work()).rejects.toMatchObject({ code: "MAIL_UNREACHABLE", retryable: true });
    const back = await MailServer.start({}, server.port);
    closing.push(back);
    back.onMail = () => "451 4.3.0 busy";
    await expect(here.work()).rejects.toMatchObject({ code: "MAIL_UNREACHABLE" });
    back.onMail = () => undefined;
    await here.work();
    expect(back.received).toHaveLength(1);
  });

  test("that says nothing holds nobody whose work is cancelled", async () => {
    const here = await open();
    await here.deposit();
    const ending = new AbortController();
    server.onMail = () => {
      ending.abort(new Error("the program ends"));
      return "silence";
    };
    await expect(here.work(ending.signal)).rejects.toSatisfy((error) => isCode(error, "ABORTED"));
    expect(foldersLeft(here.folder)).toEqual([]);
  });

  test("must prove who it is, and gets no password in clear", async () => {
    const { server: identity, ca, remove } = await identify();
    onTestFinished(remove);
    const tls = await MailServer.start({
      ...identity,
      disabledCommands: [],
      authOptional: false,
      onAuth: ({ username, password }, _session, done) =>
        done(null, username === "vm" && password === "s3cret" ? { user: "vm" } : {}),
    });
    closing.push(tls);
    const login = { tls: "starttls", user: "vm", password: "s3cret" } as const;
    const strict = await open({ smtp: login }, tls.port);
    await strict.deposit();
    await expect(strict.work()).rejects.toThrow(/certificate/);
    for (const trust of [{ allow_self_signed: true }, { ca }]) {
      const trusting = await open({ smtp: { ...login, ...trust } }, tls.port);
      await trusting.deposit();
      await trusting.work();
    }
    expect(tls.received).toHaveLength(2);
    const other = await open({ smtp: { ...login, ca, servername: "mail.example.org" } }, tls.port);
    await other.deposit();
    await expect(other.work()).rejects.toThrow(/mail\.example\.org/);
    const wrong = await open({ smtp: { ...login, password: "guess", allow_self_signed: true } }, tls.port);
    await wrong.deposit();
    const failure: unknown = await wrong.work().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "MAIL_UNREACHABLE", retryable: true });
    expect(JSON.stringify(failure) + String(failure)).not.toContain("guess");
    const clear = await open({ smtp: login });
    await clear.deposit();
    await expect(clear.work()).rejects.toMatchObject({ code: "MAIL_UNREACHABLE" });
    expect(server.received).toEqual([]);
  });

  test("with no login at all gets nothing when one is configured", async () => {
    const here = await open({ smtp: { user: "vm", password: "s3cret" } });
    await here.deposit();
    await expect(here.work()).rejects.toMatchObject({ code: "MAIL_UNREACHABLE" });
    expect(server.received).toEqual([]);
  });

  test("whose answer hurts only one mail of twenty at once", async () => {
    const here = await open();
    server.onMail = ({ mail }) => (mail.subject?.includes("<13>") ? "554 5.6.0 no" : undefined);
    const numbers = Array.from({ length: 20 }, (_, index) => String(index));
    for (const number of numbers) await here.deposit({ caller: { number, name: "n" } });
    const jobs = here.jobs.splice(0);
    const { notice } = await import("../../src/jobs/notice.ts");
    await Promise.all(jobs.map((job) => notice(job, here.deps, AbortSignal.timeout(30_000))));
    expect(server.received).toHaveLength(19);
    expect(new Set(server.received.map(({ mail }) => mail.messageId)).size).toBe(19);
    expect(server.most).toBeGreaterThan(1);
  });
});
