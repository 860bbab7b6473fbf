import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { NewMessage } from "../src/model/message.ts";

/** Mail servers take no date in the future, and a day is enough for ten thousand calls. */
const FIRST_CALL = Date.now() - 2 * 24 * 60 * 60 * 1000;

/** The `number`th message of a mailbox of the default context; one call every five seconds. */
export function newMessage(mailbox: string, number: number, wav: Buffer): NewMessage {
  return {
    id: randomBytes(16).toString("hex"),
    mailbox: { mailbox, context: "default" },
    caller: { number: "5551234", name: "Ann Caller" },
    receivedAt: new Date(FIRST_CALL + 5_000 * number),
    duration: Math.round(wav.length / 16_000),
    heard: false,
    urgent: false,
    priority: false,
    private: false,
    audio: [
      {
        kind: "voice",
        contentType: "audio/wav",
        open: async () => Readable.from([wav], { objectMode: false }),
      },
    ],
  };
}
