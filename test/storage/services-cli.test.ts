import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { Session } from "../../src/commands/storage/session.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { backup } from "../../src/storage/services/backup/backup.ts";
import { restore } from "../../src/storage/services/backup/restore.ts";
import { lockTarget } from "../../src/storage/services/lock.ts";
import { knownMailboxes } from "../../src/storage/services/walk.ts";
import { newMessage, recordingLog, sound } from "./samples.ts";
import { ALICE, BOB, contentsOf } from "./services.ts";

const VOXPOST = fileURLToPath(new URL("../../bin/voxpost.mjs", import.meta.url));
/** So many that no program has copied them all before the test has seen that it copies. */
const MESSAGES = 500;
const ROUNDS = process.env.VOXPOST_TEST_ALL ? 4 : 2;
/** A program needs a second of a processor to start; many tests may start some at once. */
const PATIENCE = 120_000;

let folder: string;
let source: Engine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "voxpost-storage-cli-"));
  source = open({ engine: "file", path: "source" });
  await source.open();
  for (let index = 0; index < MESSAGES; index++) {
    const extras = sound("X-Voxpost-Keywords: $Junk\r\nX-Shoe-Size: 42\r\n\r\n");
    const over = { heard: index % 2 === 0, audio: [sound(Buffer.alloc(20_000, index))], extras };
    await source.append(index % 5 ? "INBOX" : "Work", newMessage(index % 3 ? ALICE : BOB, over));
  }
  await source.writeGreeting?.(ALICE, "busy", sound("busy!"));
  await writeFile(join(folder, "target.yaml"), "storage: { engine: file, path: target }\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function open(tree: Record<string, unknown>): Engine {
  return createEngine(tree, { log: recordingLog().log, folder });
}

function voxpost(args: string[], input?: Buffer) {
  const options = {
    cwd: folder,
    reject: false,
    encoding: "buffer" as const,
    stripFinalNewline: false,
    timeout: 60_000,
  };
  return execa(process.execPath, [VOXPOST, "storage", ...args], { ...options, ...(input ? { input } : {}) });
}

/** A second try must not find what the first one left. */
async function startAfresh(...names: string[]): Promise<void> {
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function inSource(...args: string[]): string[] {
  return [...args, "--in", `file://${folder}/source`];
}

test(
  "ls, show and cat show what is there: results alone on standard output",
  async () => {
    const [mailboxes, listed] = await Promise.all([
      voxpost(inSource("ls")),
      voxpost(inSource("ls", "1001", "--folder", "work", "--json")),
    ]);
    expect(textOf(mailboxes.stdout)).toMatch(
      /^mailbox\turgent\tnew\told\telsewhere\n1001@default\t0\t\d+\t\d+\t\d+\n1002@default/,
    );
    const lines = textOf(listed.stdout)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.length).toBe((await source.list(ALICE, "Work", { view: "all", limit: 500 })).total);
    const { id } = lines[0];
    const [show, heard] = await Promise.all([
      voxpost(inSource("show", "1001", id.slice(0, 12))),
      voxpost(inSource("cat", "1001", id)),
    ]);
    const audio = [{ bytes: 20_000, kind: "voice" }];
    expect(JSON.parse(textOf(show.stdout))).toMatchObject({
      id,
      mailbox: "1001@default",
      audio,
      extras: { keywords: ["$Junk"], headers: ["x-shoe-size: 42"], bytesOfParts: 0 },
    });
    expect(heard.stdout.length).toBe(20_000);
  },
  PATIENCE,
);

test(
  "looking at a store that is not there is an error, and makes nothing",
  async () => {
    const typo = `file://${folder}/typo`;
    const runs = [
      ["cat", "1001", "busy", "--in", typo],
      ["migrate", typo, `file://${folder}/x`],
    ];
    for (const result of await Promise.all(runs.map((args) => voxpost(args)))) {
      expect({ code: result.exitCode, out: result.stdout.length }).toEqual({ code: 1, out: 0 });
      expect(textOf(result.stderr)).toContain("[STORE_UNREACHABLE]");
    }
    expect((await readdir(folder)).sort()).toEqual(["source", "target.yaml"]);
  },
  PATIENCE,
);

test(
  "backup and restore through a pipe, and a pipe that breaks is a failure",
  async () => {
    await startAfresh("restored.db", "cut");
    const writer = start(inSource("backup"));
    const broken = exitOf(writer);
    writer.stdout?.once("data", () => writer.stdout?.destroy());
    const [backup, code] = [await voxpost(inSource("backup")), await broken];
    expect(code).toBe(1);
    expect(backup.exitCode).toBe(0);
    expect(textOf(backup.stderr)).toContain(`${MESSAGES} messages and 1 greetings are in the backup`);
    const stream = Buffer.from(backup.stdout);
    const [restored, cut] = await Promise.all([
      voxpost(["restore", "--in", `sqlite://${folder}/restored.db`], stream),
      voxpost(["restore", "--in", `file://${folder}/cut`], stream.subarray(0, 100_000)),
    ]);
    expect({ code: restored.exitCode, out: textOf(restored.stdout) }).toEqual({
      code: 0,
      out: `${MESSAGES + 1} messages and greetings were restored, 0 were there already, 0 failed\n`,
    });
    const target = open({ engine: "sql", url: "sqlite:restored.db" });
    expect(await contentsOf(target)).toEqual(await contentsOf(source));
    await target.close();
    expect(cut.exitCode).toBe(1);
    expect(textOf(cut.stderr)).toContain("ends in the middle");
  },
  PATIENCE,
);

test(
  "check tells what is wrong, and by its exit code that something is",
  async () => {
    await writeFile(join(folder, "source", "default", "1001", "INBOX", "foreign"), "");
    const { exitCode, stdout, stderr } = await voxpost(inSource("check", "--audio"));
    await rm(join(folder, "source", "default", "1001", "INBOX", "foreign"));
    expect(exitCode).toBe(1);
    expect(textOf(stderr)).toContain("foreign: this is no message of ours");
    const megabytes = (MESSAGES / 50).toFixed(1);
    expect(textOf(stdout)).toBe(
      `2 mailboxes, ${MESSAGES} messages and 1 greetings, ${megabytes} MB of audio: 1 faults\n`,
    );
  },
  PATIENCE,
);

test(
  "adopt prints a configuration that opens the store",
  async () => {
    const adopted = parse(textOf((await voxpost(["adopt", "source"])).stdout));
    expect(adopted.contexts).toEqual({ default: { mailboxes: { "1001": {}, "1002": {} } } });
    expect(await contentsOf(open(adopted.storage))).toEqual(await contentsOf(source));
  },
  PATIENCE,
);

test(
  "a migration that is stopped and killed again and again ends with everything, once",
  async () => {
    await startAfresh("target", "voxpost-data");
    const migrate = ["migrate", `file://${folder}/source`, "@target.yaml"];
    const outcomes: unknown[] = [];
    const signals = ["SIGKILL", "SIGINT", "SIGKILL", "SIGTERM"] as const;
    for (const signal of signals.slice(0, ROUNDS)) {
      const before = (await stored()).length;
      const child = start(migrate);
      await expect
        .poll(async () => (await stored()).length, { timeout: PATIENCE, interval: 5 })
        .toBeGreaterThan(before + 5);
      child.kill(signal);
      outcomes.push(await exitOf(child));
      expect((await stored()).length).toBeLessThan(MESSAGES);
    }
    expect(outcomes).toEqual(["SIGKILL", 130, "SIGKILL", 130].slice(0, ROUNDS));
    const last = await voxpost(migrate);
    // Not the one in "1001@default", where a slow machine tells how far it is.
    expect(textOf(last.stderr)).not.toMatch(/\bfault/);
    expect(last.exitCode).toBe(0);
    expect(textOf(last.stdout)).toContain("Everything in FROM is in TO.");
    const target = open({ engine: "file", path: "target" });
    expect(await contentsOf(target)).toEqual(await contentsOf(source));
    const [journal = ""] = await readdir(join(folder, "voxpost-data", "migrations"));
    expect(await readdir(join(folder, "voxpost-data", "migrations", journal))).toEqual([
      "default",
      "journal.json",
      "lock",
    ]);
  },
  4 * PATIENCE,
);

test(
  "two at once into one store are refused, and one that was killed leaves no lock behind",
  async () => {
    await startAfresh("locked", "voxpost-data");
    const out = new PassThrough();
    const bytes = out.toArray();
    const report = { progress() {}, finding() {} };
    await backup({ engine: source, mailboxes: knownMailboxes(() => []), out, report });
    out.end();
    const stream = Buffer.concat(await bytes);
    const into = `file://${folder}/locked`;
    const first = spawn(process.execPath, [VOXPOST, "storage", "restore", "--in", into], {
      cwd: folder,
      stdio: ["pipe", "ignore", "ignore"],
    });
    first.stdin.on("error", () => {});
    first.stdin.write(stream.subarray(0, stream.length / 2));
    await expect
      .poll(() => readdir(join(folder, "locked")).catch(() => []), { timeout: PATIENCE })
      .toContain("default");
    await writeFile(join(folder, "locked.yaml"), "storage: { engine: file, path: locked }\n");
    const second = await voxpost(["migrate", `file://${folder}/source`, "@locked.yaml"]);
    expect(second.exitCode).toBe(1);
    expect(textOf(second.stderr)).toMatch(/Another migration or restore works on file:.*\[LOCKED\]/);
    first.kill("SIGKILL");
    await exitOf(first);
    const target = open({ engine: "file", path: "locked" });
    lockTarget(target, {}).release();
    const again = await restore({ engine: target, stream: Readable.from([stream]), report });
    expect(again).toMatchObject({ faults: 0, complete: true });
    expect(await contentsOf(target)).toEqual(await contentsOf(source));
  },
  2 * PATIENCE,
);

test("a store that is chosen by what the configuration says of a mailbox is looked at in the right place", async () => {
  const store = { engine: "file", path: join(folder, "source") };
  const rules = [{ attributes: { class: "gold" }, to: "gold" }];
  const engines = { gold: store, rest: { engine: "memory" } };
  const storage = { engine: "route", engines, default: "rest", rules };
  const mailboxes = { "1001": { attributes: { class: "gold" } }, "1002": {} };
  await writeFile(
    join(folder, "route.yaml"),
    stringify({ ...BARE, storage, contexts: { default: { mailboxes } } }),
  );
  const ours = () => {
    throw new Error("another configuration was asked");
  };
  const session = new Session({ in: `@${join(folder, "route.yaml")}` }, ours, new AbortController().signal);
  const engine = await session.open(session.place());
  expect(await engine.find(ALICE, {})).toHaveLength((await source.find(ALICE, {})).length);
  expect(await engine.find(BOB, {})).toEqual([]);
  await session.close();
});

/** What a configuration must have besides its storage. */
const BARE = {
  instance: "a",
  asterisk: [{ name: "pbx", url: "http://127.0.0.1:1", user: "x", password: "x" }],
  media: { host: "127.0.0.1", port: 8090 },
};

/** Messages of the target, whichever mailbox and folder they are in; a restart in a test is slow, so this is quick. */
async function stored(): Promise<string[]> {
  const names = await readdir(join(folder, "target"), { recursive: true }).catch(() => []);
  return names.filter((name) => /\/(?:INBOX|Work)\/[^/]+$/.test(name));
}

function start(args: string[]): ChildProcess {
  return spawn(process.execPath, [VOXPOST, "storage", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}
