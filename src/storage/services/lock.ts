import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { VoxpostError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Place } from "./trees.ts";

/** Held until it is released, or its process ends, however that ends. */
export interface Lock {
  release(): void;
}

/**
 * Locks a file for this program alone: with SQLite, whose locks are the system's own. So none is left behind by a program that
 * was killed, and two in one program keep each other out too. `held` tells people what it means that somebody else has it.
 * @throws VoxpostError LOCKED, STORE_REFUSED
 */
export function takeLock(path: string, held: string): Lock {
  const database = new SQLite(path, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    const isHeld = error instanceof SQLite.SqliteError && error.code.startsWith("SQLITE_BUSY");
    if (!isHeld) throw VoxpostError.from(error, "STORE_REFUSED", `The lock ${path} cannot be taken`);
    throw new VoxpostError("LOCKED", held);
  }
  return { release: () => database.close() };
}

/**
 * Locks a store for writing many messages: two who do so at once could each find a message missing, and store it twice. Holds
 * among the programs of one user on this machine.
 * @throws VoxpostError LOCKED
 */
export function lockTarget({ name }: Engine, tree: Place["tree"]): Lock {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `voxpost-locks-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new VoxpostError("STORE_REFUSED", `${folder} belongs to somebody else: remove it, or set TMPDIR`);
  }
  // A name tells all of a local store; of a mail server it tells less than there is.
  const { port = "", user = "", parent = "" } = tree;
  const file = createHash("sha256").update(`${name} ${port} ${user} ${parent}`).digest("hex").slice(0, 16);
  return takeLock(join(folder, file), inUse(name));
}

/** Of a store or journal that somebody else writes to. */
export function inUse(what: string): string {
  return `Another migration or restore works on ${what}; wait for its end`;
}
