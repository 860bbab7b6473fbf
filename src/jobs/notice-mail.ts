import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeMail, type Notice } from "../notices/compose.ts";
import type { Sent, Smtp } from "../notices/smtp.ts";
import type { Entry } from "../storage/engine.ts";
import type { Store } from "../storage/store.ts";
import { type AudioFile, toFiles } from "./audio-files.ts";

export interface NoticeMailDeps {
  readonly store: Pick<Store, "audio">;
  readonly smtp: Pick<Smtp, "send">;
  /** Exists; audio lies here until it was sent. Default: the system's. */
  readonly folder?: string;
}

/** Whether all of the message went along. */
type SentMail = Sent & { readonly whole: boolean };

/**
 * Sends a message with its audio if that is wanted, and if it is small enough for us and for the server; else a mail that says
 * so. The audio goes from the store to a file and from there to the server, so that neither waits for the other.
 */
export async function sendMail(
  notice: Notice,
  entry: Entry,
  to: readonly string[],
  { store, smtp, folder: parent }: NoticeMailDeps,
  signal: AbortSignal,
): Promise<SentMail> {
  const { attach, attachMaxBytes } = notice.notices;
  const send = (audio: readonly AudioFile[], tooLarge: boolean) =>
    smtp.send(composeMail(notice, to, { audio, tooLarge }), signal);
  if (!attach) return { ...(await send([], false)), whole: false };

  const folder = await mkdtemp(join(parent ?? tmpdir(), "voxpost-notice-"));
  try {
    const audio = await toFiles(await store.audio(entry, signal), folder, signal);
    const bytes = audio.reduce((sum, { size }) => sum + size, 0);
    const sent = bytes <= attachMaxBytes ? await send(audio, false) : undefined;
    if (sent && !sent.tooLarge) return { ...sent, whole: true };
    return { ...(await send([], true)), whole: false };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
