import { setMaxListeners } from "node:events";
import { type ErrorCode, isCode, VoxpostError } from "../errors.ts";

export interface AriServer {
  /** Where Asterisk's HTTP server listens, such as `http://127.0.0.1:8088`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface AriRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Ends the request early, with ABORTED. */
  readonly signal?: AbortSignal;
}

/** Takes what is known of a request when it has been answered. It must not throw, and nothing waits for it. */
export type AriObserver = (observation: AriObservation) => void;

interface AriObservation {
  readonly method: string;
  /** The path without ids and names: `/channels/{}/play/{}`. */
  readonly route: string;
  /** Milliseconds; of audio that is fetched, until it begins. */
  readonly ms: number;
  /** Undefined when it succeeded. */
  readonly code?: ErrorCode;
}

/**
 * Requests to one Asterisk, each with a bound.
 *
 * They do not go through ari-client: it loses the status of an answer, waits for ever when the server dies, damages
 * binary answers, and keeps one password for all servers of a process.
 */
export class AriRequests {
  readonly #base: string;
  readonly #authorization: string;
  readonly #timeoutMs: number;
  readonly #observe: AriObserver | undefined;

  constructor(server: AriServer, timeoutMs = 5_000, observe?: AriObserver) {
    this.#base = `${server.url.replace(/\/+$/, "")}/ari`;
    this.#authorization = `Basic ${Buffer.from(`${server.user}:${server.password}`).toString("base64")}`;
    this.#timeoutMs = timeoutMs;
    this.#observe = observe;
  }

  async get<T>(path: string, options?: AriRequest): Promise<T> {
    return JSON.parse(await this.#text("GET", path, options)) as T;
  }

  /** Undefined where Asterisk answers with nothing. */
  async post<T = unknown>(path: string, options?: AriRequest): Promise<T | undefined> {
    const text = await this.#text("POST", path, options);
    return text === "" ? undefined : (JSON.parse(text) as T);
  }

  async put(path: string, options?: AriRequest): Promise<void> {
    await this.#text("PUT", path, options);
  }

  async delete(path: string, options?: AriRequest): Promise<void> {
    await this.#text("DELETE", path, options);
  }

  /** Like `get`, but undefined where there is no such thing. */
  async find<T>(path: string, options?: AriRequest): Promise<T | undefined> {
    try {
      return await this.get<T>(path, options);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * The answer itself; its body must be read or cancelled. Bounded is how long the answer takes to begin.
   * @throws VoxpostError ASTERISK_UNREACHABLE, ASTERISK_REFUSED, CALL_GONE (a channel that is no more), ABORTED
   */
  stream(method: string, path: string, options: AriRequest = {}): Promise<Response> {
    return this.#observed(method, path, options, async (response) => response);
  }

  #text(method: string, path: string, options: AriRequest = {}): Promise<string> {
    return this.#observed(method, path, options, (response) => response.text());
  }

  async #observed<T>(
    method: string,
    path: string,
    options: AriRequest,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const startedAt = performance.now();
    const tell = (end: Pick<AriObservation, "code">) =>
      this.#observe?.({ method, route: routeOf(path), ms: performance.now() - startedAt, ...end });
    try {
      const answer = await this.#send(method, path, options, read);
      tell({});
      return answer;
    } catch (error) {
      tell({ code: error instanceof VoxpostError ? error.code : "INTERNAL" });
      throw error;
    }
  }

  async #send<T>(
    method: string,
    path: string,
    { query = {}, body, signal }: AriRequest,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const ending = new AbortController();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      ending.abort();
    }, this.#timeoutMs);
    // Node's AbortSignal.any would keep a note of each request for as long as the signal lives.
    const cancel = () => ending.abort();
    const release = () => signal?.removeEventListener("abort", cancel);
    if (signal) setMaxListeners(0, signal);
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted) cancel();
    try {
      const response = await fetch(url, {
        method,
        headers: {
          authorization: this.#authorization,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: ending.signal,
      });
      if (!response.ok) throw await refusal(response, method, path);
      const answer = await read(response);
      // A body that is still to be read ends with the signal too.
      if (!response.body || response.bodyUsed) release();
      return answer;
    } catch (error) {
      release();
      if (error instanceof VoxpostError) throw error;
      const context = { method, path };
      if (signal?.aborted) {
        throw new VoxpostError("ABORTED", `${method} ${path} was cancelled`, { cause: error, context });
      }
      const late = isLate ? ` within ${this.#timeoutMs} ms` : "";
      // fetch itself only says that it failed.
      const why = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
      const text = `No answer${late} to ${method} ${url.origin}/ari${path}${why}`;
      throw new VoxpostError("ASTERISK_UNREACHABLE", text, { cause: error, context });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What may stand in a route; everything else in a path is an id or a name. */
const ROUTE_WORDS = new Set(
  `addChannel answer applications asterisk bridges channels continue control copy create file info live mailboxes moh move play
  playbacks record recordings removeChannel sounds stop stored subscription variable`.split(/\s+/),
);

function routeOf(path: string): string {
  return path.replace(/[^/]+/g, (part) => (ROUTE_WORDS.has(part) ? part : "{}"));
}

async function refusal(response: Response, method: string, path: string): Promise<VoxpostError> {
  const { status } = response;
  const said = (await response.text().catch(() => "")).slice(0, 300);
  const context = { method, path, status };
  const text = `Asterisk answered ${status} to ${method} ${path}: ${said}`;
  if (status === 404 && path.startsWith("/channels/") && /channel/i.test(said)) {
    return new VoxpostError("CALL_GONE", text, { context });
  }
  // Hung up, or moved on by somebody else: Asterisk still knows the channel, but it is ours no more.
  if (status === 409 && /not in Stasis/i.test(said)) return new VoxpostError("CALL_GONE", text, { context });
  // While Asterisk starts, its modules are not there yet, and a 404 tells nothing of channels. /mailboxes may be missing for good.
  const isLoading = status === 404 && /^<|resource not found/i.test(said) && !path.startsWith("/mailboxes");
  if (isLoading) {
    const remedy = "no ARI answers there: is Asterisk still starting, is res_ari loaded and enabled?";
    return new VoxpostError("ASTERISK_UNREACHABLE", `${status} to ${method} ${path}: ${remedy}`, { context });
  }
  if (status === 503)
    return new VoxpostError("ASTERISK_UNREACHABLE", `${text} (is it still starting?)`, { context });
  if (status === 401 || status === 403) {
    return new VoxpostError("ASTERISK_REFUSED", `${text}. Compare user and password with ari.conf`, {
      context,
    });
  }
  return new VoxpostError("ASTERISK_REFUSED", text, { context, retryable: status >= 500 });
}

export function isNotFound(error: unknown): boolean {
  return isCode(error, "ASTERISK_REFUSED", "CALL_GONE") && error.context.status === 404;
}
