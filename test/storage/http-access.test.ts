import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request as rawRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { serveStorage } from "../../src/storage/server/serve.ts";
import { problemOf } from "./http-document.ts";
import { BEARER, BOX, BOX_PATH, type Served, serve } from "./http-server.ts";
import { newId, newMessage, recordingLog } from "./samples.ts";

/** Who may speak with the server, and where a name can lead. */

const INBOX = `${BOX_PATH}/folders/INBOX/messages`;
let served: Served;
let folder: string;
let root: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voxpost-wire-"));
  root = join(folder, "store");
  served = await serve(new FileEngine({ root, log: recordingLog().log }));
});
afterEach(async () => {
  await served.dispose();
  await rm(folder, { recursive: true });
});

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
  await served.inner.append("INBOX", newMessage(BOX));
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
});
