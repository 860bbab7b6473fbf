import { constants } from "node:fs";
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart, PartKind } from "../../../model/message.ts";
import { errnoOf, isGone } from "../../disk.ts";
import { type Format, typeOf } from "./layout.ts";
import { parseRecord } from "./record.ts";
import { type Found, withoutText } from "./scan.ts";

interface Opened {
  readonly path: string;
  readonly handle: FileHandle;
  readonly part: Omit<AudioPart, "stream">;
}

/**
 * The audio of a message, the comment first. Undefined when app_voicemail has moved or renumbered it meanwhile: what
 * lies under its number now may be another message, so text and files are looked at again once they are open.
 */
export async function openMessage(
  found: Found,
  mailbox: MailboxAddress,
  formats: readonly Format[],
): Promise<AudioPart[] | undefined> {
  const { place, number } = found;
  const opened: Opened[] = [];
  try {
    for (const [stem, kind] of [
      [`msgintro${number}`, "comment"],
      [`msg${number}`, "voice"],
    ] as const) {
      const file = await openFirst(join(place, stem), kind, formats);
      if (file) opened.push(file);
    }
    const voice = opened.find(({ part }) => part.kind === "voice");
    const same = (await Promise.all(opened.map(isStillThere))).every(Boolean);
    if (same && voice && (await isStill(found, voice, mailbox))) {
      return opened.splice(0).map(({ part, handle }) => ({ ...part, stream: handle.createReadStream() }));
    }
    return undefined;
  } finally {
    await Promise.all(opened.map(({ handle }) => handle.close()));
  }
}

export async function openFirst(
  stem: string,
  kind: PartKind,
  formats: readonly Format[],
): Promise<Opened | undefined> {
  for (const format of formats) {
    const path = `${stem}.${format}`;
    const handle = await openPlain(path);
    if (handle) return { path, handle, part: { kind, contentType: typeOf(format) } };
  }
  return undefined;
}

/** Follows no link, and opens no pipe. */
async function openPlain(path: string): Promise<FileHandle | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    return undefined;
  } catch (error) {
    if (isGone(error) || errnoOf(error) === "ELOOP") return undefined;
    throw error;
  }
}

async function isStillThere({ path, handle }: Opened): Promise<boolean> {
  try {
    return (await stat(path)).ino === (await handle.stat()).ino;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

async function isStill(
  { place, number, record }: Found,
  { handle }: Opened,
  mailbox: MailboxAddress,
): Promise<boolean> {
  const text = await readFile(join(place, `msg${number}.txt`)).catch(async (error: unknown) => {
    if (isGone(error)) return withoutText(await handle.stat());
    throw error;
  });
  return parseRecord(text, mailbox).id === record.id;
}
