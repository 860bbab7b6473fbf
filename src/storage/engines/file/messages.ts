import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isGone, renameDurably } from "../../disk.ts";
import { arrivedAt, type MessageName, namesOf, parseName } from "./names.ts";

/** What is in a folder, from names alone. Whatever has no message's name is told to `onForeign` and left alone. */
export async function listNames(folder: string, onForeign: (name: string) => void): Promise<MessageName[]> {
  const messages = new Map<string, MessageName>();
  // Sorted as texts, which is far cheaper here than later as messages.
  for (const name of (await readdir(folder)).sort()) {
    const message = parseName(name);
    if (message) messages.set(message.key, message);
    else if (!name.startsWith(".")) onForeign(name);
  }
  return [...messages.values()];
}

/** Another process may rename a message between two of our tries at it; it cannot do so for ever. */
const ROUNDS = 5;

/**
 * Does something with a message under the name that it has at this moment: its flags may be any, and may change
 * meanwhile. Undefined when no name of it exists.
 */
export async function withMessage<T>(
  folder: string,
  key: string,
  attempt: (path: string, message: MessageName) => Promise<T>,
): Promise<T | undefined> {
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of namesOf(key)) {
      const message = parseName(name);
      try {
        if (message) return await attempt(join(folder, name), message);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }
  }
  return undefined;
}

/** Out of sight by one rename, so that a listing never meets half of it; then away. */
export async function removeFolder(path: string, tmp: string): Promise<void> {
  const doomed = join(tmp, `removed-${randomUUID()}`);
  await renameDurably(path, doomed);
  await rm(doomed, { recursive: true, force: true });
}

/** No operation lasts this long, so what is older was left by a program that was killed. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Removes what killed programs left in a mailbox's `tmp`: half of a message that nobody was told is stored. */
export async function sweepTmp(tmp: string, now: number): Promise<void> {
  for (const name of await readdir(tmp)) {
    const abandoned = name.startsWith("removed-") || now - arrivedAt(name) > ABANDONED_MS;
    if (abandoned) await rm(join(tmp, name), { recursive: true, force: true });
  }
}
