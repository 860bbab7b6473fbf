import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { isCode, VoxpostError } from "../../../errors.ts";
import type { AudioPart, AudioSource, ByteSource } from "../../../model/message.ts";
import { isGone, syncFolder, writeNew } from "../../disk.ts";
import { contentTypeOf, endingOf } from "../../endings.ts";
import { throwIfAborted } from "../../faults.ts";
import { cutOnAbort } from "../../streams.ts";
import { formatRecord, type MessageRecord, type PartRecord, RECORD_FILE, readRecord } from "./record.ts";

const TEXT_FILE = "text.txt";
/** What a mail has beyond our model, as a mail program would open it. */
const EXTRAS_FILE = "extras.eml";

/** What a message's or a greeting's folder holds: a record, and its audio in files that any player opens. */
export interface NewContents {
  readonly fields: Omit<MessageRecord, "audio">;
  readonly notes?: Record<string, string>;
  readonly audio: readonly AudioSource[];
  readonly text?: string;
  readonly extras?: ByteSource;
}

/**
 * Writes a folder with all its bytes on the disk, to be renamed to its place. Nothing is left behind when it fails;
 * what a killed program leaves is swept from `tmp` later.
 */
export async function writeContents(path: string, contents: NewContents, signal: AbortSignal): Promise<void> {
  await mkdir(path, 0o700);
  try {
    const audio: PartRecord[] = [];
    for (const source of contents.audio) {
      const { kind, contentType, duration } = source;
      const file = `${audio.length + 1}-${kind}.${endingOf(contentType)}`;
      await writeNew(join(path, file), cutOnAbort(await source.open(signal), signal));
      audio.push({ file, kind, contentType, ...(duration === undefined ? {} : { duration }) });
    }
    if (contents.text !== undefined) await writeNew(join(path, TEXT_FILE), [Buffer.from(contents.text)]);
    if (contents.extras) {
      await writeNew(join(path, EXTRAS_FILE), cutOnAbort(await contents.extras.open(signal), signal));
    }
    const record = formatRecord({ ...contents.fields, audio }, contents.notes);
    await writeNew(join(path, RECORD_FILE), [record]);
    await syncFolder(path);
    throwIfAborted(signal);
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
}

/**
 * The record of a folder, or what can be told without one: an owner must still hear a message whose record was damaged.
 * `fault` says what is wrong with it. Throws the system's ENOENT when the folder itself is gone.
 */
export async function readContents(path: string): Promise<{ record: MessageRecord; fault?: VoxpostError }> {
  try {
    return { record: await readRecord(path) };
  } catch (error) {
    if (isGone(error)) await stat(path);
    else if (!isCode(error, "MESSAGE_MALFORMED")) throw error;
    const fault = VoxpostError.from(error, "MESSAGE_MALFORMED", `${path} has no readable ${RECORD_FILE}`);
    return { record: await guessRecord(path), fault };
  }
}

async function guessRecord(path: string): Promise<MessageRecord> {
  const audio = (await readdir(path)).sort().flatMap((file): PartRecord[] => {
    const contentType = contentTypeOf(file);
    const kind = file.includes("comment") ? "comment" : "voice";
    return contentType ? [{ file, kind, contentType }] : [];
  });
  return { duration: 0, caller: {}, priority: false, private: false, audio };
}

/** Opens every part, comments first. Parts that are missing are left out as long as one is there. */
export async function openAudio(path: string): Promise<AudioPart[]> {
  const { record } = await readContents(path);
  const inOrder = [...record.audio].sort(commentsFirst);
  const opened: Array<{ part: PartRecord; handle: FileHandle; size: number }> = [];
  try {
    for (const part of inOrder) {
      const handle = await openPlain(join(path, part.file));
      if (handle) opened.push({ part, handle, size: (await handle.stat()).size });
      // Without this a message that is renamed just now would be played with a part missing.
      else await stat(path);
    }
  } catch (error) {
    await Promise.all(opened.map(({ handle }) => handle.close()));
    throw error;
  }
  if (opened.length === 0) {
    throw new VoxpostError("MESSAGE_MALFORMED", `${path} holds no audio`, { context: { path } });
  }
  return opened.map(({ part: { file: _, ...info }, handle, size }) => ({
    ...info,
    size,
    stream: handle.createReadStream(),
  }));
}

/** Undefined when there is none. Follows no link, as audio does not. */
export async function readText(path: string): Promise<string | undefined> {
  const handle = await openPlain(join(path, TEXT_FILE));
  if (!handle) {
    await stat(path);
    return undefined;
  }
  try {
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** Undefined when there are none. */
export async function openExtras(path: string): Promise<Readable | undefined> {
  const handle = await openPlain(join(path, EXTRAS_FILE));
  if (handle) return handle.createReadStream();
  await stat(path);
  return undefined;
}

function commentsFirst(a: PartRecord, b: PartRecord): number {
  return Number(b.kind === "comment") - Number(a.kind === "comment");
}

/** Follows no link: a folder that came from elsewhere cannot show a file of ours as audio. */
async function openPlain(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
