import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { externnotify } from "../../src/jobs/externnotify.ts";
import { webhook } from "../../src/jobs/webhook.ts";
import { ANN } from "./world.ts";

/** What lies in examples/externnotify is what somebody starts from: it is run as it is. */

const EXAMPLES = resolve("examples/externnotify");
const EVENT = {
  id: "9f1c2f64-34f5-4bb4-9e3a-1f5d0a4a8f11",
  at: new Date("2026-11-22T08:00:00.123Z"),
  mailbox: ANN,
  counts: { urgent: 1, new: 2, old: 3 },
};
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const never = new AbortController().signal;

it("counts.sh keeps a file for each mailbox", async () => {
  const folder = await mkdtemp(join(tmpdir(), "voxpost-counts-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const tell = externnotify([join(EXAMPLES, "counts.sh"), join(folder, "counts")]);
  await tell(EVENT, never);
  const read = () => readFile(join(folder, "counts/default/1001"), "utf8");
  expect(await read()).toBe("new=2 old=3 urgent=1\n");
  await tell({ ...EVENT, counts: { urgent: 0, new: 0, old: 6 } }, never);
  expect(await read()).toBe("new=0 old=6 urgent=0\n");
});

it("counts.sh wants to be called again when its folder is not there", async () => {
  const tell = externnotify([join(EXAMPLES, "counts.sh"), "/dev/null/counts"]);
  await expect(tell(EVENT, never)).rejects.toMatchObject({ code: "NOTIFY_FAILED" });
});

it("webhook.mjs takes what is signed, once, and nothing that is older", async () => {
  const server: ChildProcess = spawn(process.execPath, [join(EXAMPLES, "webhook.mjs"), "0", SECRET]);
  onTestFinished(() => void server.kill());
  if (!server.stdout) throw new Error("it has no output");
  const lines = createInterface({ input: server.stdout });
  const said: string[] = [];
  lines.on("line", (line) => said.push(line));
  await once(lines, "line");
  const url = `http://127.0.0.1:${said[0]?.split(" ").at(-1)}`;
  const tell = webhook({ url, secret: SECRET, cleartext: false });
  await tell(EVENT, never);
  await tell(EVENT, never);
  await tell({ ...EVENT, at: new Date(0), counts: { urgent: 0, new: 9, old: 0 } }, never);
  for (const options of [{ secret: OTHER }, {}]) {
    const forged = webhook({ url, ...options, cleartext: false })(EVENT, never);
    await expect(forged).rejects.toMatchObject({ code: "NOTIFY_REFUSED" });
  }
  await tell({ ...EVENT, at: new Date(), counts: { urgent: 0, new: 0, old: 6 } }, never);
  const ended = once(lines, "close");
  server.kill();
  await ended;
  expect(said.slice(1)).toEqual([
    "1001@default: 2 new, 3 old, 1 urgent",
    "1001@default: 0 new, 6 old, 0 urgent",
  ]);
});
