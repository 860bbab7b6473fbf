import { describe, expect, test } from "vitest";
import { EVERYTHING, FREEPBX, folderOf, NONSENSE, read } from "./samples.ts";

/** What `option=text` in [general] becomes under `defaults`; without a value: what the note says. */
const OPTIONS: [line: string, ours: object | RegExp][] = [
  ["maxmsg=10", { maxmsg: 10 }],
  ["maxmsg=0", { maxmsg: 0 }],
  ["maxsecs=90 seconds", { maxsecs: 90 }],
  ["maxmessage=90", { maxsecs: 90 }],
  ["minmessage=4", { minsecs: 4 }],
  ["attach=yes", { attach: true }],
  ["attach=T", { attach: true }],
  ["attach=1", { attach: true }],
  ["attach=on", { attach: true }],
  ["attach=no", { attach: false }],
  ["ATTACH=off", { attach: false }],
  ["attach=maybe", { attach: false }],
  ["attach=maybe", /attach is neither yes nor no/],
  ["exitcontext=1", { exitcontext: "1" }],
  ["cidinternalcontexts=a, b", { cidinternalcontexts: ["a", "b"] }],
  ["listen-control-pause-key=5", { "listen-control-pause-key": "5" }],
  ["listen-control-pause-key=56", /listen-control-pause-key is not taken over/],
  ["listen-control-pause-key=2", /two of them are the same/],
  ["locale=de_DE.UTF-8", { locale: "de_DE.UTF-8" }],
  ["tz=Europe/Berlin", { tz: "Europe/Berlin" }],
  ["tz=berlin", /tz is not taken over: \[zonemessages\] has no zone "berlin"/],
  ["maxmsg=many", /general: maxmsg is not taken over: not a number/],
  ["skipms=1", /general: skipms is not taken over: .*100/],
  ["minpassword=0", /general: minpassword is not taken over: .*1/],
  ["delete=yes", /general: delete is not taken over: app_voicemail heeds it only of a mailbox/],
  ["backupdeleted=9", /trash_days/],
  ["externpass=/x", /"externpass" is not taken over: .*standard input.*pins\.externpass/],
  ["externpasscheck=/x", /pins\.externpasscheck/],
  ["externpassnotify=/x", /pins\.externpassnotify/],
  ["mailcmd=/x", /notices names the server/],
  ["odbcstorage=vm", /not seen by Voxpost/],
  ["gibberish=1", /"gibberish" is not taken over: no option/],
  ["format=wav49|gsm", /without meaning here, or gone: format/],
  ["vm-prepend-timeout=x", /"vm-prepend-timeout" is not taken over/],
  ["serveremail=asterisk", /serveremail is not taken over: not a mail address/],
  [`exitcontext=\${HOME}`, /exitcontext is not taken over: \$\{HOME\} would be taken from the environment/],
  ["externnotify=/x | y", /externnotify is not taken over: no shell/],
  ["externnotify=x", /externnotify is not taken over: write the whole path/],
  ["vm-login=/etc/passwd", /vm-login is not taken over/],
];

describe("an option of [general]", () => {
  test.each(OPTIONS)("%s", (line, ours) => {
    const { defaults, notes } = read({ "voicemail.conf": `[general]\n${line}\n` });
    if (ours instanceof RegExp) expect(notes.join("\n")).toMatch(ours);
    else expect(defaults).toEqual(ours);
  });

  test("that is given twice has its first value, as in Asterisk", () => {
    expect(
      read({ "voicemail.conf": "[general]\nmaxmsg=1\nmaxmsg=2\n[GENERAL]\nmaxmsg=3\n" }).defaults,
    ).toEqual({ maxmsg: 1 });
  });

  test("that has another default here is named when it is not there", () => {
    const { notes } = read({ "voicemail.conf": "[general]\nmaxsecs=9\nminmessage=1\n" });
    expect(notes.at(-1)).toMatch(/by default otherwise here: maxgreet \(60, .*maxsilence .*minpassword/);
    expect(notes.at(-1)).not.toMatch(/maxsecs|minsecs/);
  });
});

/** What stands behind `1001 =>` becomes. */
const MAILBOXES: [line: string, ours: object | RegExp][] = [
  ["4242", { pin: "4242" }],
  ["-4242", { pin: "4242", pinlocked: true }],
  [
    "4242,Anna,a@b.example|c@d.example,p@b.example",
    { pin: "4242", name: "Anna", email: ["a@b.example", "c@d.example"], pager: ["p@b.example"] },
  ],
  ["4242,,,,saycid=yes|maxmsg=3", { pin: "4242", saycid: true, maxmsg: 3 }],
  [
    "4242,,,,|Tz=eastern|Review=1",
    { pin: "4242", tz: "America/New_York", dateformat: "'vm-received' Q 'digits/at' IMp", review: true },
  ],
  [
    "4242,,,,emailbody=Dear you, hello|attach=no",
    { pin: "4242", emailbody: "Dear you, hello", attach: false },
  ],
  ["4242,,,,deletevoicemail=yes", { pin: "4242", delete: true }],
  ["4242,,,,delete=yes|attach=no", { pin: "4242", attach: false }],
  ["4242,,,,delete=yes|attach=no", /1001@default: delete is not taken over: with attach=no/],
  ["4242,,,,alias=Ann|alias=Nan", { pin: "4242", alias: "Ann" }],
  ["4242,,,,alias=Ann|alias=Nan", /of several alias only the first/],
  ["4242,,,,pin=1|name=x", /"pin" is not taken over/],
  ["4242,,,,externnotify=/x", /1001@default: "externnotify" is not taken over/],
  ["4242,,root", /email is not taken over: not a mail address/],
  ["", {}],
  ["", /1001@default: no PIN: nobody can log in/],
  ["-", {}],
  ["*12", /a PIN that is no 1 to 20 digits/],
  ["abc,Anna", { name: "Anna" }],
];

test.each(MAILBOXES)("a mailbox %j", (line, ours) => {
  const zones = "[zonemessages]\neastern=America/New_York|'vm-received' Q 'digits/at' IMp\n";
  const { contexts, notes } = read({ "voicemail.conf": `${zones}[default]\n1001 => ${line}\n` });
  if (ours instanceof RegExp) expect(notes.join("\n")).toMatch(ours);
  else expect(contexts.default?.mailboxes["1001"]).toEqual(ours);
});

test("a FreePBX: everything that is included, its aliases and its script", () => {
  const { defaults, contexts, site, notes } = read(FREEPBX);
  expect(defaults).toMatchObject({
    maxsecs: 300,
    operator: true,
    cidinternalcontexts: ["from-internal", "from-did-direct"],
    serveremail: "vm@pbx.example.org",
    fromstring: "FreePBX",
  });
  expect(defaults.emailbody).toContain(`\${VM_CIDNAME}`);
  expect(site).toEqual({
    aliases: { "1001@device": "1001@default" },
    externnotify: ["/usr/local/bin/vm-changed", "--queue"],
  });
  expect(Object.keys(contexts)).toEqual(["default"]);
  expect(contexts.default?.mailboxes["1002"]).toMatchObject({
    pinlocked: true,
    callback: "from-internal",
    attach: false,
  });
  expect(notes).toEqual([
    expect.stringMatching(/^general: "mailcmd"/),
    expect.stringMatching(/^1002@default: callback .*callback_allow/),
    expect.stringMatching(/^1002@default: dialout .*dialout_allow/),
    expect.stringMatching(/gone: charset, format, pbxskip, pollmailboxes, silencethreshold, volgain /),
  ]);
});

test("every option of app_voicemail is taken over, or named with what to do instead", () => {
  const { defaults, contexts, site, notes } = read(EVERYTHING);
  expect(defaults).toMatchInlineSnapshot(`
    {
      "attach": true,
      "callback": "fromvm",
      "cidinternalcontexts": [
        "intern",
        "lab",
      ],
      "dateformat": "'vm-received' a d b 'digits/at' HM",
      "dialout": "fromvm",
      "emaildateformat": "%A, %d %B %Y at %H:%M:%S",
      "emailsubject": "Message \${VM_MSGNUM}",
      "envelope": false,
      "exitcontext": "fromvm",
      "forcegreetings": false,
      "forcename": true,
      "forward_urgent_auto": true,
      "fromstring": "The PBX",
      "language": "de",
      "leaveurgent": false,
      "listen-control-forward-key": "6",
      "listen-control-pause-key": "5",
      "listen-control-restart-key": "1",
      "listen-control-reverse-key": "4",
      "locale": "de_DE.UTF-8",
      "maxgreet": 45,
      "maxlogins": 4,
      "maxmsg": 50,
      "maxsecs": 120,
      "maxsilence": 8,
      "messagewrap": true,
      "minpassword": 6,
      "minsecs": 3,
      "moveheard": false,
      "nextaftercmd": true,
      "operator": true,
      "pagerbody": "\${VM_DUR} from \${VM_CALLERID}",
      "pagerdateformat": "%T %D",
      "pagerfromstring": "PBX",
      "pagersubject": "New VM",
      "review": true,
      "saycid": true,
      "sayduration": true,
      "saydurationm": 1,
      "sendvoicemail": true,
      "skipms": 2000,
      "tempgreetwarn": true,
      "tz": "Europe/Copenhagen",
      "usedirectory": true,
    }
  `);
  expect(site).toMatchInlineSnapshot(`
    {
      "aliases": {
        "1234@devices": "1234@default",
      },
      "directoryintro": "custom/welcome",
      "externnotify": [
        "/usr/bin/changed",
      ],
      "prompts": {
        "vm-invalid-password": "custom/invalid",
        "vm-login": "custom/login",
        "vm-mismatch": "custom/mismatch",
        "vm-newpassword": "custom/newpassword",
        "vm-newuser": "custom/newuser",
        "vm-passchanged": "custom/passchanged",
        "vm-password": "custom/password",
        "vm-pls-try-again": "custom/again",
        "vm-reenterpassword": "custom/reenter",
      },
      "searchcontexts": true,
    }
  `);
  expect(contexts).toMatchInlineSnapshot(`
    {
      "default": {
        "mailboxes": {
          "1234": {
            "email": [
              "root@localhost",
            ],
            "name": "Example Mailbox",
            "pin": "4242",
          },
          "4069": {
            "alias": "Bongo",
            "attach": false,
            "dateformat": "'vm-received' a d b 'digits/at' HM",
            "email": [
              "max@example.org",
            ],
            "emailbody": "Click, and listen.",
            "hidefromdir": true,
            "maxmsg": 10,
            "name": "Max",
            "pin": "8713",
            "pinlocked": true,
            "serveremail": "me@example.org",
            "tz": "Europe/Copenhagen",
          },
        },
      },
      "other": {
        "directoryintro": "custom/company-2",
        "mailboxes": {
          "1234": {
            "email": [
              "root@localhost",
            ],
            "name": "Company2 User",
            "pin": "5678",
          },
        },
      },
    }
  `);
  expect(notes).toMatchInlineSnapshot(`
    [
      "general: serveremail is not taken over: not a mail address such as anna@example.org",
      "general: "externpass" is not taken over: a program gets the PIN on standard input here, and not as an argument; adapt it, then name it as pins.externpass, if the mail server checks PINs (other PINs are kept by Voxpost)",
      "general: "externpassnotify" is not taken over: a program gets the PIN on standard input here, and not as an argument; adapt it, then name it as pins.externpassnotify",
      "general: "externpasscheck" is not taken over: a program gets the PIN on standard input here, and not as an argument; adapt it, then name it as pins.externpasscheck",
      "general: "odbcstorage" is not taken over: messages in that database are not seen by Voxpost; let them be heard before you change over",
      "general: "odbc_audio_on_disk" is not taken over: messages in a database are not seen by Voxpost",
      "general: emailbody is not taken over: functions and expressions of the dialplan are not evaluated in mails; say it in words",
      "general: "mailcmd" is not taken over: mails go out by SMTP: notices names the server (docs/notices.md)",
      "general: dialout works once dialout_allow says which numbers may be called",
      "general: callback works once callback_allow says which numbers may be called back",
      "general: "vm-prepend-timeout" is not taken over: the prompt is not said here; prompts replaces any other",
      "general: "backupdeleted" is not taken over: every deleted message goes to the trash; trash_days says for how long",
      "general and mailboxes: without meaning here, or gone: adsifdn, adsisec, adsiver, attachextrecs, charset, expungeonhangup, format, imap_poll_logout, imapopentimeout, listen-control-stop-key, odbctable, pbxskip, pollfreq, pollmailboxes, silencethreshold, smdienable, smdiport, tps_queue_high, tps_queue_low, volgain (docs/app_voicemail-parity.md)",
    ]
  `);
});

test("nonsense is left out, each with a note, and the rest is taken over", () => {
  const { defaults, contexts, site, notes } = read(NONSENSE);
  expect(defaults).toMatchInlineSnapshot(`
    {
      "attach": false,
    }
  `);
  expect(site).toEqual({});
  expect(contexts).toMatchInlineSnapshot(`
    {
      "constructor": {
        "mailboxes": {
          "1001": {
            "name": "Anna",
            "pin": "1111",
          },
        },
      },
      "default": {
        "mailboxes": {
          "1001": {
            "name": "Anna",
            "pin": "1111",
          },
          "1002": {},
          "1003": {},
          "1005": {},
          "1006": {
            "attach": false,
            "name": "Tom",
            "pin": "1111",
            "tz": "Europe/Berlin",
          },
        },
      },
    }
  `);
  expect(notes.map((note) => note.replace(/\/\S*\/voxpost-conf-\w+/, ""))).toMatchInlineSnapshot(`
    [
      "/nowhere.conf is included, and is not there",
      "/voicemail.conf: #exec is not run; write what it prints into a file, and include that",
      "/voicemail.conf: not understood: line 1, 2, 19, 40",
      "zonemessages: moon: "Moon/Crater" is no IANA time zone such as Europe/Berlin; this machine's holds",
      "zonemessages: earth: the format is not understood; dates are said as the language has it",
      "general: maxmsg is not taken over: not a number",
      "general: maxsecs is not taken over: Too small: expected number to be >=0",
      "general: skipms is not taken over: Too small: expected number to be >=100",
      "general: attach is neither yes nor no, which Asterisk takes for no",
      "general: maxlogins is not taken over: Too big: expected number to be <=10",
      "general: minpassword is not taken over: Too small: expected number to be >=1",
      "general: language is not taken over: use letters, digits and _ . - only, at most 40",
      "general: "__proto__" is not taken over: no option of app_voicemail or of Voxpost has this name",
      "general, 1006@default: "constructor" is not taken over: no option of app_voicemail or of Voxpost has this name",
      "general: emailsubject is not taken over: functions and expressions of the dialplan are not evaluated in mails; say it in words",
      "general: exitcontext is not taken over: \${HOME} would be taken from the environment here; write it out",
      "general: listen-control keys are not taken over: two of them are the same",
      "general: tz is not taken over: [zonemessages] has no zone "Atlantis" that can be used",
      "[__proto__], [secret_file], [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]: the context is not taken over: use letters, digits and _ . - only, at most 40, and not _file at its end",
      "1001@default: it is there twice; the first is taken over, as app_voicemail does",
      ""10-20@default", "../up@default": the mailbox is not taken over: use letters, digits and _ . + - only, at most 64, and no range such as 10-20",
      "1002@default, 1003@default: a PIN that is no 1 to 20 digits: nobody can log in until it has one (pin_hash), but with option s of the dialplan",
      "1002@default: the name is not taken over: \${HOME} would be taken from the environment here; write it out",
      "1005@default: no PIN: nobody can log in until it has one (pin_hash), but with option s of the dialplan",
      "1006@default: email is not taken over: not a mail address such as anna@example.org",
      "1006@default: "rip" is not taken over: no option of app_voicemail or of Voxpost has this name",
      "1006@default: delete is not taken over: with attach=no the message would be nowhere",
      "general: vm-login is not taken over: name a sound as Asterisk does, without ending: custom/x",
      "general: externnotify is not taken over: no shell reads it here; put what it says into a script",
      "general: not said there, and by default otherwise here: minsecs (1, not 0), maxgreet (60, not unlimited), maxsilence (10, not off)",
    ]
  `);
});

test("what many mailboxes have is one note", () => {
  const lines = Array.from({ length: 9 }, (_, index) => `100${index} => 1111,,,,rip=2010`);
  const { notes } = read({ "voicemail.conf": `[default]\n${lines.join("\n")}\n` });
  expect(notes[0]).toMatch(/^1000@default, .*1004@default and 4 more: "rip" is not taken over/);
});

test("a file that is not there says so", () => {
  expect(read({}).notes[0]).toMatch(/voicemail\.conf cannot be read/);
  expect(folderOf({})).toBeTruthy();
});
