import { simpleParser } from "mailparser";
import { openAccount } from "../faults/mails.ts";
import type { Stage } from "./stage.ts";

/** A voice message as a mail client finds it; nothing of ours reads here. */
export interface Mail {
  readonly box: string;
  readonly folder: string;
  /** Left side of Message-ID. */
  readonly id: string;
  readonly number: string;
  readonly name: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly seconds: number;
  readonly urgent: boolean;
  readonly seen: boolean;
  readonly audio: Buffer;
}

/** Everything in one mailbox, all folders. */
export async function readMails({ imap, lab }: Stage, box: string): Promise<Mail[]> {
  const client = await openAccount(imap, box, lab.mailboxes.pin);
  try {
    const mails: Mail[] = [];
    for (const { path } of await client.list()) {
      const { exists } = await client.mailboxOpen(path, { readOnly: true });
      if (exists === 0) continue;
      for await (const { source, flags } of client.fetch("1:*", { source: true, flags: true })) {
        mails.push(await parse(box, path, source ?? Buffer.alloc(0), flags ?? new Set()));
      }
    }
    return mails;
  } finally {
    await client.logout();
  }
}

async function parse(box: string, folder: string, source: Buffer, flags: Set<string>): Promise<Mail> {
  const mail = await simpleParser(source);
  const header = (name: string) => String(mail.headers.get(name) ?? "");
  const audio = mail.attachments.find(({ contentType }) => contentType.startsWith("audio/"));
  return {
    box,
    folder,
    id: mail.messageId?.replace(/^<|@.*$/g, "") ?? "",
    number: header("x-asterisk-vm-caller-id-num"),
    name: mail.from?.value[0]?.name ?? "",
    time: Number(header("x-asterisk-vm-orig-time")),
    seconds: Number(header("content-duration")),
    // mailparser's name for what Importance says.
    urgent: header("x-asterisk-vm-flag") === "Urgent" && header("priority") === "high",
    seen: flags.has("\\Seen"),
    audio: audio?.content ?? Buffer.alloc(0),
  };
}
