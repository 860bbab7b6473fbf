import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { AudioPart, AudioSource } from "../model/message.ts";

/** A part of a message in a file. Whoever made the folder that it lies in removes it. */
export interface AudioFile extends AudioSource {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Brings a message's audio into files, in the order in which it is heard. So neither the store nor whoever it goes to waits for the
 * other, and none of it is held in memory.
 */
export async function toFiles(
  parts: readonly AudioPart[],
  folder: string,
  signal: AbortSignal,
): Promise<AudioFile[]> {
  const files: AudioFile[] = [];
  try {
    for (const [index, { stream, kind, contentType, duration }] of parts.entries()) {
      const path = join(folder, `audio-${index}`);
      await pipeline(stream, createWriteStream(path), { signal });
      files.push({
        kind,
        contentType,
        ...(duration === undefined ? {} : { duration }),
        path,
        size: (await stat(path)).size,
        open: async () => createReadStream(path),
      });
    }
  } finally {
    for (const { stream } of parts) stream.destroy();
  }
  return files;
}
