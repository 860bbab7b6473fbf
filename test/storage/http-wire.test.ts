import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { problemOf } from "./http-document.ts";
import { BOX, BOX_PATH, messageBody, put, type Served, serve, stored, waiting } from "./http-server.ts";
import { newId } from "./samples.ts";

/** The server alone, spoken to as any client may: conditions, and requests that are none of the protocol's. */

const INBOX = `${BOX_PATH}/folders/INBOX/messages`;
let served: Served;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voxpost-wire-"));
  served = await serve(new MemoryEngine(new MemoryData()), {
    folder,
    limits: { audioBytes: 1_000_000, waitingBytes: 3_000_000 },
  });
});
afterEach(async () => {
  await served.dispose();
  await rm(folder, { recursive: true });
});

describe("conditions", () => {
  test("a message is stored under If-None-Match: * only, and once", async () => {
    const id = newId();
    const upload = newId();
    await served.request(`${BOX_PATH}/uploads/${upload}`, { method: "PUT", body: "RIFF" });
    const path = `${BOX_PATH}/messages/${id}`;
    const body = messageBody(upload, "RIFF");
    const without = await served.json("PUT", path, body);
    expect(await problemOf("PUT", path, without)).toMatchObject({ status: 428 });

    const answers = await Promise.all(
      [1, 2, 3].map(() => served.json("PUT", path, body, { "if-none-match": "*" })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 412, 412]);
    expect(await served.inner.find(BOX, {})).toHaveLength(1);
    const again = await put(served, { id });
    expect(await problemOf("PUT", path, again)).toMatchObject({ status: 412, code: "STORE_REFUSED" });
    expect(await waiting(folder)).toEqual([]);
  });

  test("one in the trash is there already", async () => {
    const { id } = await stored(served, { folder: "Trash" });
    expect((await put(served, { id })).status).toBe(412);
    expect(await served.inner.find(BOX, { id })).toHaveLength(1);
  });

  test("what changed since is not touched: flags, moves, removals", async () => {
    const { key, etag } = await stored(served);
    const path = `${INBOX}/${key}`;
    const set = (change: object, tag: string) => served.json("PATCH", path, change, { "if-match": tag });
    expect((await set({ heard: true }, etag)).status).toBe(204);
    expect(await problemOf("PATCH", path, await set({ urgent: true }, etag))).toMatchObject({ status: 412 });
    const move = await served.json("POST", `${path}/move`, { folder: "Work" }, { "if-match": etag });
    expect(await problemOf("POST", `${path}/move`, move)).toMatchObject({ status: 412 });
    const removal = await served.request(path, { method: "DELETE", headers: { "if-match": etag } });
    expect(await problemOf("DELETE", path, removal)).toMatchObject({ status: 412 });
    expect(await served.inner.count(BOX, "INBOX")).toEqual({ urgent: 0, new: 0, old: 1 });

    const page = (await (await served.request(INBOX)).json()) as { messages: Array<{ etag: string }> };
    const now = page.messages[0]?.etag ?? "";
    expect(now).not.toBe(etag);
    expect((await set({ heard: false }, `"other", ${now}`)).status).toBe(204);
    expect((await set({ heard: true }, "*")).status).toBe(204);
    expect((await set({ heard: false }, "nonsense")).status).toBe(412);
  });

  test("of two who changed it at once under the same tag, one did", async () => {
    for (let round = 0; round < 5; round++) {
      const { key, etag } = await stored(served);
      const answers = await Promise.all(
        [{ heard: true }, { urgent: true }].map((change) =>
          served.json("PATCH", `${INBOX}/${key}`, change, { "if-match": etag }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 412]);
    }
  });
});

describe("what does not keep the protocol", () => {
  const good = messageBody("0".repeat(32), "RIFF");
  const [audio] = good.audio as object[];
  const bodies: Array<[string, unknown]> = [
    ["no JSON", "{"],
    ["nothing", ""],
    ["no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["a list", "[]"],
    ["null", "null"],
    ["an unknown field", { ...good, colour: "red" }],
    ["an unknown field of the caller", { ...good, caller: { mail: "x" } }],
    ["an unknown field of the audio", { ...good, audio: [{ ...audio, path: "/etc/passwd" }] }],
    ["__proto__", `{"__proto__": {"heard": true}}`],
    ["no audio", { ...good, audio: [] }],
    ["an unknown folder", { ...good, folder: "../INBOX" }],
    ["a folder in lower case", { ...good, folder: "inbox" }],
    ["a day that does not exist", { ...good, receivedAt: "2026-13-45T00:00:00Z" }],
    ["a time without a zone", { ...good, receivedAt: "2026-11-22T01:00:00" }],
    ["a length below nothing", { ...good, duration: -1 }],
    ["half a second", { ...good, duration: 0.5 }],
    ["a number that is no number", { ...good, duration: "3" }],
    ["an upload that is a path", { ...good, audio: [{ ...audio, upload: "../../../etc/passwd" }] }],
  ];
  test.each(bodies)("%s is refused, and nothing is stored", async (_, body) => {
    const path = `${BOX_PATH}/messages/${newId()}`;
    const raw = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const headers = { "content-type": "application/json", "if-none-match": "*" };
    const response = await served.request(path, { method: "PUT", body: raw, headers });
    expect(await problemOf("PUT", path, response)).toMatchObject({ status: 400, code: "STORE_REFUSED" });
    expect(await served.inner.find(BOX, {})).toEqual([]);
  });

  test.each([
    `${INBOX}?limit=0`,
    `${INBOX}?limit=501`,
    `${INBOX}?limit=1&limit=2`,
    `${INBOX}?limit=-1`,
    `${INBOX}?view=deleted`,
    `${INBOX}?after=`,
    `${INBOX}?after=${"x".repeat(2001)}`,
    `${INBOX}?page=2`,
    `${BOX_PATH}/messages?id=x`,
    `${BOX_PATH}/messages?heard=1`,
    `${BOX_PATH}/messages?folders=INBOX,/etc`,
    `${BOX_PATH}/messages?receivedSince=yesterday`,
    "/v1?x=1",
  ])("the query of %s is refused", async (path) => {
    const response = await served.request(path);
    expect(await problemOf("GET", path, response)).toMatchObject({ status: 400, code: "STORE_REFUSED" });
  });

  test("a body of another type, and one that is too long", async () => {
    const { key } = await stored(served);
    const path = `${INBOX}/${key}`;
    const form = await served.request(path, { method: "PATCH", body: "heard=true" });
    expect(await problemOf("PATCH", path, form)).toMatchObject({ status: 415 });
    const long = await served.json("PATCH", path, { heard: true, padding: "x".repeat(5_000_000) });
    expect(await problemOf("PATCH", path, long)).toMatchObject({ status: 413 });
  });

  test("an upload that is too long is not kept, and neither are too many", async () => {
    const path = `${BOX_PATH}/uploads/${newId()}`;
    const huge = await served.request(path, { method: "PUT", body: Buffer.alloc(1_500_000) });
    expect(await problemOf("PUT", path, huge)).toMatchObject({ status: 413, code: "STORE_REFUSED" });
    expect(await waiting(folder)).toEqual([]);
    const answers = [];
    for (let count = 0; count < 4; count++) {
      const name = `${BOX_PATH}/uploads/${newId()}`;
      answers.push(await served.request(name, { method: "PUT", body: Buffer.alloc(900_000) }));
    }
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 507]);
    expect(await waiting(folder)).toHaveLength(3);
  });

  test("an upload that is not what was announced is not stored", async () => {
    const upload = newId();
    const path = `${BOX_PATH}/messages/${newId()}`;
    const commit = () => served.json("PUT", path, messageBody(upload, "RIFF"), { "if-none-match": "*" });
    expect(await problemOf("PUT", path, await commit())).toMatchObject({ status: 409, retryable: true });
    await served.request(`${BOX_PATH}/uploads/${upload}`, { method: "PUT", body: "RIF" });
    expect((await commit()).status).toBe(409);
    await served.request(`${BOX_PATH}/uploads/${upload}`, { method: "PUT", body: "FFIR" });
    expect((await commit()).status).toBe(409);
    const elsewhere = `/v1/mailboxes/1002@default/uploads/${upload}`;
    await served.request(elsewhere, { method: "PUT", body: "RIFF" });
    expect((await commit()).status).toBe(409);
    await served.request(`${BOX_PATH}/uploads/${upload}`, { method: "PUT", body: "RIFF" });
    expect((await commit()).status).toBe(201);
  });
});

test("what an engine does not do is answered with 501, a read-only one's every change", async () => {
  const readOnly = new MemoryEngine(new MemoryData());
  Object.assign(readOnly, { capabilities: { ...readOnly.capabilities, writable: false, greetings: false } });
  const other = await serve(readOnly);
  for (const [method, path] of [
    ["PUT", `${BOX_PATH}/uploads/${newId()}`],
    ["PUT", `${BOX_PATH}/messages/${newId()}`],
    ["PATCH", `${INBOX}/x`],
    ["DELETE", `${INBOX}/x`],
    ["POST", `${INBOX}/x/move`],
    ["GET", `${BOX_PATH}/greetings/busy`],
    ["POST", `${BOX_PATH}/authentication`],
  ] as const) {
    const response = await other.request(path, { method });
    expect(await problemOf(method, path, response)).toMatchObject({ status: 501, code: "UNSUPPORTED" });
  }
  expect((await other.request(INBOX)).status).toBe(200);
  await other.dispose();
});
