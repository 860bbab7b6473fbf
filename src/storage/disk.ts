import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

export function isGone(error: unknown): boolean {
  return errnoOf(error) === "ENOENT";
}

/** After this a power cut loses no name in the folder. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a new file with all its bytes on the disk. Private: voicemail is nobody else's. */
export async function writeNew(path: string, bytes: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of bytes) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The rename by which something comes to be at its place, or leaves it, for good. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  const [source, target] = [dirname(from), dirname(to)];
  await syncFolder(target);
  if (source !== target) await syncFolder(source);
}
