import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { NewMessage } from "../../src/model/message.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { same } from "../../src/storage/layers/layer.ts";
import { createPins } from "../../src/storage/pins.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { recognise } from "../../src/storage/services/adopt.ts";
import { check } from "../../src/storage/services/check.ts";
import { parsePlace } from "../../src/storage/services/trees.ts";
import { adoptedContexts } from "../../src/voicemail-conf/adopted.ts";
import { newMessage, recordingLog, sound } from "./samples.ts";
import { ALICE, BOB, reporting, told } from "./services.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voxpost-check-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function examine(engine: Engine, options: { audio?: boolean; repair?: boolean } = {}) {
  const { report, findings } = reporting();
  const result = await check({ engine, mailboxes: told, audio: true, repair: false, report, ...options });
  return { result, findings };
}

test("a sound store has no faults", async () => {
  const engine = new MemoryEngine(new MemoryData());
  await engine.append("INBOX", newMessage(ALICE, { audio: [sound("12345")] }));
  await engine.append("Trash", newMessage(BOB, { audio: [sound("123")] }));
  await engine.writeGreeting(BOB, "name", sound("12"));
  const { result, findings } = await examine(engine);
  expect(result).toEqual({ mailboxes: 2, messages: 2, greetings: 1, bytes: 10, faults: 0, repaired: 0 });
  expect(findings).toEqual([]);
});

test("a message that is there twice is told; repair leaves one, and not the one in the trash", async () => {
  const engine = new MemoryEngine(new MemoryData());
  const message = newMessage(ALICE);
  await engine.append("Trash", message);
  await engine.append("Work", message);
  await engine.append("Family", newMessage(ALICE));
  expect((await examine(engine, { audio: false })).result).toMatchObject({ faults: 1, repaired: 0 });
  expect(await engine.find(ALICE, {})).toHaveLength(3);
  expect((await examine(engine, { repair: true })).result).toMatchObject({ faults: 0, repaired: 1 });
  expect((await engine.find(ALICE, { id: message.id })).map(({ ref }) => ref.folder)).toEqual(["Work"]);
  expect((await examine(engine)).result).toMatchObject({ faults: 0, messages: 2 });
});

test("two messages that share an id are told, and repair touches neither", async () => {
  const engine = new MemoryEngine(new MemoryData());
  const message = newMessage(ALICE);
  await engine.append("Work", message);
  await engine.append("INBOX", { ...message, audio: [sound("another voice")] });
  const { result, findings } = await examine(engine, { repair: true });
  expect(result).toMatchObject({ faults: 1, repaired: 0 });
  expect(findings).toMatchObject([{ what: expect.stringContaining("other audio") }]);
  expect(await engine.find(ALICE, {})).toHaveLength(2);
});

const FAX = "X-Fax: 1\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na fax\r\n--x--\r\n";

test.each<[string, Partial<NewMessage>]>([
  ["text", { text: "Call me back." }],
  ["caller's name", { caller: { number: "5551234", name: "Bob Caller" } }],
  ["length", { duration: 8 }],
  ["headers and parts of a mail", { extras: sound(FAX) }],
])(
  "a message whose twin has another %s is left as it is, also when that lies in the trash",
  async (what, more) => {
    const message = newMessage(ALICE);
    for (const [first, second] of [
      ["INBOX", "Work"],
      ["INBOX", "Trash"],
    ] as const) {
      const engine = new MemoryEngine(new MemoryData());
      await engine.append(first, message);
      await engine.append(second, { ...message, ...more });
      const { result, findings } = await examine(engine, { repair: true });
      expect(result).toMatchObject({ faults: 1, repaired: 0 });
      expect(findings).toMatchObject([{ what: expect.stringContaining(`other ${what}`) }]);
      expect(await engine.find(ALICE, {})).toHaveLength(2);
    }
  },
);

test("a twin that has less than the message it repeats is removed, and nothing is lost", async () => {
  const engine = new MemoryEngine(new MemoryData());
  const message = newMessage(ALICE);
  const { ref } = await engine.append("INBOX", { ...message, text: "Call me back.", extras: sound(FAX) });
  await engine.append("Work", message);
  expect((await examine(engine, { repair: true })).result).toMatchObject({ faults: 0, repaired: 1 });
  expect((await engine.find(ALICE, {})).map((entry) => entry.ref)).toEqual([ref]);
});

test("audio that is gone or empty, and envelopes without sense, are told one by one", async () => {
  const { log, warnings } = recordingLog();
  const engine = new FileEngine({ root: folder, log });
  const { ref } = await engine.append("INBOX", newMessage(ALICE));
  await engine.append("INBOX", newMessage(ALICE, { audio: [sound("")] }));
  await rm(join(folder, "default", "1001", "INBOX", `${ref.key},`, "1-voice.wav"));
  await writeFile(join(folder, "default", "1001", "INBOX", "shopping.txt"), "milk");
  const { result, findings } = await examine(engine);
  expect(result).toMatchObject({ messages: 2, faults: 2 });
  expect(findings).toMatchObject([
    {
      where: expect.stringContaining("1001@default INBOX"),
      what: expect.stringContaining("MESSAGE_MALFORMED"),
    },
    { what: "has no sound in it" },
  ]);
  expect(warnings).toMatchObject([{ path: expect.stringContaining("shopping.txt") }]);
  expect((await examine(engine, { audio: false })).result).toMatchObject({ faults: 0 });
});

test("what only the engine can put right is asked of it, and counted", async () => {
  const inner = new MemoryEngine(new MemoryData());
  await inner.append("INBOX", newMessage(ALICE));
  const engine: Engine = {
    ...same(inner),
    async repair(_mailbox, report) {
      report({ what: "a replica lacked a message", done: true });
      report({ what: "a replica is away", done: false });
    },
  };
  expect((await examine(engine)).findings).toEqual([]);
  const { result, findings } = await examine(engine, { repair: true });
  expect(result).toMatchObject({ faults: 1, repaired: 1 });
  expect(findings.map(({ kind }) => kind)).toEqual(["note", "fault"]);
});

test("storage is recognised by what is in it, and described for a configuration", async () => {
  const ours = join(folder, "ours");
  const engine = createEngine({ engine: "file", path: ours }, { log: recordingLog().log, folder });
  await engine.open();
  await engine.writeGreeting?.(BOB, "busy", sound("only a greeting"));
  expect(await recognise(ours)).toEqual({ engine: "file", path: ours });
  expect(await adoptedContexts(told(engine))).toEqual({
    default: { mailboxes: { "1002": {} } },
  });

  const database = join(folder, "anything.bin");
  const sql = createEngine(
    { engine: "sql", url: `sqlite://${database}` },
    { log: recordingLog().log, folder },
  );
  await sql.open();
  await sql.append("INBOX", newMessage(ALICE));
  await sql.close();
  expect(await recognise(database)).toEqual({ engine: "sql", url: `sqlite://${database}` });

  const spool = join(folder, "spool");
  await mkdir(join(spool, "default", "1001", "Old"), { recursive: true });
  await mkdir(join(spool, "default", "1001", "tmp"), { recursive: true });
  await writeFile(join(spool, "default", "1001", "Old", "msg0000.txt"), "[message]\n");
  await writeFile(join(spool, "default", "1001", "secret.conf"), "[general]\npassword = -4711\n");
  expect(await recognise(spool)).toEqual({ engine: "spool", path: spool });
  const { default: context } = await adoptedContexts(
    told({
      ...engine,
      async *mailboxes() {
        yield ALICE;
      },
    }),
    spool,
  );
  const pinHash = context?.mailboxes["1001"]?.pin_hash ?? "";
  expect(await createPins(() => ({ pinHash })).verify(ALICE, "4711")).toBe(true);

  const before = await readdir(folder, { recursive: true });
  await expect(recognise(join(folder, "nothing"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await expect(recognise(folder)).rejects.toThrow("give the folder that holds the contexts");
  await writeFile(join(folder, "text"), "SQLite? no");
  await expect(recognise(join(folder, "text"))).rejects.toThrow("no SQLite database");
  expect((await readdir(folder, { recursive: true })).filter((name) => name !== "text")).toEqual(before);
});

test("the name of a store on a command line", () => {
  const parse = (text: string) => parsePlace(text, (path) => ({ tree: { from: path }, folder: "/" })).tree;
  expect(parse("file:///srv/vm")).toEqual({ engine: "file", path: "/srv/vm" });
  expect(parse("file:///srv/a%20b")).toEqual({ engine: "file", path: "/srv/a b" });
  expect(parse("spool:///var/spool")).toEqual({ engine: "spool", path: "/var/spool" });
  expect(parse("sqlite:///srv/vm.db")).toEqual({ engine: "sql", url: "sqlite:///srv/vm.db" });
  expect(parse("https://vm.example.org")).toEqual({ engine: "http", url: "https://vm.example.org" });
  expect(parse("@new.yaml")).toEqual({ from: "new.yaml" });
  for (const wrong of ["/srv/vm", "file://srv/vm", "ftp://host", "", "imap://user:secret@host"]) {
    expect(() => parse(wrong)).toThrow(/no store|no path/);
    expect(() => parse(wrong)).not.toThrow("secret");
  }
});
