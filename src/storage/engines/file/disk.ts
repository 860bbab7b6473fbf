import { mkdir, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ErrorCode, VoxpostError } from "../../../errors.ts";

/** What a system call's fault means to a caller; whatever is not here may pass, so it can be tried again. */
const FAULTS: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: "STORE_FULL",
  EDQUOT: "STORE_FULL",
  EACCES: "STORE_REFUSED",
  EPERM: "STORE_REFUSED",
  EROFS: "STORE_REFUSED",
  ENOTDIR: "STORE_REFUSED",
  ENOTEMPTY: "STORE_REFUSED",
  EEXIST: "STORE_REFUSED",
};

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

export function isGone(error: unknown): boolean {
  return errnoOf(error) === "ENOENT";
}

/** Names a system call's fault in our words; errors of ours, and those of an audio's source, stay what they are. */
export function toFault(error: unknown, path: string): unknown {
  if (error instanceof VoxpostError || !(error instanceof Error && "syscall" in error)) return error;
  const code = FAULTS[errnoOf(error) ?? ""] ?? "STORE_UNREACHABLE";
  return VoxpostError.from(error, code, `The file store at ${path} failed`, { path });
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

/**
 * Makes folders below a root, never the root itself: when the disk that should be there is not mounted, messages must
 * not end up beneath its mount point.
 */
export class FolderMaker {
  readonly #root: string;
  /** Another process may have made a folder and died before it was on the disk, so the first sight of each is synced. */
  readonly #durable = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  async make(...names: string[]): Promise<string> {
    let path = this.#root;
    for (const name of names) {
      const parent = path;
      path = join(parent, name);
      const made = await makeFolder(path);
      if (made || !this.#durable.has(path)) await syncFolder(parent);
      this.#durable.add(path);
    }
    return path;
  }
}

async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, 0o700);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}
