import { ImapFlow } from "imapflow";
import { simpleParser } from "mailparser";
import type { Lab } from "../../lab/lab.ts";
import { frequencyOf } from "../asterisk/wav.ts";

export interface Mail {
  /** Raw, up to the empty line. */
  head: string;
  from: string;
  seconds: number;
  /** Frequency of its audio, hertz. */
  voice: number;
  /** As a player takes it. */
  wav: Buffer;
  flags: string[];
}

/** What a mail client finds in a mailbox of the lab: nothing of ours reads here. */
export async function readMails(lab: Lab, box: string, folder = "INBOX"): Promise<Mail[]> {
  if (!lab.imap) throw new Error("the lab has no mail server");
  const client = await openAccount(lab.imap, box, lab.mailboxes.pin);
  try {
    const { exists } = await client.mailboxOpen(folder, { readOnly: true });
    if (exists === 0) return [];
    const found: Mail[] = [];
    for await (const { source, flags } of client.fetch("1:*", { source: true, flags: true })) {
      const mail = await simpleParser(source ?? "");
      const audio = mail.attachments.find(({ contentType }) => contentType.startsWith("audio/"));
      if (!audio) throw new Error(`a mail of ${box} has no audio`);
      const text = String(source);
      found.push({
        head: text.slice(0, text.indexOf("\r\n\r\n")),
        from: String(mail.headers.get("x-asterisk-vm-caller-id-num")),
        seconds: Number(mail.headers.get("content-duration")),
        voice: frequencyOf(audio.content),
        wav: audio.content,
        flags: [...(flags ?? [])],
      });
    }
    return found;
  } finally {
    await client.logout();
  }
}

/** A mail client of an owner's, logged in. The caller logs out. */
export async function openAccount(
  { host, port }: { host: string; port: number },
  user: string,
  pass: string,
): Promise<ImapFlow> {
  const client = new ImapFlow({
    host,
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass },
    logger: false,
  });
  await client.connect();
  return client;
}
