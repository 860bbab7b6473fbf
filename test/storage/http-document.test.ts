import { expect, test } from "vitest";
import { errorCodes } from "../../src/errors.ts";
import { WIRE_CODES } from "../../src/storage/engines/http/protocol.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { createApp } from "../../src/storage/server/app.ts";
import { Events } from "../../src/storage/server/events.ts";
import { Turns } from "../../src/storage/server/turns.ts";
import { Uploads } from "../../src/storage/server/uploads.ts";
import { judge, operations } from "./http-document.ts";
import { BOX_PATH, named, put, serve } from "./http-server.ts";
import { newId, recordingLog } from "./samples.ts";

test("the server has the document's routes, all of them and no others", () => {
  const engine = new MemoryEngine(new MemoryData());
  const uploads = new Uploads({ audioBytes: 1, waitingBytes: 1, uploadMs: 1 });
  const rooms = { engine, uploads, events: new Events(engine, 1), turns: new Turns(), server: "x" };
  const { routes } = createApp(rooms, { log: recordingLog().log });
  const served = routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  expect([...served].sort()).toEqual([...operations].sort());
});

test("codes that travel are codes of ours", () => {
  expect(Object.keys(errorCodes)).toEqual(expect.arrayContaining([...WIRE_CODES]));
});

test("every operation's real answer is as the document says, when it works and when it does not", async () => {
  const served = await serve(new MemoryEngine(new MemoryData(), 1_000_000));
  const seen = new Set<string>();
  const ask = async (method: string, path: string, init: RequestInit = {}) => {
    const response = await served.request(path, { method, ...init });
    seen.add(await judge(method, path.split("?")[0] ?? "", response));
    return response;
  };
  const json = (body: object) => ({
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  try {
    const [upload, extras] = [newId(), "X-Shoe-Size: 42\r\n\r\n"];
    await served.request(`${BOX_PATH}/uploads/${upload}`, { method: "PUT", body: extras });
    const about = { text: "Call back.", category: "sales", callId: "1.2", extras: named(upload, extras) };
    const stored = await put(served, { over: about });
    await judge("PUT", `${BOX_PATH}/messages/${newId()}`, stored);
    seen.add("PUT /v1/mailboxes/{address}/messages/{id}");
    const { key } = (await stored.json()) as { key: string };
    const inbox = `${BOX_PATH}/folders/INBOX/messages`;
    await put(served);

    expect((await ask("GET", "/v1")).status).toBe(200);
    expect((await ask("GET", "/v1/health")).status).toBe(204);
    expect((await ask("GET", "/v1/space")).status).toBe(501);
    expect((await ask("GET", "/v1/mailboxes")).status).toBe(200);
    expect((await ask("GET", `${BOX_PATH}/folders/INBOX/counts`)).status).toBe(200);
    expect((await ask("GET", `${inbox}?view=new&limit=1`)).status).toBe(200);
    expect((await ask("GET", `${BOX_PATH}/messages?caller=ann&limit=1`)).status).toBe(200);
    expect((await ask("PUT", `${BOX_PATH}/uploads/${newId()}`, { body: "x" })).status).toBe(204);
    expect((await ask("GET", `${inbox}/${key}/text`)).status).toBe(200);
    expect((await ask("GET", `${inbox}/${key}/extras`)).status).toBe(200);
    expect((await ask("GET", `${inbox}/${key}/audio/1`)).status).toBe(200);
    const some = { headers: { range: "bytes=2-4" } };
    expect((await ask("GET", `${inbox}/${key}/audio/1`, some)).status).toBe(206);
    expect((await ask("PATCH", `${inbox}/${key}`, json({ heard: true }))).status).toBe(204);
    expect((await ask("POST", `${inbox}/${key}/move`, json({ folder: "Work" }))).status).toBe(200);
    expect((await ask("DELETE", `${inbox}/${key}`)).status).toBe(204);
    const greeting = `${BOX_PATH}/greetings/busy`;
    expect((await ask("GET", greeting)).status).toBe(204);
    const wav = { body: "RIFF", headers: { "content-type": "audio/wav", "content-duration": "3" } };
    expect((await ask("PUT", greeting, wav)).status).toBe(204);
    expect((await ask("GET", greeting)).status).toBe(200);
    expect((await ask("GET", greeting, { headers: { range: "bytes=-1" } })).status).toBe(206);
    expect((await ask("DELETE", greeting)).status).toBe(204);
    expect((await ask("POST", `${BOX_PATH}/authentication`, json({ pin: "1" }))).status).toBe(501);
    expect((await ask("GET", `${BOX_PATH}/quota`)).status).toBe(200);

    expect((await ask("GET", `${inbox}/none/audio/1`)).status).toBe(404);
    expect((await ask("GET", "/v1/mailboxes/1001/quota")).status).toBe(400);
    expect((await ask("GET", "/v1/nothing")).status).toBe(404);
    expect((await ask("GET", "/v1", { headers: { authorization: "Bearer x" } })).status).toBe(401);

    // Its answer has no end; http-watch looks into it.
    seen.add("GET /v1/mailboxes/{address}/events");
    expect(operations.filter((operation) => !seen.has(operation))).toEqual([]);
  } finally {
    await served.dispose();
  }
});
