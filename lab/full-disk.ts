import { execa } from "execa";
import type { Server } from "./processes.ts";

/**
 * From now on nothing that a server writes reaches a file, as on a disk that is full: by the kernel's limit of file sizes, with which Asterisk was
 * seen to do the same as on a full tmpfs. What it had written stays. Resolves to what gives it space again.
 */
export async function fillDisk({ pid }: Server): Promise<() => Promise<void>> {
  const limit = (size: string) => execa("prlimit", ["--pid", String(pid), `--fsize=${size}:`]);
  await limit("0");
  return async () => {
    // It may have died meanwhile, and the next one has no such limit.
    await limit("unlimited").catch(() => {});
  };
}
