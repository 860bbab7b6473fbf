import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request as rawRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { serveStorage } from "../../src/storage/server/serve.ts";
import { judge } from "./http-document.ts";
import { BEARER, BOX, BOX_PATH, messageBody, put, type Served, serve } from "./http-server.ts";
import { newId, newMessage, recordingLog } from "./samples.ts";

/** The server alone, spoken to as any client may, by the document and against it. */

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

/** The problem that was answered, held against the document. */
async function problemOf(method: string, path: string, response: Response) {
  await judge(method, path.split("?")[0] ?? "", response);
  return { status: response.status, ...((await response.json()) as { code: string }) };
}

/** Files of uploads that wait. */
async function waiting(): Promise<string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map(({ name }) => name);
}

async function stored(over: object = {}): Promise<{ key: string; etag: string; id: string }> {
  const response = await put(served, { over });
  expect(response.status).toBe(201);
  return (await response.json()) as { key: string; etag: string; id: string };
}

describe("the token", () => {
  test.each([
    [undefined],
    ["Bearer"],
    ["Bearer "],
    ["Bearer x"],
    [`Bearer ${BEARER}x`],
    [`Bearer ${BEARER.slice(0, -1)}`],
    [`Basic ${BEARER}`],
    [BEARER],
  ])("%s opens nothing, not even what does not exist", async (authorization) => {
    for (const path of ["/v1", INBOX, "/v1/nothing", "/"]) {
      const response = await fetch(served.url + path, authorization ? { headers: { authorization } } : {});
      expect(await problemOf("GET", path, response)).toMatchObject({ status: 401, code: "STORE_REFUSED" });
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  test.each([
    [{ host: "0.0.0.0" }],
    [{ host: "::" }],
    [{ host: "192.0.2.1" }],
    [{ host: "localhost.example.org" }],
    [{ host: "127.0.0.1", token: "short" }],
    [{ host: "127.0.0.1", token: "with a blank in the middle" }],
  ])("%j is refused before anything listens", async (options) => {
    const serving = serveStorage(served.inner, { port: 0, log: recordingLog().log, ...options });
    await expect(serving).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("an address that is taken is told", async () => {
    const port = Number(new URL(served.url).port);
    const serving = serveStorage(served.inner, { host: "127.0.0.1", port, log: recordingLog().log });
    await expect(serving).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
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
    expect(await waiting()).toEqual([]);
  });

  test("one in the trash is there already", async () => {
    const { id } = await stored({ folder: "Trash" });
    expect((await put(served, { id })).status).toBe(412);
    expect(await served.inner.find(BOX, { id })).toHaveLength(1);
  });

  test("what changed since is not touched: flags, moves, removals", async () => {
    const { key, etag } = await stored();
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
      const { key, etag } = await stored();
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
    const { key } = await stored();
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
    expect(await waiting()).toEqual([]);
    const answers = [];
    for (let count = 0; count < 4; count++) {
      const name = `${BOX_PATH}/uploads/${newId()}`;
      answers.push(await served.request(name, { method: "PUT", body: Buffer.alloc(900_000) }));
    }
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 507]);
    expect(await waiting()).toHaveLength(3);
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

/** As fetch would never send it: the path goes out byte for byte. */
function raw(method: string, path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${BEARER}` };
    rawRequest({ hostname, port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    })
      .on("error", reject)
      .end();
  });
}

test("hostile names reach no file, and no other mailbox", async () => {
  const root = join(folder, "store");
  const other = await serve(new FileEngine({ root, log: recordingLog().log }));
  const first = served;
  served = other;
  try {
    await other.inner.append("INBOX", newMessage(BOX));
    const before = await readdir(root, { recursive: true });
    const addresses = [
      "..%2f..%2fetc@default",
      "1001@..%2f..",
      "..@..",
      ".@default",
      "1001%00@default",
      "1001@default%2fINBOX",
      "1001@default@sales",
      "@default",
      "1001@",
      "1001",
      "%E0%A4%A@default",
      "%2e%2e",
      `${"9".repeat(65)}@default`,
      "-1001@default",
      "1001%0d%0aX-Evil:1@default",
    ];
    for (const address of addresses) {
      for (const [method, rest] of [
        ["GET", "folders/INBOX/counts"],
        ["GET", "messages"],
        ["PUT", `uploads/${newId()}`],
        ["DELETE", "greetings/busy"],
      ] as const) {
        const { status } = await raw(method, `/v1/mailboxes/${address}/${rest}`);
        expect([400, 404], `${method} ${address}`).toContain(status);
      }
    }
    for (const path of [
      "folders/..%2f/counts",
      "folders/inbox/counts",
      "folders/greetings/messages",
      "folders/tmp/messages",
      "folders/INBOX/messages/..%2f..%2fx/audio/1",
      "folders/INBOX/messages/%00/audio/1",
      "folders/INBOX/messages/a%0d%0ab/audio/1",
      `folders/INBOX/messages/${"A".repeat(1001)}/audio/1`,
      "greetings/..%2fx",
      "greetings/constructor",
      "uploads/..%2f..%2fx",
    ]) {
      for (const method of ["GET", "PUT", "DELETE"]) {
        const { status, body } = await raw(method, `${BOX_PATH}/${path}`);
        const isRemoval = method === "DELETE" && path.includes("/messages/") && status === 204;
        expect(isRemoval || [400, 404].includes(status), `${method} ${path}: ${status}`).toBe(true);
        if (!isRemoval) expect(JSON.parse(body)).toHaveProperty("code");
      }
    }
    const { status } = await raw("GET", "/v1/../../etc/passwd");
    expect(status).toBe(404);
    expect(await readdir(root, { recursive: true })).toEqual(before);
  } finally {
    served = first;
    await other.dispose();
  }
});

describe("connections that break, and peers that dawdle", () => {
  /** Sends the beginning of a request and cuts the line once the server has some of it. */
  async function cutOff(path: string, type: string): Promise<void> {
    const before = (await waiting()).length;
    const { hostname, port } = new URL(served.url);
    const socket = connect(Number(port), hostname);
    const head = `PUT ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${BEARER}\r\nContent-Type: ${type}\r\n`;
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nRIFF!\r\n`);
    await vi.waitFor(async () => expect((await waiting()).length).toBe(before + 1), 5_000);
    socket.destroy();
    await vi.waitFor(async () => expect((await waiting()).length).toBe(before), 5_000);
  }

  test("an upload that breaks off leaves nothing", async () => {
    const upload = newId();
    await cutOff(`${BOX_PATH}/uploads/${upload}`, "application/octet-stream");
    const body = messageBody(upload, "RIFF!");
    const path = `${BOX_PATH}/messages/${newId()}`;
    const commit = await served.json("PUT", path, body, { "if-none-match": "*" });
    expect(commit.status).toBe(409);
    expect(await served.inner.find(BOX, {})).toEqual([]);
    expect(served.warnings).toEqual([]);
  });

  test("a greeting that breaks off leaves the old one in force", async () => {
    const path = `${BOX_PATH}/greetings/busy`;
    await served.request(path, { method: "PUT", body: "old", headers: { "content-type": "audio/gsm" } });
    await cutOff(path, "audio/wav");
    const now = await served.request(path);
    expect(now.headers.get("content-type")).toBe("audio/gsm");
    expect(await now.text()).toBe("old");
  });

  test("audio that breaks off in the store never looks whole", async () => {
    const { key } = await stored();
    const broken = async function* () {
      yield Buffer.from("RIFF");
      throw new Error("the disk is gone");
    };
    served.inner.read = async () => [
      { kind: "voice", contentType: "audio/wav", stream: Readable.from(broken(), { objectMode: false }) },
    ];
    const reading = served.request(`${INBOX}/${key}/audio/1`).then((response) => response.text());
    await expect(reading).rejects.toThrow();
  });

  test("a reader that stops reading stops the store, and one that goes ends it", async () => {
    const { key } = await stored();
    let given = 0;
    const endless = new Readable({
      read() {
        given += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    served.inner.read = async () => [{ kind: "voice", contentType: "audio/wav", stream: endless }];
    const { hostname, port } = new URL(served.url);
    const socket = connect(Number(port), hostname).pause();
    socket.write(
      `GET ${INBOX}/${key}/audio/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${BEARER}\r\n\r\n`,
    );
    await vi.waitFor(() => expect(given).toBeGreaterThan(100_000));
    let before = -1;
    await vi.waitFor(
      () => {
        const now = given;
        const still = now === before;
        before = now;
        expect(still).toBe(true);
      },
      { interval: 200, timeout: 5_000 },
    );
    expect(given).toBeLessThan(20_000_000);
    socket.destroy();
    await vi.waitFor(() => expect(endless.destroyed).toBe(true), 5_000);
  });

  test("a request that never ends is ended", async () => {
    const slow = await serve(undefined, { limits: { requestMs: 200 } });
    const { hostname, port } = new URL(slow.url);
    const socket = connect(Number(port), hostname);
    const closed = new Promise((resolve) => socket.on("close", resolve).on("error", () => {}));
    const head = `PUT ${BOX_PATH}/uploads/${newId()} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${BEARER}\r\n`;
    socket.resume().write(`${head}Content-Length: 100\r\n\r\nRIFF`);
    await closed;
    await slow.dispose();
  });

  test("an engine that does not answer is a problem of its own", async () => {
    const slow = await serve(undefined, { limits: { answerMs: 50 } });
    slow.inner.count = () => new Promise(() => {});
    const path = `${BOX_PATH}/folders/INBOX/counts`;
    const response = await slow.request(path);
    expect(await problemOf("GET", path, response)).toMatchObject({ status: 504, code: "STORE_TIMEOUT" });
    await slow.dispose();
  });

  test("a fault in the program tells nothing of itself", async () => {
    served.inner.count = () => Promise.reject(new Error("secret of the house"));
    const path = `${BOX_PATH}/folders/INBOX/counts`;
    const response = await served.request(path, { headers: { "x-request-id": "r-1" } });
    const text = await response.clone().text();
    expect(await problemOf("GET", path, response)).toMatchObject({ status: 500, code: "INTERNAL" });
    expect(text).not.toContain("secret");
    expect(response.headers.get("x-request-id")).toBe("r-1");
    expect(JSON.stringify(served.warnings)).toContain("r-1");
  });
});

describe("parts of audio", () => {
  test.each([
    ["bytes=0-3", 206, "RIFF", "bytes 0-3/12"],
    ["bytes=5-", 206, "a voice", "bytes 5-11/12"],
    ["bytes=-5", 206, "voice", "bytes 7-11/12"],
    ["bytes=10-99", 206, "ce", "bytes 10-11/12"],
    ["bytes=-99", 206, "RIFF a voice", "bytes 0-11/12"],
    ["bytes=0-0,2-3", 200, "RIFF a voice", null],
    ["bytes=3-1", 200, "RIFF a voice", null],
    ["seconds=1-2", 200, "RIFF a voice", null],
  ])("%s", async (range, status, text, contentRange) => {
    const { key } = await stored();
    const response = await served.request(`${INBOX}/${key}/audio/1`, { headers: { range } });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-range")).toBe(contentRange);
    expect(await response.text()).toBe(text);
  });

  test("bytes that are not there, parts that are not there", async () => {
    const { key } = await stored();
    const path = `${INBOX}/${key}/audio/1`;
    const beyond = await served.request(path, { headers: { range: "bytes=12-" } });
    expect(await problemOf("GET", path, beyond)).toMatchObject({ status: 416 });
    for (const part of ["0", "2", "01", "x", "101", "-1"]) {
      expect((await served.request(`${INBOX}/${key}/audio/${part}`)).status).toBe(400);
    }
  });
});

test("a watcher hears when it is ready and what changes, and too many are told to come back", async () => {
  const few = await serve(undefined, { limits: { watchers: 1 } });
  const path = `${BOX_PATH}/events`;
  const leaving = new AbortController();
  const response = await few.request(path, { signal: leaving.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
  let heard = "";
  const listening = (async () => {
    for await (const chunk of response.body ?? []) heard += Buffer.from(chunk).toString();
  })().catch(() => {});
  await vi.waitFor(() => expect(heard).toBe("event: ready\ndata: {}\n\n"));
  await few.inner.append("INBOX", newMessage(BOX));
  await vi.waitFor(() => expect(heard).toContain("\n\nevent: change\ndata: {}\n\n"));

  const second = await few.request(path);
  expect(second.headers.get("retry-after")).toBe("2");
  expect(await problemOf("GET", path, second)).toMatchObject({ status: 503, code: "STORE_UNREACHABLE" });
  leaving.abort();
  await listening;
  await vi.waitFor(async () => {
    const third = new AbortController();
    const again = await few.request(path, { signal: third.signal });
    third.abort();
    expect(again.status).toBe(200);
  });
  await few.dispose();
});

test("an upload that no message names goes by itself", async () => {
  const brief = await serve(undefined, { folder, limits: { uploadMs: 20 } });
  await brief.request(`${BOX_PATH}/uploads/${newId()}`, { method: "PUT", body: "RIFF" });
  await vi.waitFor(async () => expect(await waiting()).toEqual([]), 5_000);
  await brief.dispose();
  expect(await readdir(folder)).toEqual([]);
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
