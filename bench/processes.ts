import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks in a second, as the kernel counts them for programs (`getconf CLK_TCK`). */
const TICKS = 100;

/** Seconds of processor time that a process and all its children have used, those that have ended included. */
export function cpuSeconds(pid: number): number {
  return family(pid).reduce((sum, each) => sum + ticks(each), 0) / TICKS;
}

/** What a process holds in memory, megabytes. */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

/** Makes Node write a line at each garbage collection. */
export const TELL_COLLECTIONS = "--trace-gc";

/**
 * What was in use on the heap after the last of Node's own collections of all of it that this log tells of, megabytes. The first heap to be collected is
 * the program's, others are its threads'.
 */
export function leftByCollection(log: string): number | undefined {
  const text = readFileSync(log, "utf8");
  const [heap = ""] = /\[\d+:0x[0-9a-f]+\]/.exec(text) ?? [];
  const lines = text.split("\n").filter((line) => line.startsWith(heap) && line.includes(" Mark-Compact "));
  const left = /-> ([\d.]+) \([\d.]+\) MB/.exec(lines.at(-1) ?? "")?.[1];
  return left === undefined ? undefined : Number(left);
}

/** Name and state may hold anything, so fields are counted from behind the name. */
function fields(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function ticks(pid: number): number {
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields(pid).slice(11, 15).map(Number);
  return user + system + childrenUser + childrenSystem;
}

function family(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(fields(Number(name))[1])] as const);
  const found = [pid];
  for (const member of found) {
    for (const [child, parent] of parents) if (parent === member) found.push(child);
  }
  return found;
}
