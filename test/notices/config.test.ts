import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { createSmtp } from "../../src/notices/smtp.ts";
import { createSubscribers } from "../../src/subscribers.ts";
import { readVoicemailConf } from "../../src/voicemail-conf/read.ts";
import { identify, MailServer } from "./mail-server.ts";

const ANN = { mailbox: "1001", context: "default" };

function read(
  { notices, defaults, context, ann }: Record<string, Record<string, unknown>>,
  environment: NodeJS.ProcessEnv = {},
) {
  const yaml = {
    asterisk: [{ name: "a", url: "http://127.0.0.1:8088", user: "u", password: "p" }],
    storage: { engine: "memory" },
    ...(notices ? { notices } : {}),
    defaults,
    contexts: { default: { ...context, mailboxes: { "1001": ann ?? {} } } },
  };
  return parseConfig(JSON.stringify(yaml), { path: "voxpost.yaml", folder: tmpdir(), environment });
}

const SMTP = { notices: { host: "mail.example" }, defaults: { serveremail: "vm@pbx.example" } };
const noticesOf = (parts: Parameters<typeof read>[0]) => createSubscribers(read(parts)).find(ANN)?.notices;

describe("mails in the configuration", () => {
  test("are for whoever has an address, where there is a server", () => {
    expect(noticesOf({ ann: { email: "ann@example.org" } })).toBeUndefined();
    expect(noticesOf(SMTP)).toBeUndefined();
    expect(noticesOf({ ...SMTP, ann: { pager: "5551@sms.example" } })?.pager).toEqual(["5551@sms.example"]);
    expect(noticesOf({ ...SMTP, ann: { email: "a@example.org|b@example.org" } })).toMatchObject({
      email: ["a@example.org", "b@example.org"],
      pager: [],
      attach: true,
      deleteWhenSent: false,
      attachMaxBytes: 15_000_000,
      serverEmail: "vm@pbx.example",
      locale: "en",
    });
  });

  test("are written for a mailbox, a context, or all", () => {
    const texts = { emailsubject: `\${VM_CALLERID}`, fromstring: "All" };
    const notices = noticesOf({
      notices: SMTP.notices ?? {},
      defaults: { ...SMTP.defaults, ...texts, language: "fr" },
      context: { fromstring: "Sales", locale: "pt_BR.UTF-8" },
      ann: { email: "ann@example.org", emailsubject: "Hers" },
    });
    expect(notices).toMatchObject({ emailSubject: "Hers", fromString: "Sales", locale: "pt-BR" });
  });

  test("leave the environment to everything but their own variables", () => {
    const ann = { email: "ann@example.org", emailbody: `\${SITE}: \${VM_NAME} \${ORIG_VM_DATE}` };
    const config = read({ ...SMTP, ann }, { SITE: "Berlin", VM_NAME: "not this" });
    expect(createSubscribers(config).find(ANN)?.notices?.emailBody).toBe(
      `Berlin: \${VM_NAME} \${ORIG_VM_DATE}`,
    );
  });

  test.each([
    [
      "a text with an unknown variable",
      { defaults: { ...SMTP.defaults, emailbody: `\${VM_NAEM}` } },
      /emailbody.*VM_NAEM/,
    ],
    [
      "a date that nobody can write",
      { defaults: { ...SMTP.defaults, emaildateformat: "%Q" } },
      /emaildateformat.*%/,
    ],
    ["no sender", { defaults: {} }, /defaults\.serveremail: missing/],
    ["a sender that is none", { defaults: { serveremail: "asterisk" } }, /serveremail: not a mail address/],
    ["an address that is none", { ann: { email: "a@example.org|b" } }, /email\.1: not a mail address/],
    ["an address with a header in it", { ann: { pager: "a@b\r\nBcc: c@d" } }, /pager\.0: not a mail address/],
    [
      "a language that nobody speaks",
      { defaults: { ...SMTP.defaults, locale: "xx-klingon" } },
      /locale: not a language/,
    ],
    [
      "a user without a password",
      { notices: { ...SMTP.notices, user: "vm" } },
      /notices: give user and password/,
    ],
    [
      "messages that would be nowhere",
      { ann: { delete: true, attach: false } },
      /1001\.delete: needs attach/,
    ],
  ] as [string, Parameters<typeof read>[0], RegExp][])("%s is refused", (_what, parts, fault) => {
    expect(() => read({ ...SMTP, ...parts })).toThrow(fault);
  });

  test("messages that no mail was sent of are not deleted", () => {
    expect(() => read({ defaults: { delete: true } })).toThrow(/defaults\.delete: needs notices/);
    expect(() => read({ ...SMTP, context: { delete: true }, ann: { attach: false } })).toThrow(
      /1001\.delete: needs attach/,
    );
  });
});

describe("voicemail.conf", () => {
  test("gives addresses and options of mails; what cannot be taken over is named", () => {
    const folder = mkdtempSync(join(tmpdir(), "voxpost-conf-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "voicemail.conf");
    const lines = [
      "[general]",
      "format=wav49|gsm|wav",
      "serveremail=vm@pbx.example",
      "attach=yes",
      `emailsubject=[PBX]: New message \${VM_MSGNUM} in mailbox \${VM_MAILBOX}`,
      `emailbody=you were \${IF($["\${VM_CIDNUM}" = "1"]?left:forwarded)} a message`,
      "emaildateformat=%A, %B %d, %Y at %r",
      "[zonemessages]",
      "eastern=America/New_York|'vm-received' Q 'digits/at' IMp",
      "[default]",
      "1001 => 4242,Ann Example,ann@example.org|home@example.net,5551@sms.example,attach=no|tz=eastern|saycid=yes",
      "1002 => 4243,Bob,bob@example.org,,deletevoicemail=yes|serveremail=other@pbx.example",
      "1003 => 4244,Cat,root",
    ];
    writeFileSync(path, lines.join("\n"));
    const { defaults, contexts, notes } = readVoicemailConf(path, folder);
    expect(defaults).toEqual({
      serveremail: "vm@pbx.example",
      attach: true,
      emailsubject: `[PBX]: New message \${VM_MSGNUM} in mailbox \${VM_MAILBOX}`,
      emaildateformat: "%A, %B %d, %Y at %r",
    });
    expect(contexts.default?.mailboxes).toEqual({
      "1001": {
        pin: "4242",
        name: "Ann Example",
        email: ["ann@example.org", "home@example.net"],
        pager: ["5551@sms.example"],
        attach: false,
        saycid: true,
        tz: "America/New_York",
        dateformat: "'vm-received' Q 'digits/at' IMp",
      },
      "1002": {
        pin: "4243",
        name: "Bob",
        email: ["bob@example.org"],
        delete: true,
        serveremail: "other@pbx.example",
      },
      "1003": { pin: "4244", name: "Cat" },
    });
    expect(notes).toEqual([
      expect.stringMatching(/^general: emailbody is not taken over: functions and expressions/),
      expect.stringMatching(/^1003@default: email is not taken over: not a mail address/),
      expect.stringMatching(/gone: format/),
      expect.stringMatching(/by default otherwise here/),
    ]);
  });
});

describe("doctor", () => {
  test("logs in to the server, or says what is wrong", async () => {
    const { server: identity, remove } = await identify();
    onTestFinished(remove);
    const server = await MailServer.start({
      ...identity,
      disabledCommands: [],
      onAuth: ({ password }, _session, done) => done(null, password === "s3cret" ? { user: "vm" } : {}),
    });
    onTestFinished(() => server.close());
    const options = {
      host: "127.0.0.1",
      port: server.port,
      tls: "starttls",
      allow_self_signed: true,
      user: "vm",
      timeout: 10,
    } as const;
    const check = (password: string) => createSmtp({ ...options, password }, tmpdir()).check();
    await expect(check("s3cret")).resolves.toBe(`127.0.0.1:${server.port}, logged in as vm`);
    await expect(check("guess")).rejects.toMatchObject({ code: "MAIL_UNREACHABLE" });
    expect(() => createSmtp({ ...options, password: "x", ca: "nowhere.pem" }, tmpdir())).toThrow(
      /notices\.ca/,
    );
  });
});
