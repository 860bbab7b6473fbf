import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";

/** A folder that was removed or replaced under us is looked for again this often, in milliseconds. */
const AGAIN_MS = 5_000;

/**
 * Calls back after each change of a folder's names, until the signal aborts. The system watches a folder by its inode:
 * when another takes its place (a restored backup), watching begins again on that one.
 */
export async function watchFolder(
  path: string,
  onChange: () => void,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const { ino } = await stat(path);
  const watcher = beginWatching(path);
  const ended = new AbortController();
  const end = () => {
    ended.abort();
    watcher.close();
    signal.removeEventListener("abort", end);
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();

  const startAgain = () => {
    if (ended.signal.aborted) return;
    end();
    onChange();
    log.warn({ path }, "The watched folder is gone; looking for it again");
    setTimeout(() => retry(path, onChange, signal, log), AGAIN_MS).unref();
  };
  watcher.on("error", startAgain);
  watcher.on("change", () => {
    if (ended.signal.aborted) return;
    onChange();
    stat(path).then((now) => (now.ino === ino ? undefined : startAgain()), startAgain);
  });
}

function retry(path: string, onChange: () => void, signal: AbortSignal, log: Logger): void {
  if (signal.aborted) return;
  watchFolder(path, onChange, signal, log).then(onChange, () => {
    setTimeout(() => retry(path, onChange, signal, log), AGAIN_MS).unref();
  });
}

/** @throws VoxpostError STORE_REFUSED: the system's fault would read as a full disk */
function beginWatching(path: string): FSWatcher {
  try {
    return watch(path, { persistent: false });
  } catch (error) {
    const remedy = "raise fs.inotify.max_user_watches and max_user_instances, or do without";
    throw VoxpostError.from(error, "STORE_REFUSED", `${path} cannot be watched (${remedy})`, { path });
  }
}
