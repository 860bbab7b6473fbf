import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { problemOf } from "./http-document.ts";
import { BEARER, BOX, BOX_PATH, messageBody, type Served, serve, stored, waiting } from "./http-server.ts";
import { newId, newMessage } from "./samples.ts";

/** The server with clients that break off, dawdle and stop reading, with parts of audio, and with watchers. */

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

describe("connections that break, and peers that dawdle", () => {
  /** Sends the beginning of a request and cuts the line once the server has some of it. */
  async function cutOff(path: string, type: string): Promise<void> {
    const before = (await waiting(folder)).length;
    const { hostname, port } = new URL(served.url);
    const socket = connect(Number(port), hostname);
    const head = `PUT ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${BEARER}\r\nContent-Type: ${type}\r\n`;
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nRIFF!\r\n`);
    await vi.waitFor(async () => expect((await waiting(folder)).length).toBe(before + 1), 5_000);
    socket.destroy();
    await vi.waitFor(async () => expect((await waiting(folder)).length).toBe(before), 5_000);
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
    const { key } = await stored(served);
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
    const { key } = await stored(served);
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
    await vi.waitFor(() => expect(given).toBeGreaterThan(100_000), 10_000);
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
    const { key } = await stored(served);
    const response = await served.request(`${INBOX}/${key}/audio/1`, { headers: { range } });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-range")).toBe(contentRange);
    expect(await response.text()).toBe(text);
  });

  test("bytes that are not there, parts that are not there", async () => {
    const { key } = await stored(served);
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
  await vi.waitFor(() => expect(heard).toBe("event: ready\ndata: {}\n\n"), 10_000);
  await few.inner.append("INBOX", newMessage(BOX));
  await vi.waitFor(() => expect(heard).toContain("\n\nevent: change\ndata: {}\n\n"), 10_000);

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
  }, 10_000);
  await few.dispose();
});

test("an upload that no message names goes by itself", async () => {
  const brief = await serve(undefined, { folder, limits: { uploadMs: 20 } });
  await brief.request(`${BOX_PATH}/uploads/${newId()}`, { method: "PUT", body: "RIFF" });
  await vi.waitFor(async () => expect(await waiting(folder)).toEqual([]), 5_000);
  await brief.dispose();
  expect(await readdir(folder)).toEqual([]);
});
