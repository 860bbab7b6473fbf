import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";

/** A program of the site's, and its first arguments. No shell reads them. */
export type Command = readonly string[];

export interface HookRun {
  /** Behind those of the command. */
  readonly args: readonly string[];
  /** Its standard input. Default: nothing. */
  readonly input?: string;
  /** Longest that it may take, milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface HookResult extends HookEnd {
  /** The first 10,000 bytes of each; the rest is read and thrown away. */
  readonly stdout: string;
  readonly stderr: string;
}

interface HookEnd {
  /** Undefined when it could not be started, or was killed. */
  readonly exitCode: number | undefined;
  /** For a message: "ended with 1". */
  readonly end: string;
}

const LONGEST_OUTPUT = 10_000;
/** So long after its end is what it wrote waited for: something that it left behind may hold its output open. */
const DRAIN_MS = 1_000;
/** Of our environment, which may hold secrets, it gets no more than these. */
const PASSED_ON = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/**
 * Runs a program of the site's. At its time limit, and when the signal says so, it is killed with everything that it has
 * started; what it leaves running when it ends by itself is left alone. Never rejects.
 */
export async function runHook([program = "", ...first]: Command, run: HookRun): Promise<HookResult> {
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(program, [...first, ...run.args], {
      env: Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
      // A process group of its own, which is killed as one. execa would kill the one process only.
      detached: true,
    });
  } catch (error) {
    return { ...notStarted(error), stdout: "", stderr: "" };
  }
  child.stdin.on("error", () => {}); // it need not read it
  child.stdin.end(run.input ?? "");
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const over = new AbortController();
  const end = await endOf(child, run, over.signal);
  if (end.exitCode !== undefined) {
    const drained = wait(DRAIN_MS, undefined, { ref: false, signal: over.signal });
    await Promise.race([Promise.all([stdout.closed, stderr.closed]), drained]);
  }
  over.abort();
  return { ...end, stdout: stdout.text(), stderr: stderr.text() };
}

function endOf(child: ChildProcess, { timeoutMs, signal }: HookRun, over: AbortSignal): Promise<HookEnd> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(notStarted(error)));
    child.once("exit", (code, killer) =>
      resolve(
        code === null
          ? { exitCode: undefined, end: `was ended by ${killer}` }
          : { exitCode: code, end: `ended with ${code}` },
      ),
    );
    const kill = (end: string) => {
      killGroup(child.pid);
      // A process that hangs in the kernel outlives even that: it is not waited for.
      resolve({ exitCode: undefined, end });
    };
    wait(timeoutMs, undefined, { signal: over }).then(
      () => kill(`did not end within ${timeoutMs} ms, and was killed`),
      () => {},
    );
    const onAbort = () => kill("was stopped");
    signal?.addEventListener("abort", onAbort, { signal: over });
    if (signal?.aborted) onAbort();
  });
}

function notStarted(error: unknown): HookEnd {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  return { exitCode: undefined, end: `cannot be started (${code})` };
}

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It has ended in this moment.
  }
}

/** Keeps the beginning, and reads to the end, whoever holds it open, so that nobody is stopped by a full pipe. */
function collect(stream: Readable): { text(): string; closed: Promise<void> } {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on("data", (chunk: Buffer) => {
    if (length < LONGEST_OUTPUT) chunks.push(chunk.subarray(0, LONGEST_OUTPUT - length));
    length += chunk.length;
  });
  stream.on("error", () => {});
  // What it has left behind must not keep our program from ending.
  if (stream instanceof Socket) stream.unref();
  const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  return { text: () => Buffer.concat(chunks).toString(), closed };
}
