import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Folder } from "../../src/model/folder.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { bytesOf, idsOf, newMessage, recordingLog, sound } from "./samples.ts";
import { SpoolWriter } from "./spool-writer.ts";

const mailbox = { mailbox: "1001", context: "default" };
const ALL = { view: "all", limit: 100 } as const;

let root: string;
let writer: SpoolWriter;
let engine: Engine;
let warnings: unknown[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "voxpost-spool-"));
  writer = new SpoolWriter(root);
  engine = openEngine();
});
afterEach(() => rm(root, { recursive: true, force: true }));

function openEngine(over: Record<string, unknown> = {}): Engine {
  const recording = recordingLog();
  warnings = recording.warnings;
  return createEngine({ engine: "spool", path: root, ...over }, { folder: "/", log: recording.log });
}

const place = (name = "INBOX") => writer.folder(mailbox, name);
const FIELDS = { callerid: '"Ann Caller" <5551234>', origtime: "1795311912", duration: "7", flag: "" };

async function listed(folder: Folder = "INBOX") {
  return (await engine.list(mailbox, folder, ALL)).entries;
}

async function heard(folder: Folder = "INBOX", index = 0): Promise<string[]> {
  const entry = (await listed(folder))[index];
  if (!entry) throw new Error("there is no such message");
  const parts = await engine.read(entry.ref);
  return Promise.all(parts.map(async ({ stream, contentType }) => `${contentType} ${await bytesOf(stream)}`));
}

test("every folder of app_voicemail's is a folder, with flags", async () => {
  const fields = (folder: string) => ({ ...FIELDS, callerid: folder });
  const folders = ["INBOX", "Old", "Urgent", "Work", "Family", "Friends", "Cust1", "Cust5", "Deleted", "tmp"];
  for (const folder of folders) await writer.write(place(folder), { ".wav": "RIFF" }, fields(folder));
  const all = await engine.find(mailbox, {});
  const seen = all.map(({ envelope }) => [
    envelope.caller.name,
    `${envelope.folder}${envelope.heard ? " heard" : ""}${envelope.urgent ? " urgent" : ""}`,
  ]);
  expect(Object.fromEntries(seen)).toEqual({
    INBOX: "INBOX",
    Old: "INBOX heard",
    Urgent: "INBOX urgent",
    Work: "Work heard",
    Family: "Family heard",
    Friends: "Friends heard",
    Cust1: "Cust1 heard",
    Cust5: "Cust5 heard",
    Deleted: "Trash heard",
  });
  expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 1, new: 1, old: 1 });
});

test.each([
  ['"Ann Caller" <5551234>', { name: "Ann Caller", number: "5551234" }],
  ["Ann Caller <5551234>", { name: "Ann Caller", number: "5551234" }],
  ['"Ann "Q" Caller" <+49 30 1234>', { name: 'Ann "Q" Caller', number: "+49 30 1234" }],
  ['"Žofie; 日本" <1>', { name: "Žofie; 日本", number: "1" }],
  ['"" <5551234>', { number: "5551234" }],
  ["<5551234>", { number: "5551234" }],
  ["5551234", { number: "5551234" }],
  ["+1 (555) 123", { number: "+1 (555) 123" }],
  ["Ann", { name: "Ann" }],
  ["Unknown", {}],
  ["", {}],
  ['"Ann', { name: '"Ann' }],
  ['"a=b" <=>', { name: "a=b", number: "=" }],
])("the caller of callerid=%s", async (callerid, caller) => {
  await writer.write(place(), { ".wav": "RIFF" }, { ...FIELDS, callerid });
  expect((await listed())[0]?.envelope.caller).toEqual(caller);
});

test("everything that the text tells is told", async () => {
  const fields = { ...FIELDS, category: "sales", flag: "PRIORITY", msg_id: "1795311912-0000002a" };
  await writer.write(place(), { ".wav": "RIFF" }, fields);
  expect((await listed())[0]?.envelope).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    mailbox,
    folder: "INBOX",
    caller: { name: "Ann Caller", number: "5551234" },
    receivedAt: new Date("2026-11-22T01:45:12Z"),
    duration: 7,
    heard: false,
    urgent: false,
    priority: true,
    private: false,
    category: "sales",
    dialplanContext: "from-trunk",
  });
});

test("messages of one second are in the order in which they came", async () => {
  for (const count of ["0000002b", "0000002a", "00000009"]) {
    await writer.write(
      place(),
      { ".wav": count },
      { ...FIELDS, callerid: count, msg_id: `1795311912-${count}` },
    );
  }
  expect((await listed()).map(({ envelope }) => envelope.caller.number)).toEqual([
    "00000009",
    undefined,
    undefined,
  ]);
  expect(await heard("INBOX", 2)).toEqual(["audio/wav 0000002b"]);
});

describe("an id", () => {
  const message = { ...FIELDS, msg_id: "1795311912-0000002a" };
  const old = { ...FIELDS, callerchan: "SIP/trunk-0000001f" };

  test.each([
    ["of a message with msg_id", message],
    ["of a message from before there was one", old],
  ])("%s stays, wherever app_voicemail moves and renumbers it", async (_, fields) => {
    await writer.write(
      place(),
      { ".wav": "first" },
      { ...FIELDS, callerid: "first", origtime: "1795311000" },
    );
    await writer.write(place(), { ".wav": "second" }, fields);
    const [, second] = await listed();
    if (!second) throw new Error("unreachable");
    await writer.removeAndRenumber(place(), "0000");
    expect((await listed()).map(({ ref }) => ref)).toEqual([second.ref]);
    const parts = await engine.read(second.ref);
    expect(parts[0] && String(await bytesOf(parts[0].stream))).toBe("second");
    await mkdir(place("Work"));
    for (const ending of ["wav", "txt"]) {
      await rename(join(place(), `msg0000.${ending}`), join(place("Work"), `msg0000.${ending}`));
    }
    const found = await engine.find(mailbox, { id: second.envelope.id });
    expect(found.map(({ ref }) => ref.folder)).toEqual(["Work"]);
    await expect(engine.read(second.ref)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
    expect(idsOf(await openEngine().find(mailbox, {}))).toEqual([second.envelope.id]);
  });

  test("in another mailbox is another", async () => {
    const other = { mailbox: "1002", context: "default" };
    for (const each of [mailbox, other])
      await writer.write(writer.folder(each, "INBOX"), { ".wav": "" }, message);
    const ids = [...idsOf(await engine.find(mailbox, {})), ...idsOf(await engine.find(other, {}))];
    expect(new Set(ids).size).toBe(2);
  });

  test("given twice by two Asterisks makes two messages", async () => {
    for (const callerid of ["1", "2"])
      await writer.write(place(), { ".wav": callerid }, { ...message, callerid });
    expect(new Set(idsOf(await listed())).size).toBe(2);
  });

  test("of ours, in a spool that was made from Voxpost's, is kept", async () => {
    const sent = newMessage(mailbox);
    await writer.put("INBOX", sent);
    expect(idsOf(await listed())).toEqual([sent.id]);
  });
});

describe("audio", () => {
  test("is the first of the preferred formats, and the comment is heard before it", async () => {
    const files = { ".gsm": "g", ".WAV": "W", ".wav": "w", "intro.gsm": "ig", "intro.wav": "iw" };
    await writer.write(place(), files, FIELDS);
    expect(await heard()).toEqual(["audio/wav iw", "audio/wav w"]);
    engine = openEngine({ formats: ["gsm", "wav"] });
    expect(await heard()).toEqual(["audio/gsm ig", "audio/gsm g"]);
    engine = openEngine({ formats: ["WAV", "gsm"] });
    expect(await heard()).toEqual(["audio/gsm ig", "audio/wav W"]);
  });

  test("is never another message's while app_voicemail renumbers", async () => {
    let next = 0;
    const add = () => {
      const name = `caller ${next++}`;
      const fields = { ...FIELDS, callerid: name, msg_id: `1795311912-${String(next).padStart(8, "0")}` };
      return writer.write(place(), { ".wav": name, "intro.wav": name }, fields);
    };
    for (let count = 0; count < 6; count++) await add();
    let busy = true;
    let read = 0;
    const renumber = async () => {
      for (let round = 0; round < 60 || (read <= 50 && round < 5_000); round++) {
        await writer.removeAndRenumber(place(), `000${round % 4}`);
        await add();
      }
      busy = false;
    };
    const listen = async () => {
      while (busy) {
        for (const { ref, envelope } of await listed()) {
          const parts = await engine.read(ref).catch((error: unknown) => {
            expect(error).toMatchObject({ code: "MESSAGE_UNKNOWN" });
            return [];
          });
          for (const { stream } of parts) {
            expect(String(await bytesOf(stream))).toBe(envelope.caller.name);
            read++;
          }
        }
      }
    };
    await Promise.all([renumber(), listen()]);
    expect(read).toBeGreaterThan(50);
    expect((await listed()).length).toBe(6);
  });
});

describe("what is damaged, half written, or not ours", () => {
  test("a text cut off anywhere is still a message, with its audio", async () => {
    await writer.write(place(), { ".wav": "RIFF" }, { ...FIELDS, msg_id: "1795311912-0000002a" });
    const text = join(place(), "msg0000.txt");
    const whole = await readFile(text);
    const [entry] = await listed();
    for (let length = whole.length - 1; length >= 0; length -= 3) {
      await truncate(text, length);
      const [cut, ...others] = await listed();
      expect(others).toEqual([]);
      expect([{}, entry?.envelope.caller]).toContainEqual(cut?.envelope.caller);
      expect([0, 7]).toContain(cut?.envelope.duration);
      expect(await heard()).toEqual(["audio/wav RIFF"]);
    }
    expect(warnings).toHaveLength(1);
  });

  test("bytes that are no text at all", async () => {
    await writer.write(place(), { ".wav": "RIFF" }, FIELDS);
    await writeFile(
      join(place(), "msg0000.txt"),
      Buffer.from(Array.from({ length: 2000 }, (_, at) => at % 256)),
    );
    expect(await heard()).toEqual(["audio/wav RIFF"]);
    await writeFile(
      join(place(), "msg0000.txt"),
      "[message]\norigtime=-5\nduration=1e9\ncallerid=M\xfcller\n",
      "latin1",
    );
    expect((await listed())[0]?.envelope).toMatchObject({ duration: 0, caller: { name: "Müller" } });
    await writeFile(join(place(), "msg0000.txt"), "origtime=99999999999999999\n");
    expect((await listed())[0]?.envelope.receivedAt.getFullYear()).toBeGreaterThan(2000);
  });

  test("audio without a text is a message once nobody writes to it", async () => {
    await mkdir(place(), { recursive: true });
    const file = join(place(), "msg0000.wav");
    await writeFile(file, "RIFF");
    expect(await listed()).toEqual([]);
    const written = new Date("2026-11-20T10:00:00Z");
    await utimes(file, written, written);
    expect((await listed())[0]?.envelope).toMatchObject({ caller: {}, receivedAt: written, heard: false });
    expect(await heard()).toEqual(["audio/wav RIFF"]);
  });

  test("other files are left alone: no audio, folders, links, pieces", async () => {
    await writer.write(place(), {}, FIELDS);
    await mkdir(join(place(), "msg0001.txt"));
    await mkdir(join(place(), "msg0002.wav"));
    await writeFile(join(place(), "msg0002.txt"), "[message]\n");
    await writeFile(join(root, "secret"), "secret");
    await writeFile(join(place(), "msg0003.txt"), "[message]\n");
    await symlink(join(root, "secret"), join(place(), "msg0003.wav"));
    for (const name of [".lock", "msg0004.txt.tmp", "msg.wav", "msgintro0000.wav", "readme.txt"]) {
      await writeFile(join(place(), name), "x");
    }
    const entries = await listed();
    for (const { ref } of entries)
      await expect(engine.read(ref)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
    await writeFile(join(root, "README"), "");
    await writeFile(join(root, "default", "note"), "");
    const found = [];
    for await (const each of engine.mailboxes?.() ?? []) found.push(each);
    expect(found).toEqual([mailbox]);
  });
});

test("greetings of all kinds, and none for others", async () => {
  await mkdir(join(root, "default/1001"), { recursive: true });
  for (const [file, bytes] of [
    ["unavail.wav", "unavailable"],
    ["busy.gsm", "busy"],
    ["temp.WAV", "temporary"],
    ["greet.wav", "name"],
    ["greet.gsm", "worse"],
  ] as const) {
    await writeFile(join(root, "default/1001", file), bytes);
  }
  for (const kind of ["unavailable", "busy", "temporary", "name"] as const) {
    const part = await engine.readGreeting?.(mailbox, kind);
    expect(part && String(await bytesOf(part.stream))).toBe(kind);
    expect(await engine.readGreeting?.({ mailbox: "100", context: "default" }, kind)).toBeUndefined();
  }
});

test("a spool that is missing is an error, a mailbox that is missing is empty", async () => {
  expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
  await engine.check();
  await rm(root, { recursive: true });
  const gone = { code: "STORE_UNREACHABLE", retryable: true };
  await expect(engine.check()).rejects.toMatchObject(gone);
  await expect(engine.count(mailbox, "INBOX")).rejects.toMatchObject(gone);
  await expect(engine.find(mailbox, {})).rejects.toMatchObject(gone);
  const aborted = AbortSignal.abort();
  await expect(engine.list(mailbox, "INBOX", ALL, aborted)).rejects.toMatchObject({ code: "ABORTED" });
});

test("whatever would change it is refused, and says what to do", async () => {
  await writer.write(place(), { ".wav": "RIFF" }, FIELDS);
  const [{ ref } = { ref: { mailbox, folder: "INBOX" as const, key: "" } }] = await listed();
  const changes = [
    engine.append("INBOX", newMessage(mailbox)),
    engine.setFlags(ref, { heard: true }),
    engine.move(ref, "Work"),
    engine.remove(ref),
    engine.writeGreeting?.(mailbox, "busy", sound("x")),
    engine.removeGreeting?.(mailbox, "busy"),
  ];
  for (const change of changes) {
    await expect(change).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("overlay"),
    });
  }
  expect(await heard()).toEqual(["audio/wav RIFF"]);
});
