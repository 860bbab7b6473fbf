/** One operation of the simulated ARI. The Swagger documents are made from it, and requests are routed by it. */
export interface Route {
  /** The Swagger resource that it belongs to; ari-client's first name (`client.channels`). */
  readonly resource: string;
  /** ari-client's second name (`client.channels.get`). */
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{parameter}` parts. */
  readonly path: string;
  /** Query parameters; `variables` travels in the body. Those in the path are known from the path. */
  readonly query?: readonly string[];
  /** Type of the answer as Swagger names it; default `void`. */
  readonly returns?: string;
  readonly handle: (request: Request) => Reply | Promise<Reply>;
}

export interface Request {
  /** A parameter from the path, the query or the JSON body; the empty string when it is not given. */
  get(name: string): string;
  readonly variables: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

/** What Asterisk answers when it refuses: `{"message": …}`. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const created = (body: unknown): Reply => ({ status: 201, body });
export const done: Reply = { status: 204 };
