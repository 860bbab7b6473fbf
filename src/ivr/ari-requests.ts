import { isCode, VoxpostError } from "../errors.ts";

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

  constructor(server: AriServer, timeoutMs = 5_000) {
    this.#base = `${server.url.replace(/\/+$/, "")}/ari`;
    this.#authorization = `Basic ${Buffer.from(`${server.user}:${server.password}`).toString("base64")}`;
    this.#timeoutMs = timeoutMs;
  }

  async get<T>(path: string, options?: AriRequest): Promise<T> {
    return (await (await this.send("GET", path, options)).json()) as T;
  }

  async post<T = unknown>(path: string, options?: AriRequest): Promise<T | undefined> {
    const response = await this.send("POST", path, options);
    const text = await response.text();
    return text === "" ? undefined : (JSON.parse(text) as T);
  }

  async put(path: string, options?: AriRequest): Promise<void> {
    await (await this.send("PUT", path, options)).arrayBuffer();
  }

  async delete(path: string, options?: AriRequest): Promise<void> {
    await (await this.send("DELETE", path, options)).arrayBuffer();
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
   * The answer itself, for streams; its body must be read or cancelled.
   * @throws VoxpostError ASTERISK_UNREACHABLE, ASTERISK_REFUSED, CALL_GONE (a channel that is no more), ABORTED
   */
  async send(method: string, path: string, options: AriRequest = {}): Promise<Response> {
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const request = { method, path };
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: {
          authorization: this.#authorization,
          ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        signal: this.#bound(options.signal),
      });
    } catch (error) {
      if (options.signal?.aborted) {
        throw new VoxpostError("ABORTED", `${method} ${path} was cancelled`, {
          cause: error,
          context: request,
        });
      }
      throw VoxpostError.from(
        error,
        "ASTERISK_UNREACHABLE",
        `No answer to ${method} ${url.origin}/ari${path}`,
        request,
      );
    }
    if (response.ok) return response;
    throw await refusal(response, method, path);
  }

  #bound(signal: AbortSignal | undefined): AbortSignal {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    return signal ? AbortSignal.any([signal, timeout]) : timeout;
  }
}

async function refusal(response: Response, method: string, path: string): Promise<VoxpostError> {
  const { status } = response;
  const said = (await response.text().catch(() => "")).slice(0, 300);
  const context = { method, path, status };
  const text = `Asterisk answered ${status} to ${method} ${path}: ${said}`;
  if (status === 404 && path.startsWith("/channels/") && /channel/i.test(said)) {
    return new VoxpostError("CALL_GONE", text, { context });
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
