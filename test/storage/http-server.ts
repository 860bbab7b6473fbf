import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { HttpEngine } from "../../src/storage/engines/http/engine.ts";
import { type HttpOptions, httpOptions } from "../../src/storage/engines/http/options.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { type ServeOptions, serveStorage } from "../../src/storage/server/serve.ts";
import { newId, recordingLog } from "./samples.ts";

export const BEARER = "a-token-of-the-tests";
export const BOX: MailboxAddress = { mailbox: "1001", context: "default" };
export const BOX_PATH = "/v1/mailboxes/1001@default";

/** An engine behind a server of ours; `dispose` ends both. */
export interface Served {
  readonly url: string;
  readonly inner: Engine;
  readonly warnings: unknown[];
  /** Raw HTTP, with the token. */
  request(path: string, init?: RequestInit & { duplex?: "half" }): Promise<Response>;
  json(method: string, path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  dispose(): Promise<void>;
}

export async function serve(
  inner: Engine = new MemoryEngine(new MemoryData()),
  options: Partial<ServeOptions> = {},
): Promise<Served> {
  await inner.open();
  const { log, warnings } = recordingLog();
  const server = await serveStorage(inner, { host: "127.0.0.1", port: 0, token: BEARER, log, ...options });
  const request: Served["request"] = (path, init = {}) =>
    fetch(server.url + path, {
      ...init,
      headers: { authorization: `Bearer ${BEARER}`, ...(init.headers as Record<string, string>) },
    });
  return {
    url: server.url,
    inner,
    warnings,
    request,
    json: (method, path, body, headers) =>
      request(path, {
        method,
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    async dispose() {
      await server.close();
      await inner.close();
    },
  };
}

export function newHttp(url: string, options: Partial<HttpOptions> = {}): HttpEngine {
  const parsed = httpOptions.parse({ engine: "http", url, token: BEARER, ...options });
  return new HttpEngine(parsed, recordingLog().log);
}

export async function openHttp(url: string, options: Partial<HttpOptions> = {}): Promise<HttpEngine> {
  const engine = newHttp(url, options);
  await engine.open();
  return engine;
}

/** What a client that keeps the document sends to store a message, after its upload. */
export function messageBody(upload: string, audio: string, over: object = {}): Record<string, unknown> {
  return {
    folder: "INBOX",
    caller: { number: "5551234", name: "Ann" },
    receivedAt: "2026-11-22T01:00:00.000Z",
    duration: 3,
    heard: false,
    urgent: false,
    priority: false,
    private: false,
    audio: [{ kind: "voice", contentType: "audio/wav", ...named(upload, audio) }],
    ...over,
  };
}

/** How a message names what was uploaded for it. */
export function named(upload: string, bytes: string) {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { upload, bytes: Buffer.byteLength(bytes), sha256 };
}

/** Uploads and stores; the answer to the second. */
export async function put(
  served: Served,
  { id = newId(), audio = "RIFF a voice", over = {} }: { id?: string; audio?: string; over?: object } = {},
): Promise<Response> {
  const upload = randomBytes(16).toString("hex");
  await served.request(`${BOX_PATH}/uploads/${upload}`, { method: "PUT", body: audio });
  const body = messageBody(upload, audio, over);
  return served.json("PUT", `${BOX_PATH}/messages/${id}`, body, { "if-none-match": "*" });
}

export async function stored(
  served: Served,
  over: object = {},
): Promise<{ key: string; etag: string; id: string }> {
  const response = await put(served, { over });
  if (response.status !== 201) throw new Error(`storing was answered with ${response.status}`);
  return (await response.json()) as { key: string; etag: string; id: string };
}

/** Files of uploads that wait for their messages. */
export async function waiting(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map(({ name }) => name);
}
