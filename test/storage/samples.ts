import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { Logger } from "../../src/log.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { AudioSource, NewMessage } from "../../src/model/message.ts";
import type { Entry } from "../../src/storage/engine.ts";

export function newId(): string {
  return randomBytes(16).toString("hex");
}

/** Any bytes: what a store must not change is easiest seen when they are no audio at all. */
export function sound(bytes: Buffer | string, info: Partial<Omit<AudioSource, "open">> = {}): AudioSource {
  const buffer = Buffer.from(bytes);
  return {
    kind: "voice",
    contentType: "audio/wav",
    ...info,
    open: async () => Readable.from(buffer.length > 0 ? [buffer] : [], { objectMode: false }),
  };
}

/**
 * Whole seconds, as a mail's date has no more. Each message of a test is a minute later than the one before, and all are
 * in the past: Dovecot takes no INTERNALDATE in the future.
 */
const START = Date.UTC(2025, 10, 22, 1, 0, 0);
let minutes = 0;

export function newMessage(mailbox: MailboxAddress, over: Partial<NewMessage> = {}): NewMessage {
  return {
    id: newId(),
    mailbox,
    caller: { number: "5551234", name: "Ann Caller" },
    receivedAt: new Date(START + 60_000 * minutes++),
    duration: 7,
    heard: false,
    urgent: false,
    priority: false,
    private: false,
    audio: [sound("RIFF a voice")],
    ...over,
  };
}

export function atMinute(minute: number): Date {
  return new Date(START + 60_000 * minute);
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function digestOf(stream: Readable): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

export function idsOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => entry.envelope.id);
}

/** A source that gives its first bytes and then nothing more until it is destroyed. */
export function stalled(): { source: AudioSource; started: Promise<void> } {
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const open = async () => {
    const stream = new Readable({ read() {} });
    stream.push("RIFF");
    start();
    return stream;
  };
  return { source: { kind: "voice", contentType: "audio/wav", open }, started };
}

/** Takes what would be logged; `warnings` are the objects given with warn and error. */
export function recordingLog(): { log: Logger; warnings: unknown[] } {
  const warnings: unknown[] = [];
  const take = (first: unknown) => warnings.push(first);
  const quiet = () => {};
  const log = { trace: quiet, debug: quiet, info: quiet, warn: take, error: take, fatal: take };
  return { log: log as unknown as Logger, warnings };
}
