import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { bytesOf, idsOf, newMessage, recordingLog, sound } from "./samples.ts";

const mailbox = { mailbox: "1001", context: "default" };
const ALL = { view: "all", limit: 100 } as const;

let root: string;
let engine: FileEngine;
let warnings: unknown[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "voxpost-file-"));
  const recording = recordingLog();
  warnings = recording.warnings;
  engine = new FileEngine({ root, log: recording.log });
  await engine.open();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const inbox = () => join(root, "default/1001/INBOX");

async function onlyMessage(): Promise<string> {
  const [name = ""] = await readdir(inbox());
  return join(inbox(), name);
}

async function listed() {
  return (await engine.list(mailbox, "INBOX", ALL)).entries;
}

describe("on a shell", () => {
  test("a message is a folder that tells what it is, with audio that a player opens", async () => {
    const receivedAt = new Date("2026-11-22T01:45:12.345Z");
    const audio = [sound("RIFF"), sound("GSM", { kind: "comment", contentType: "audio/gsm" })];
    const message = newMessage(mailbox, { receivedAt, heard: true, urgent: true, audio, text: "Call me" });
    await engine.append("INBOX", message);
    const place = await onlyMessage();
    expect(place).toMatch(
      new RegExp(`/default/1001/INBOX/20261122T014512345Z-[0-9a-z]{11}-${message.id},hu$`),
    );
    expect((await readdir(place)).sort()).toEqual([
      "1-voice.wav",
      "2-comment.gsm",
      "message.json",
      "text.txt",
    ]);
    expect(await readFile(join(place, "1-voice.wav"), "utf8")).toBe("RIFF");
    expect(await readFile(join(place, "text.txt"), "utf8")).toBe("Call me");
    expect(JSON.parse(await readFile(join(place, "message.json"), "utf8"))).toMatchObject({
      voxpost: 1,
      id: message.id,
      mailbox: "1001@default",
      receivedAt: "2026-11-22T01:45:12.345Z",
      caller: message.caller,
      audio: [
        { file: "1-voice.wav", kind: "voice", contentType: "audio/wav" },
        { file: "2-comment.gsm", kind: "comment", contentType: "audio/gsm" },
      ],
    });
  });

  test("folders and files are nobody else's, and nothing lies in tmp", async () => {
    await engine.append("INBOX", newMessage(mailbox));
    const place = await onlyMessage();
    for (const folder of [join(root, "default"), join(root, "default/1001"), inbox(), place]) {
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
    }
    for (const file of await readdir(place)) expect((await stat(join(place, file))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(root, "default/1001/tmp"))).toEqual([]);
  });

  test("mv changes flags and folders, an editor the record, rm removes", async () => {
    const { envelope } = await engine.append("INBOX", newMessage(mailbox));
    let place = await onlyMessage();
    await rename(place, `${place}h`);
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 0, old: 1 });
    place = `${place}h`;
    const record = JSON.parse(await readFile(join(place, "message.json"), "utf8"));
    await writeFile(join(place, "message.json"), JSON.stringify({ ...record, caller: { name: "Bob" } }));
    expect((await listed())[0]?.envelope.caller).toEqual({ name: "Bob" });
    await mkdir(join(root, "default/1001/Work"));
    await rename(place, place.replace("INBOX", "Work"));
    expect((await engine.find(mailbox, { id: envelope.id }))[0]?.envelope.folder).toBe("Work");
    await rm(place.replace("INBOX", "Work"), { recursive: true });
    expect(await engine.find(mailbox, {})).toEqual([]);
  });

  test("a copy of a store is a store", async () => {
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    const copy = `${root}-copy`;
    await cp(root, copy, { recursive: true });
    try {
      const other = new FileEngine({ root: copy, log: recordingLog().log });
      expect(await other.find(mailbox, {})).toEqual(await engine.find(mailbox, {}));
      await engine.remove(ref);
      expect(await other.read(ref)).toHaveLength(1);
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});

describe("damage", () => {
  test.each([
    ["empty", (place: string) => truncate(join(place, "message.json"), 0)],
    ["cut off", (place: string) => truncate(join(place, "message.json"), 40)],
    ["gone", (place: string) => unlink(join(place, "message.json"))],
    ["of a later version", (place: string) => writeFile(join(place, "message.json"), '{"voxpost": 9}')],
    ["of another program", (place: string) => writeFile(join(place, "message.json"), "[1, 2]")],
  ])("a record that is %s costs the caller's name, not the message", async (_what, damage) => {
    const message = newMessage(mailbox, { urgent: true });
    const { ref } = await engine.append("INBOX", message);
    await damage(await onlyMessage());
    const [entry] = await listed();
    const { id, receivedAt, urgent } = message;
    expect(entry?.envelope).toMatchObject({ id, receivedAt, urgent, caller: {}, duration: 0 });
    const [part] = await engine.read(ref);
    expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
    await listed();
    expect(warnings).toHaveLength(1);
  });

  test("what is no message of ours is reported once and left alone", async () => {
    const { envelope } = await engine.append("INBOX", newMessage(mailbox));
    await mkdir(join(inbox(), "msg0000"));
    await writeFile(join(inbox(), "notes.txt"), "x");
    await writeFile(join(inbox(), ".hidden"), "x");
    for (const _ of [1, 2]) expect(idsOf(await listed())).toEqual([envelope.id]);
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(1);
    expect(warnings).toHaveLength(2);
    expect(await readdir(inbox())).toHaveLength(4);
  });

  test("a record that points out of its folder gives nothing of ours away", async () => {
    const secret = join(root, "secret.wav");
    await writeFile(secret, "secret");
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    const place = await onlyMessage();
    const path = join(place, "message.json");
    const record = await readFile(path, "utf8");
    await writeFile(path, record.replace("1-voice.wav", "../../../../secret.wav"));
    const [part] = await engine.read(ref);
    expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
    await writeFile(path, record);
    await unlink(join(place, "1-voice.wav"));
    await symlink(secret, join(place, "1-voice.wav"));
    await expect(engine.read(ref)).rejects.toMatchObject({
      code: expect.stringMatching(/^STORE_|^MESSAGE_/),
    });
  });

  test("a message whose audio is gone says so, and stays in the listing", async () => {
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    await unlink(join(await onlyMessage(), "1-voice.wav"));
    expect(await listed()).toHaveLength(1);
    await expect(engine.read(ref)).rejects.toMatchObject({ code: "MESSAGE_MALFORMED" });
  });

  test("a cut-off audio file is played as far as it goes", async () => {
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    await truncate(join(await onlyMessage(), "1-voice.wav"), 4);
    const [part] = await engine.read(ref);
    expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF");
  });

  test("what a killed program left in tmp is swept, but not what may be under way", async () => {
    const tmp = join(root, "default/1001/tmp");
    await mkdir(tmp, { recursive: true });
    const arrival = (ms: number) => (ms * 1000).toString(36).padStart(11, "0");
    const old = `${arrival(Date.now() - 25 * 60 * 60 * 1000)}-x`;
    const young = `${arrival(Date.now() - 60_000)}-x`;
    for (const name of [old, young, "removed-x", "notes"]) {
      await mkdir(join(tmp, name));
      await appendFile(join(tmp, name, "1-voice.wav"), "half");
    }
    await engine.append("INBOX", newMessage(mailbox));
    expect((await readdir(tmp)).sort()).toEqual([young, "notes"].sort());
    expect(await listed()).toHaveLength(1);
  });
});

describe("the disk", () => {
  test("that is not mounted is an error and no empty mailbox, and nothing is written beneath", async () => {
    await engine.append("INBOX", newMessage(mailbox));
    await rename(root, `${root}-away`);
    const away = { code: "STORE_UNREACHABLE", retryable: true };
    try {
      await expect(engine.check()).rejects.toMatchObject(away);
      await expect(engine.count(mailbox, "INBOX")).rejects.toMatchObject(away);
      await expect(engine.append("INBOX", newMessage(mailbox))).rejects.toMatchObject(away);
      await expect(stat(root)).rejects.toMatchObject({ code: "ENOENT" });
    } finally {
      await rename(`${root}-away`, root);
    }
    await engine.append("INBOX", newMessage(mailbox));
    expect(await listed()).toHaveLength(2);
  });

  test("a place that cannot be made is told by the check, not by a start that fails", async () => {
    await writeFile(join(root, "file"), "in the way");
    const other = new FileEngine({ root: join(root, "file/store"), log: recordingLog().log });
    await other.open();
    await expect(other.check()).rejects.toMatchObject({ code: "STORE_REFUSED" });
  });

  test("no name leads out of the store", async () => {
    for (const name of ["..", ".", "a/b", "", "a\u0000", "x".repeat(65)]) {
      for (const address of [
        { mailbox: name, context: "default" },
        { mailbox: "1001", context: name },
      ]) {
        const invalid = { code: "ADDRESS_INVALID" };
        await expect(engine.append("INBOX", newMessage(address))).rejects.toMatchObject(invalid);
        await expect(engine.count(address, "INBOX")).rejects.toMatchObject(invalid);
        await expect(engine.readGreeting(address, "busy")).rejects.toMatchObject(invalid);
      }
    }
    expect(await readdir(root)).toEqual([]);
  });

  test("a page of a full folder opens its own messages only", async () => {
    for (let index = 0; index < 30; index++) await engine.append("INBOX", newMessage(mailbox));
    const names = (await readdir(inbox())).sort();
    // Records that are damaged are reported when they are read; so the warnings tell which were.
    for (const name of names) await truncate(join(inbox(), name, "message.json"), 0);
    await engine.count(mailbox, "INBOX");
    expect(warnings).toHaveLength(0);
    const page = await engine.list(mailbox, "INBOX", { view: "new", limit: 5 });
    expect(page.total).toBe(30);
    expect(warnings).toHaveLength(5);
  });

  test("a greeting that was replaced by two at once is one of them, and goes with one removal", async () => {
    const other = new FileEngine({ root, log: recordingLog().log });
    for (let round = 0; round < 5; round++) {
      await Promise.all([
        engine.writeGreeting(mailbox, "busy", sound("one")),
        other.writeGreeting(mailbox, "busy", sound("two")),
      ]);
      const part = await engine.readGreeting(mailbox, "busy");
      expect(["one", "two"]).toContain(part && (await bytesOf(part.stream)).toString());
    }
    await engine.removeGreeting(mailbox, "busy");
    expect(await other.readGreeting(mailbox, "busy")).toBeUndefined();
  });
});
