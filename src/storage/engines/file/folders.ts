import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, syncFolder } from "../../disk.ts";

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
