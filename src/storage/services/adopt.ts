import { open, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { VoxpostError } from "../../errors.ts";
import { isMailboxName } from "../../model/mailbox.ts";

/** How app_voicemail's file spool names messages and greetings: its files lie where ours are folders. */
const SPOOL_FILE = /^(?:msg(?:intro)?\d{4}|unavail|busy|temp|greet)\.[A-Za-z0-9]+$/;
/** A message or greeting of ours. */
const OUR_FOLDER =
  /^(?:\d{8}T\d{9}Z-[0-9a-z]{11}-[0-9a-f]{32},|(?:unavailable|busy|temporary|name)-[0-9a-z]{11}-)/;

/**
 * The storage tree of what lies at a path without a configuration, told by what is in it and never by its name.
 * @throws VoxpostError CONFIG_INVALID when it is nothing that we know
 */
export async function recognise(path: string): Promise<Record<string, unknown>> {
  const absolute = resolve(path);
  const found = await statOf(absolute);
  if (found.isFile()) {
    if (await isSqlite(absolute)) return { engine: "sql", url: `sqlite://${absolute}` };
    throw unknown(absolute, "is a file, but no SQLite database");
  }
  for (const folder of await foldersAt(absolute, 3)) {
    for (const name of await readdir(folder)) {
      if (OUR_FOLDER.test(name)) return { engine: "file", path: absolute };
      if (SPOOL_FILE.test(name)) return { engine: "spool", path: absolute };
    }
  }
  throw unknown(
    absolute,
    "holds no voicemail where CONTEXT/MAILBOX/FOLDER should be; give the folder that holds the contexts",
  );
}

/** Greetings of app_voicemail lie beside the folders of messages, so folders of mailboxes are looked into as well. */
async function foldersAt(path: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const inside = await readdir(path, { withFileTypes: true });
  const folders = inside.filter((item) => item.isDirectory() && isMailboxName(item.name));
  const below = await Promise.all(folders.map(({ name }) => foldersAt(join(path, name), depth - 1)));
  return [...folders.map(({ name }) => join(path, name)), ...below.flat()];
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    throw VoxpostError.from(error, "CONFIG_INVALID", `${path} cannot be looked at`);
  }
}

async function isSqlite(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.toString("latin1") === "SQLite format 3\0";
  } finally {
    await file.close();
  }
}

function unknown(path: string, why: string): VoxpostError {
  return new VoxpostError("CONFIG_INVALID", `${path} ${why}`);
}
