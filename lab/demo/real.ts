import { ImapFlow } from "imapflow";
import { simpleParser } from "mailparser";
import { type Lab, startLab } from "../lab.ts";
import { TRUNK } from "../mailboxes.ts";
import { type Phone, startPhone } from "../phone.ts";
import { watchPrompts } from "../prompts.ts";
import type { Say } from "../provision.ts";
import { findAsterisk } from "../systems.ts";
import { decodeWav } from "../wav.ts";
import type { Stage, StagePhone, Stored } from "./stage.ts";

/** Headers of a stored message that a person likes to see; the mail has more. */
const SHOWN = [
  "Date",
  "From",
  "To",
  "Subject",
  "Message-ID",
  "Message-Context",
  "Caller-ID",
  "Caller-Name",
  "Content-Duration",
];

/** Real Asterisk, Redis, Dovecot and SIP phones, and the program. Resolves with the reason when there is no Asterisk here. */
export async function startRealStage(say: Say): Promise<Stage | { missing: string }> {
  const system = await findAsterisk(say);
  if ("missing" in system) return system;
  const lab = await startLab({ say });
  const { asterisk, imap, redis } = lab;
  if (!asterisk || !imap || !redis) {
    await lab.stop();
    return { missing: lab.asteriskMissing ?? "there is no Asterisk" };
  }
  await lab.startApp(lab.writeConfiguration({ overrides: { defaults: { saycid: true } } }));
  const listeners = new Map<string, (media: string) => void>();
  const watch = await watchPrompts(asterisk.ari, ({ caller, media }) => listeners.get(caller)?.(media));
  const phones: Phone[] = [];
  const version = await asterisk.console("core show version");
  return {
    asterisk: "real",
    parts: [
      /Asterisk [\d.]+/.exec(version)?.[0] ?? "Asterisk",
      "two SIP phones with RTP",
      "Dovecot (IMAP)",
      "Redis",
      "Voxpost",
    ],
    pin: lab.mailboxes.pin,
    async caller(number, name) {
      const phone = await startPhone({ sip: asterisk.sip, number: TRUNK });
      phones.push(phone);
      return toStagePhone(
        phone,
        (target) => phone.dial(target, { callerNumber: number, callerName: name }),
        (listen) => listeners.set(number, listen),
      );
    },
    async owner(mailbox) {
      const phone = await startPhone({ sip: asterisk.sip, number: mailbox });
      phones.push(phone);
      await phone.register();
      return toStagePhone(
        phone,
        (target) => phone.dial(target),
        (listen) => listeners.set(mailbox, listen),
      );
    },
    stored: (mailbox) => firstMail(imap, mailbox, lab.mailboxes.pin),
    async close() {
      watch.close();
      await Promise.all(phones.map((phone) => phone.close()));
      await lab.stop();
    },
  };
}

function toStagePhone(
  phone: Phone,
  dial: (target: string) => Promise<void>,
  listen: (listener: (media: string) => void) => void,
): StagePhone {
  return {
    dial,
    press: (keys) => phone.press(keys),
    speak: (samples) => phone.speak(samples),
    hangUp: () => phone.hangUp(),
    async hungUpOn() {
      await phone.ended;
    },
    heard: () => phone.heardSamples(),
    onSound: listen,
    onLamp(listener) {
      phone.onMwi(({ newMessages, oldMessages }) => listener({ fresh: newMessages, old: oldMessages }));
    },
  };
}

/** The owner's own mail program, as it were: logs in with the owner's PIN. */
async function firstMail(
  imap: NonNullable<Lab["imap"]>,
  mailbox: string,
  pin: string,
): Promise<Stored | undefined> {
  const client = new ImapFlow({
    host: imap.host,
    port: imap.port,
    secure: false,
    auth: { user: mailbox, pass: pin },
    logger: false,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.mailboxOpen("INBOX", { readOnly: true });
    const mail = (await client.fetchOne("1", { source: true }).catch(() => undefined)) || undefined;
    if (!mail?.source) return undefined;
    const { headerLines, attachments } = await simpleParser(mail.source);
    const sound = attachments.find(({ contentType }) => contentType.startsWith("audio/"));
    if (!sound) throw new Error("the mail has no sound");
    return {
      lines: SHOWN.flatMap((name) =>
        headerLines.filter(({ key }) => key === name.toLowerCase()).map(({ line }) => line),
      ),
      audio: decodeWav(sound.content),
    };
  } finally {
    client.close();
  }
}
