import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const PROJECT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** Everything that the lab unpacks, generates or records lies in this one folder; it may be removed as a whole. */
export const LAB = `${PROJECT}/.lab`;

/** Unpacked systems that servers run in: `asterisk`, `services`, `cyrus`, `postgres`. */
export const ROOTS = `${LAB}/root`;

/** One folder per running lab. */
export const RUNS = `${LAB}/run`;

/** Makes a folder with its parents, and returns its path. */
export function folder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}
