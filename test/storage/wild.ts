/**
 * Mails as other programs write them, and other mails beside them. They are our own, made after what is known of these programs
 * (docs/engines/imap.md); real ones of app_voicemail 16 lie in test/samples.
 */
export interface WildMail {
  readonly what: string;
  readonly lines: readonly string[];
  /** Undefined: ordinary mail, which must never be shown. */
  readonly envelope?: object;
  /** Kind, type and bytes, in hearing order. */
  readonly parts?: readonly (readonly [kind: string, type: string, bytes: string])[];
}

const DATE = "Date: Tue, 06 Oct 2026 14:03:22 +0200";
const WHEN = new Date("2026-10-06T12:03:22Z");
const CONTEXT = "Message-Context: voice-message";
const TEXT = ["Content-Type: text/plain", "", "You have a message."];
const VOICE = "UklGRiB2b2ljZQ=="; // RIFF voice
const HEARD = [["voice", "audio/wav", "RIFF voice"]] as const;
const WAV = ["Content-Type: audio/x-wav; name=msg0000.wav", "Content-Transfer-Encoding: base64", "", VOICE];

function multi(head: string[], parts: readonly string[][], type = "multipart/mixed; boundary=b"): string[] {
  const body = parts.flatMap((part) => ["--b", ...part]);
  return [...head, "MIME-Version: 1.0", `Content-Type: ${type}`, "", ...body, "--b--", ""];
}

function base64(type: string, ...body: string[]): string[] {
  return [`Content-Type: ${type}`, "Content-Transfer-Encoding: base64", "", ...body];
}

const ASTERISK = [
  "X-Asterisk-VM-Context: default",
  "X-Asterisk-VM-Extension: 1001",
  "X-Asterisk-VM-Caller-ID-Num: 2000",
  "X-Asterisk-VM-Caller-ID-Name: Ann",
  "X-Asterisk-VM-Duration: 3",
  "X-Asterisk-VM-Orig-time: 1791288202",
];
const MESSAGE = "X-Asterisk-VM-Message-Type: Message";
const ANN = { caller: { number: "2000", name: "Ann" }, duration: 3, receivedAt: WHEN };

export const WILD: readonly WildMail[] = [
  {
    what: "app_voicemail 1.4, which wrote no type and no flag",
    lines: multi(
      [
        "X-Asterisk-VM-Message-Num: 1",
        ...ASTERISK,
        "X-Asterisk-VM-Priority: 2",
        "X-Asterisk-VM-Caller-channel: SIP/2000-1",
      ],
      [TEXT, WAV],
    ),
    envelope: ANN,
    parts: HEARD,
  },
  {
    what: "app_voicemail, its headers in lower case as Exchange stores them, one folded and one twice",
    lines: multi(
      [...ASTERISK, MESSAGE, "X-Asterisk-VM-Caller-ID-Num: 666", "X-Asterisk-VM-Category:", "\t sales"].map(
        (line) => line.replace(/^[^:]+:/, (name) => name.toLowerCase()),
      ),
      [TEXT, base64('audio/x-WAV; name="msg0000.WAV"', VOICE)],
    ),
    envelope: { ...ANN, category: "sales" },
    parts: HEARD,
  },
  {
    what: "app_voicemail with ogg, the comment before the message, endings in capitals",
    lines: multi(
      [...ASTERISK, MESSAGE, "X-Asterisk-VM-Flag: PRIORITY"],
      [
        TEXT,
        base64('application/ogg; name="msg0003.OGG"', VOICE),
        base64('audio/x-gsm; name="MSGINTRO0003.gsm"', "aW50cm8="),
      ],
    ),
    envelope: { ...ANN, priority: true },
    parts: [
      ["comment", "audio/gsm", "intro"],
      ["voice", "audio/ogg", "RIFF voice"],
    ],
  },
  {
    what: "app_voicemail's Latin-1 without a label, and without a caller's number",
    lines: multi(
      [
        ...ASTERISK.filter((line) => !/Caller/.test(line)),
        MESSAGE,
        "X-Asterisk-VM-Caller-ID-Num:",
        "X-Asterisk-VM-Caller-ID-Name: J\xf6rg",
      ],
      [TEXT, WAV],
    ),
    envelope: { caller: { name: "Jörg" }, duration: 3, receivedAt: WHEN },
    parts: HEARD,
  },
  {
    what: "VPIM (RFC 3801): spoken name and card beside the message, no Message-Context",
    lines: multi(
      [
        DATE,
        "From: Erika Muster <+4930123456@voicemail.example.org>",
        "Content-Duration: 31",
        "Sensitivity: Private",
      ],
      [
        [
          ...["Content-Type: Audio/32KADPCM", "Content-Transfer-Encoding: Base64"],
          ...["Content-Disposition: inline; voice=Originator-Spoken-Name", "", "bmFtZQ=="],
        ],
        [
          ...["Content-Type: Audio/32KADPCM", "Content-Transfer-Encoding: Base64"],
          ...["Content-Disposition: inline; voice=Voice-Message; filename=msg.726", "", VOICE],
        ],
        ["Content-Type: text/directory; profile=vCard", "", "BEGIN:VCARD", "END:VCARD"],
      ],
      'Multipart/Voice-Message; Version=2.0; boundary="b"',
    ),
    envelope: {
      caller: { number: "+4930123456", name: "Erika Muster" },
      duration: 31,
      private: true,
      receivedAt: WHEN,
    },
    parts: [["voice", "audio/32kadpcm", "RIFF voice"]],
  },
  {
    what: "Exchange: a class of its own, HTML beside the text, an MP3",
    lines: multi(
      [
        DATE,
        "Content-Class: Voice-CA",
        "X-CallingTelephoneNumber: 5551234",
        "X-VoiceMessageDuration: 12",
        "X-VoiceMessageSenderName: =?iso-2022-jp?B?GyRCOzNFRBsoQg==?=",
        "X-AttachmentOrder: 5551234 (12 seconds) Voice Mail.mp3",
      ],
      [
        [
          ...["Content-Type: multipart/alternative; boundary=c", "", "--c", ...TEXT],
          ...["--c", "Content-Type: text/html", "", "<p>A message</p>", "--c--"],
        ],
        base64('audio/mp3; name="5551234 (12 seconds) Voice Mail.mp3"', VOICE),
      ],
    ),
    envelope: { caller: { number: "5551234", name: "山田" }, duration: 12, receivedAt: WHEN },
    parts: [["voice", "audio/mpeg", "RIFF voice"]],
  },
  {
    what: "a fax server's sibling: octets whose name alone tells, in pieces and another script (RFC 2231)",
    lines: multi(
      [DATE, CONTEXT, "From: =?koi8-r?B?8NLJ18XU?= <5551234@example.org>"],
      [
        TEXT,
        [
          ...["Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64"],
          "Content-Disposition: attachment; filename*0*=UTF-8''%D0%B3%D0%BE;",
          " filename*1*=%D0%BB%D0%BE%D1%81.w; filename*2=av",
          ...["", VOICE],
        ],
      ],
    ),
    envelope: { caller: { number: "5551234", name: "Привет" }, receivedAt: WHEN },
    parts: [["voice", "application/octet-stream", "RIFF voice"]],
  },
  {
    what: "an encoded word where a name should stand",
    lines: multi(
      [DATE, CONTEXT],
      [TEXT, base64('application/octet-stream; name="=?utf-8?Q?Ann=2Ewav?="', VOICE)],
    ),
    envelope: { receivedAt: WHEN },
    parts: [["voice", "application/octet-stream", "RIFF voice"]],
  },
  {
    what: "base64 in lines of any length, with blanks, and encoded piece by piece",
    lines: multi(
      [DATE, CONTEXT],
      [
        TEXT,
        base64(
          "audio/wav",
          "U",
          "klG R",
          "",
          `iB2b2ljZSAx${"QUFB".repeat(400)}`,
          "  Qg",
          "==",
          "Qg=",
          "=",
          "",
        ),
      ],
    ),
    envelope: { receivedAt: WHEN },
    parts: [["voice", "audio/wav", `RIFF voice 1${"AAA".repeat(400)}BB`]],
  },
  {
    what: "quoted-printable audio, and a part that is empty",
    lines: multi(
      [DATE, CONTEXT],
      [
        [
          "Content-Type: audio/wav",
          "Content-Transfer-Encoding: quoted-printable",
          "",
          "RIFF=20=00=FF=",
          "=0A",
        ],
        base64("audio/wav; name=msgintro.wav", ""),
      ],
    ),
    envelope: { receivedAt: WHEN },
    parts: [
      ["comment", "audio/wav", ""],
      ["voice", "audio/wav", "RIFF \u0000\u00ff\n"],
    ],
  },
  {
    what: "the audio alone, no parts at all",
    lines: [DATE, CONTEXT, "MIME-Version: 1.0", ...base64("audio/wav", VOICE), ""],
    envelope: { receivedAt: WHEN },
    parts: HEARD,
  },
  {
    what: "a message that somebody forwarded whole",
    lines: multi(
      [DATE, CONTEXT, "From: Bob <6000@example.org>"],
      [
        TEXT,
        ["Content-Type: message/rfc822", "", ...multi([...ASTERISK, MESSAGE, "Subject: inner"], [TEXT, WAV])],
      ],
    ),
    envelope: { caller: { number: "6000", name: "Bob" }, receivedAt: WHEN },
    parts: HEARD,
  },
  {
    what: "a mail that was cut off in its audio",
    lines: [
      ...[DATE, CONTEXT, "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", "", "--b"],
      ...base64("audio/wav", "UklGRiB2b2lj"),
    ],
    envelope: { receivedAt: WHEN },
    parts: [["voice", "audio/wav", "RIFF voic"]],
  },
  {
    what: "no date, and a length that is none",
    lines: multi([CONTEXT, "Content-Duration: PT3S", "Caller-ID: +1-2"], [TEXT, WAV]),
    envelope: { caller: {}, duration: 0, receivedAt: new Date("2026-01-02T03:04:05Z") },
    parts: HEARD,
  },
  {
    what: "a mail that names a boundary which never comes",
    lines: [DATE, CONTEXT, "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=x", "", "lost", ""],
    envelope: { receivedAt: WHEN },
  },

  // --- Ordinary mail ---------------------------------------------------------------------------------------------------
  {
    what: "a notification of app_voicemail or FreePBX, audio attached: the message itself lies elsewhere",
    lines: multi(
      [DATE, "From: PBX <vm@example.org>", "Subject: New message 1", "X-Asterisk-CallerID: 2000"],
      [TEXT, WAV],
    ),
  },
  {
    what: "a greeting of app_voicemail",
    lines: multi([...ASTERISK, "X-Asterisk-VM-Message-Type: unavail"], [TEXT, WAV]),
  },
  {
    what: "music",
    lines: multi([DATE, "Subject: my new song"], [TEXT, base64("audio/mpeg; name=msg0000.mp3", VOICE)]),
  },
  { what: "a fax", lines: multi([DATE, "Message-Context: fax-message"], [TEXT]) },
  {
    what: "talk of headers",
    lines: [DATE, `Subject: ${CONTEXT} ${MESSAGE}`, "", CONTEXT, MESSAGE, ...ASTERISK, ""],
  },
  {
    what: "a voice message that came back, in a report",
    lines: multi(
      [DATE, "From: MAILER-DAEMON <>"],
      [TEXT, ["Content-Type: message/rfc822", "", ...multi([...ASTERISK, MESSAGE, CONTEXT], [TEXT, WAV])]],
      "multipart/report; report-type=delivery-status; boundary=b",
    ),
  },
];
