import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { GreetingKind } from "../../../model/greeting.ts";
import { isGone } from "../../disk.ts";

/**
 * A greeting is a folder as a message is one, named by kind and arrival: `unavailable-00pj8k2m1x4-5f3a9c01`. A new one
 * is renamed into place beside the old one, which is removed then; while there are two, the later is in force. The
 * last part keeps two apart that come at once.
 */
export function greetingName(kind: GreetingKind, arrival: string): string {
  return `${kind}-${arrival}-${randomBytes(4).toString("hex")}`;
}

export function greetingArrival(path: string): string {
  return basename(path).split("-")[1] ?? "";
}

/** Every folder of a kind, the one in force last. */
export async function listGreetings(folder: string, kind: GreetingKind): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.startsWith(`${kind}-`))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** It may be replaced between listing and opening; not for ever. */
const ROUNDS = 5;

/** Does something with the greeting in force; undefined when there is none. */
export async function withGreeting<T>(
  folder: string,
  kind: GreetingKind,
  attempt: (path: string) => Promise<T>,
): Promise<T | undefined> {
  for (let round = 0; round < ROUNDS; round++) {
    const path = (await listGreetings(folder, kind)).at(-1);
    if (path === undefined) return undefined;
    try {
      return await attempt(path);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return undefined;
}
