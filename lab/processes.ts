import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { guard } from "./guardian.ts";

/** What is needed to start a server as a child of this process. */
export interface ServerPlan {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** File that receives standard output and error. */
  log: string;
  /** Other log files, whose end is quoted too when the start fails. */
  moreLogs?: string[];
  /** Resolves true when the server answers. A rejection counts as "not yet". */
  isReady(): Promise<boolean>;
  /** Default: 60,000 ms. */
  readyWithinMs?: number;
  /** Called before each start, the first one too. */
  beforeStart?(): void;
  /** Called with every line of standard output. */
  onLine?(line: string): void;
}

/** A running server. Its whole process group is addressed by every method. */
export interface Server {
  readonly name: string;
  /** Process id of the present incarnation. */
  readonly pid: number;
  readonly running: boolean;
  readonly log: string;
  /** Resolves when the present incarnation has ended, with its exit code (undefined after a signal). */
  readonly exited: Promise<number | undefined>;
  /** Asks with SIGTERM, insists with SIGKILL after 5 s, and resolves when the group is gone. */
  stop(): Promise<void>;
  /** Default: SIGKILL. After SIGKILL, await `exited` before `restart`. */
  kill(signal?: NodeJS.Signals): void;
  /** Stops it when it runs, then starts it on the same ports and data; resolves when it answers. */
  restart(): Promise<void>;
}

/** Starts a server and resolves when it answers. Rejects, with the end of its log, when it ends or stays silent. */
export async function startServer(plan: ServerPlan): Promise<Server> {
  let current = await launch(plan);
  return {
    name: plan.name,
    log: plan.log,
    get pid() {
      return current.pid;
    },
    get running() {
      return current.running();
    },
    get exited() {
      return current.exited;
    },
    stop: () => stop(current),
    kill: (signal = "SIGKILL") => signalGroup(current.pid, signal),
    async restart() {
      await stop(current);
      current = await launchAgain(plan);
    },
  };
}

interface Incarnation {
  pid: number;
  exited: Promise<number | undefined>;
  running(): boolean;
}

/** Helpers of the one before, in sessions of their own (PostgreSQL's), may hold memory and sockets for a moment: then once more. */
async function launchAgain(plan: ServerPlan): Promise<Incarnation> {
  for (let left = 5; left > 1; left--) {
    try {
      return await launch(plan);
    } catch {
      await sleep(500);
    }
  }
  return launch(plan);
}

async function launch(plan: ServerPlan): Promise<Incarnation> {
  plan.beforeStart?.();
  const log = createWriteStream(plan.log, { flags: "a" });
  // `detached` makes a process group of its own: Ctrl-C in a terminal reaches only us, and we end the group in order.
  const child = spawn(plan.command, plan.args, {
    cwd: plan.cwd,
    env: plan.env ?? process.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const pid = child.pid;
  let alive = true;
  const exited = new Promise<number | undefined>((resolve) => {
    child.once("error", () => resolve(undefined));
    child.once("exit", (code) => resolve(code ?? undefined));
  }).then(async (code) => {
    alive = false;
    if (pid) {
      await endGroup(pid);
      guard.release(pid);
    }
    return code;
  });
  if (!pid) throw new Error(`${plan.name}: cannot start ${plan.command}`);
  guard.watch(pid);
  collectOutput(child, log, plan.onLine);
  const incarnation = { pid, exited, running: () => alive };
  try {
    await waitUntil(plan.isReady, plan.readyWithinMs ?? 60_000, `${plan.name} to answer`, () => alive);
  } catch (error) {
    await stop(incarnation);
    throw new Error(`${(error as Error).message}${logEnds([plan.log, ...(plan.moreLogs ?? [])])}`);
  }
  return incarnation;
}

async function stop({ pid, exited, running }: Incarnation): Promise<void> {
  if (!running()) {
    await exited;
    return;
  }
  signalGroup(pid, "SIGTERM", true);
  signalGroup(pid, "SIGCONT");
  const impatience = setTimeout(() => signalGroup(pid, "SIGKILL"), 15_000);
  await exited;
  clearTimeout(impatience);
}

/** Helpers that a server left behind may hold its ports and sockets, so they are gone before the next one starts. */
async function endGroup(pid: number): Promise<void> {
  signalGroup(pid, "SIGKILL");
  await waitUntil(() => !groupExists(pid), 3_000, "the helpers of a server to end").catch(() => {});
}

function groupExists(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals, leaderOnly = false): void {
  try {
    process.kill(leaderOnly ? pid : -pid, signal);
  } catch {
    // Gone already.
  }
}

function collectOutput(
  child: ChildProcess,
  log: NodeJS.WritableStream,
  onLine?: (line: string) => void,
): void {
  child.stderr?.on("data", (data) => log.write(data));
  let rest = "";
  child.stdout?.on("data", (data: Buffer) => {
    log.write(data);
    if (!onLine) return;
    const lines = (rest + data.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  child.once("close", () => log.end());
}

/**
 * Polls until `check` is true. Throws `waited N s for WHAT` at the end of the time, or as soon as `goOn` is false.
 * An error thrown by `check` counts as "not yet".
 */
export async function waitUntil(
  check: () => boolean | Promise<boolean>,
  withinMs: number,
  what: string,
  goOn: () => boolean = () => true,
): Promise<void> {
  const start = Date.now();
  for (;;) {
    const yes = await Promise.resolve()
      .then(check)
      .catch(() => false);
    if (yes) return;
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    if (!goOn()) throw new Error(`waited for ${what}, but it ended after ${seconds} s`);
    if (Date.now() - start > withinMs) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(50);
  }
}

function logEnds(files: string[]): string {
  return files
    .filter((file) => existsSync(file))
    .map(
      (file) =>
        `\n--- end of ${file}\n${readFileSync(file, "utf8").trimEnd().split("\n").slice(-15).join("\n")}`,
    )
    .join("");
}
