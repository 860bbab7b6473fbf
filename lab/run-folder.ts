import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { isAlive } from "./lock.ts";
import { folder, ROOTS, RUNS } from "./paths.ts";

/**
 * The folders of one running lab: `.lab/run/<id>` with its logs, and for servers that run inside an unpacked system a folder
 * `/lab/<id>` in there, which `.lab/run/<id>` links to.
 */
export interface RunFolder {
  id: string;
  path: string;
  logs: string;
  /** Makes the folder of one server; `root` is the unpacked system it runs in, undefined for a program of this machine. */
  place(server: string, root: string | undefined): Place;
  remove(): void;
}

/** Where one server's files lie, and how it is started. */
export interface Place {
  /** The folder as this process sees it. */
  outside: string;
  /** The same folder as the server sees it. */
  inside: string;
  /** A file of the server's system, as this process sees it. */
  system(path: string): string;
  /** The command line that runs a program of the server's system. */
  command(program: string, args: string[]): { command: string; args: string[]; env: Record<string, string> };
}

const KEEP = "keep";

export function makeRunFolder(): RunFolder {
  removeDeadRuns();
  const id = `${process.pid}-${randomBytes(3).toString("hex")}`;
  const path = folder(`${RUNS}/${id}`);
  const outsides = new Set<string>([path]);
  return {
    id,
    path,
    logs: folder(`${path}/logs`),
    place(server, root) {
      const outside = root ? folder(`${root}/lab/${id}/${server}`) : folder(`${path}/${server}`);
      if (root) {
        outsides.add(`${root}/lab/${id}`);
        if (!existsSync(`${path}/${server}`)) symlinkSync(outside, `${path}/${server}`);
      }
      return makePlace(outside, root);
    },
    remove: () => {
      for (const each of outsides) rmSync(each, { recursive: true, force: true });
    },
  };
}

/** Protects a run's folders from the next lab's cleaning. */
export function keepRunFolder(run: RunFolder): void {
  writeFileSync(`${run.path}/${KEEP}`, "");
}

/** The process that made a run folder, told from the folder's name; 0 for another name. */
export function ownerOf(id: string): number {
  return Number(/^(\d+)-[0-9a-f]{6}$/.exec(id)?.[1] ?? 0);
}

function makePlace(outside: string, root: string | undefined): Place {
  const usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const env = {
    // A machine's own programs may lie anywhere in its PATH.
    PATH: root ? usual : `${process.env.PATH}:${usual}`,
    LANG: "C.UTF-8",
    TZ: "UTC",
  };
  return {
    outside,
    inside: root ? outside.slice(root.length) : outside,
    system: (path) => `${root ?? ""}${path}`,
    command: (program, args) =>
      root ? { command: "chroot", args: [root, program, ...args], env } : { command: program, args, env },
  };
}

/** Removes what labs left that were killed, in all roots. */
function removeDeadRuns(): void {
  for (const id of entries(RUNS)) {
    if (!isDead(id) || existsSync(`${RUNS}/${id}/${KEEP}`)) continue;
    for (const root of entries(ROOTS)) rmSync(`${ROOTS}/${root}/lab/${id}`, { recursive: true, force: true });
    rmSync(`${RUNS}/${id}`, { recursive: true, force: true });
  }
}

function isDead(id: string): boolean {
  const owner = ownerOf(id);
  return owner > 0 && !isAlive(owner);
}

function entries(path: string): string[] {
  return existsSync(path) && lstatSync(path).isDirectory() ? readdirSync(path) : [];
}
