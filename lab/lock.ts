import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { folder, LAB } from "./paths.ts";

/** Whether a process of this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Takes a name for this process, or returns undefined when a living process holds it.
 * A holder that died loses it.
 */
export function claim(name: string): { release(): void } | undefined {
  const file = `${folder(`${LAB}/locks`)}/${name}`;
  // Written first and then linked, so that nobody ever sees a lock without its holder.
  const mine = `${file}.${process.pid}.mine`;
  writeFileSync(mine, String(process.pid));
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (link(mine, file)) return { release: () => rmSync(file, { force: true }) };
      const holder = readHolder(file);
      if (holder === undefined) continue;
      if (isAlive(holder)) return undefined;
      discardStale(file, holder);
    }
    return undefined;
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Runs `work` while no other process of this project runs work of the same name.
 * Throws when the other one has not finished within `waitMs`; `onWait` is told once that there is a wait.
 */
export async function withLock<T>(
  name: string,
  work: () => Promise<T>,
  { waitMs = 900_000, onWait = () => {} }: { waitMs?: number; onWait?(): void } = {},
): Promise<T> {
  const end = Date.now() + waitMs;
  let held = claim(name);
  if (!held) onWait();
  while (!held) {
    if (Date.now() > end)
      throw new Error(`waited ${waitMs / 1000} s for another process to finish "${name}"`);
    await sleep(200);
    held = claim(name);
  }
  try {
    return await work();
  } finally {
    held.release();
  }
}

function link(existing: string, name: string): boolean {
  try {
    linkSync(existing, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** The process that holds the file; undefined when the file is gone by now. */
function readHolder(file: string): number | undefined {
  try {
    return Number(readFileSync(file, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

function discardStale(file: string, holder: number): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    // Between our look and the rename somebody else may have renewed it: then it goes back.
    if (readHolder(aside) !== holder) linkSync(aside, file);
    rmSync(aside, { force: true });
  } catch {
    // Another process was quicker; the caller tries again.
  }
}
