import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { VoxpostError } from "../../../errors.ts";
import { aborted } from "../../faults.ts";
import { notTheProtocol, toFault, toNetworkFault } from "./faults.ts";
import { PROTOCOL } from "./protocol.ts";
import { pause, retryAfterMs } from "./retry-after.ts";
import { type Watchdog, watchdog } from "./watchdog.ts";

export interface Request {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** From `/v1` on; names in it are checked by who calls. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Opened anew for each try. */
  readonly body?: () => Promise<ReadableStream<Uint8Array>>;
  /** Default true. When false, a connection that broke leaves open whether it was done, so it is not tried again. */
  readonly repeat?: boolean;
  /** Waited for as long as it may take to store a message. */
  readonly stores?: boolean;
}

export interface ClientOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** Milliseconds, as the next. */
  readonly answerMs: number;
  readonly storeMs: number;
}

/** Whole answers of JSON are held in memory, up to here: 500 envelopes with hostile names. */
const LONGEST_ANSWER = 32_000_000;

/** How often a request is sent in all when the server says "later". */
const TRIES = 4;

/** How often in all when the connection breaks. */
const BROKEN = 3;

/** Speaks HTTP with one server: token, request ids, bounds in time and size, `Retry-After`, and errors in our words. */
export class Client {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #answerMs: number;
  readonly #storeMs: number;

  constructor({ url, token, answerMs, storeMs }: ClientOptions) {
    this.#base = url.replace(/\/+$/, "");
    this.#token = token;
    this.#answerMs = answerMs;
    this.#storeMs = storeMs;
  }

  /** The answer, as the schema has it; undefined for 204. */
  async ask<Schema extends z.ZodType>(
    schema: Schema,
    request: Request,
    signal: AbortSignal | undefined,
  ): Promise<z.output<Schema> | undefined> {
    return this.#bounded(request, signal, async (dog) => {
      const response = await this.send(request, dog);
      if (response.status === 204) return undefined;
      const parsed = schema.safeParse(await readJson(response, nameOf(request)));
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw notTheProtocol(nameOf(request), `${issue?.path.join(".")}: ${issue?.message}`);
    });
  }

  /** For requests whose answer has nothing to tell. */
  async tell(request: Request, signal: AbortSignal | undefined): Promise<void> {
    await this.#bounded(request, signal, async (dog) => drop(await this.send(request, dog)));
  }

  /**
   * A successful answer, its body not read yet; the caller reads or cancels it, and has bounded the time.
   * @throws VoxpostError for every other answer, and for none
   */
  async send(request: Request, dog: Watchdog): Promise<Response> {
    const { signal } = dog.controller;
    const deadline = Date.now() + this.#answerMs;
    for (let attempt = 1; ; attempt++) {
      const requestId = randomBytes(16).toString("hex");
      const response = await this.#fetch(request, requestId, signal).catch((error: unknown) => {
        if (signal.aborted) throw aborted(signal);
        if (error instanceof VoxpostError) throw error;
        const fault = toNetworkFault(error, nameOf(request), requestId);
        // Connections that rested may all have been closed by the server in the moment in which we use them.
        const repeat = attempt < BROKEN && request.repeat !== false && fault.code === "STORE_UNREACHABLE";
        if (repeat) return undefined;
        throw fault;
      });
      if (!response) {
        await pause((attempt - 1) * 50, signal);
        continue;
      }
      if (response.ok) return response;
      const later = retryAfterMs(response);
      if (later !== undefined && attempt < TRIES && Date.now() + later < deadline) {
        await drop(response);
        await pause(later, signal);
        continue;
      }
      throw toFault(response.status, await readProblem(response), nameOf(request), requestId);
    }
  }

  async #fetch(request: Request, requestId: string, signal: AbortSignal): Promise<Response> {
    const url = new URL(this.#base + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const body = request.json === undefined ? await request.body?.() : JSON.stringify(request.json);
    return fetch(url, {
      method: request.method,
      signal,
      // A redirect would take the token, and a caller's voice, to where nobody configured. With "manual" Node's fetch
      // keeps a copy of all that it sends, so audio goes with "error", which tells less.
      redirect: request.body ? "error" : "manual",
      headers: {
        "x-request-id": requestId,
        "user-agent": PROTOCOL,
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(request.json === undefined ? {} : { "content-type": "application/json" }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body, duplex: "half" }),
    });
  }

  async #bounded<T>(
    request: Request,
    signal: AbortSignal | undefined,
    work: (dog: Watchdog) => Promise<T>,
  ): Promise<T> {
    const limit = request.stores ? this.#storeMs : this.#answerMs;
    const dog = watchdog(signal, limit, `${nameOf(request)} was not answered`);
    try {
      return await work(dog);
    } catch (error) {
      if (dog.controller.signal.aborted) throw aborted(dog.controller.signal);
      throw VoxpostError.from(error, "STORE_UNREACHABLE", `${nameOf(request)}: the answer broke off`);
    } finally {
      dog.release();
    }
  }
}

/** Method and path: neither holds a secret, nor a caller's words. */
export function nameOf({ method, path }: Request): string {
  return `${method} ${path}`;
}

export async function drop(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

async function readJson(response: Response, what: string): Promise<unknown> {
  const text = await readText(response, LONGEST_ANSWER);
  if (text === undefined) throw notTheProtocol(what, `it is longer than ${LONGEST_ANSWER} bytes`);
  try {
    // Many programs write null for what they leave out.
    return JSON.parse(text, (_, value: unknown) => value ?? undefined);
  } catch {
    throw notTheProtocol(what, "it is no JSON");
  }
}

/** Undefined when there is none, whatever the reason: the status alone must do then. */
async function readProblem(response: Response): Promise<unknown> {
  try {
    // Not every framework lets an error's type be set; what is a problem of the protocol its code tells.
    const type = response.headers.get("content-type") ?? "";
    if (/^application\/(problem\+)?json\b/i.test(type))
      return JSON.parse((await readText(response, 100_000)) ?? "");
  } catch {
    // Told by the status.
  }
  await drop(response);
  return undefined;
}

async function readText(response: Response, limit: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the rest.
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
