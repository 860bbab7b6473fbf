import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testServer } from "./foreign.ts";
import { BEARER, BOX, openHttp } from "./http-server.ts";
import { bytesOf, newMessage, sound } from "./samples.ts";

/** examples/http-store: a server in another language, which keeps everything on a disk. */

const SERVER = fileURLToPath(new URL("../../examples/http-store/server.py", import.meta.url));
const hasPython =
  spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).status === 0;
let program: ChildProcess | undefined;
let folder = "";
let url = "";

async function start(): Promise<void> {
  // Without -B Python would leave its compiled files in the source tree.
  program = spawn("python3", ["-B", SERVER, folder, "0"], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, VOXPOST_TOKEN: BEARER },
  });
  if (!program.stdout) throw new Error("the server has no output");
  const [line] = await once(program.stdout, "data");
  url = String(line).trim();
}

async function kill(): Promise<void> {
  if (!program) return;
  const exited = once(program, "exit");
  program.kill("SIGKILL");
  await exited;
}

if (hasPython) {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voxpost-python-"));
    await start();
  });
  afterAll(async () => {
    await kill();
    await rm(folder, { recursive: true });
  });

  testServer("a server in Python", () => ({ url, token: BEARER }), 5);

  test("everything is there after a kill", async () => {
    const before = await openHttp(url);
    const { ref } = await before.append("Work", newMessage(BOX, { audio: [sound("kept")] }));
    await before.writeGreeting?.(BOX, "busy", sound("I am busy"));
    await before.close();
    await kill();
    await start();
    const after = await openHttp(url);
    const [part] = await after.read(ref);
    const greeting = await after.readGreeting?.(BOX, "busy");
    expect(part && (await bytesOf(part.stream)).toString()).toBe("kept");
    expect(greeting && (await bytesOf(greeting.stream)).toString()).toBe("I am busy");
    await after.close();
  });
} else test("a server in Python", ({ skip }) => skip("there is no Python of version 3.9 or later"));
