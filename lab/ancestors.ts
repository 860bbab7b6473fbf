import { existsSync, readFileSync } from "node:fs";
import { isAlive } from "./lock.ts";

/**
 * Calls `onOrphaned` when one of the wrappers that we were started through (npm, its shell, tsx) is gone: a `kill -9` of `npm run lab`
 * reaches only npm, and nobody would be left to end the lab.
 */
export function watchWrappers(onOrphaned: () => void): void {
  const wrappers = findWrappers();
  const timer = setInterval(() => {
    if (wrappers.every(isAlive)) return;
    clearInterval(timer);
    onOrphaned();
  }, 1_000);
  timer.unref();
}

/** Our ancestors up to npm; only our parent when npm is not among them; none where the system does not tell. */
function findWrappers(): number[] {
  const chain: number[] = [];
  for (let pid = process.ppid; pid > 1 && chain.length < 8; ) {
    chain.push(pid);
    const [name, parent] = describe(pid) ?? [];
    if (parent === undefined) break;
    if (name?.startsWith("npm")) return chain;
    pid = parent;
  }
  return chain.slice(0, 1);
}

function describe(pid: number): [name: string, parent: number] | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  const found = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(file, "utf8"));
  return found ? [found[1] ?? "", Number(found[2])] : undefined;
}
