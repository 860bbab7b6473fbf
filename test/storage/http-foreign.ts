/**
 * A storage server as somebody else would write it: from docs/engines/http.openapi.yaml alone, with nothing of Voxpost's
 * in it and everything in memory. It keeps no greetings and no texts, tells of no changes, and cannot do Range.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

type Message = {
  id: string;
  folder: string;
  heard: boolean;
  urgent: boolean;
  receivedAt: string;
  no: number;
};
type Part = { kind: string; contentType: string; duration?: number; bytes: Buffer };
type Stored = { message: Message; parts: Part[] };
type Answer = { status: number; json?: object; bytes?: Buffer; headers?: Record<string, string> };

const FOLDERS = "INBOX Work Family Friends Cust1 Cust2 Cust3 Cust4 Cust5 Trash".split(" ");

export function startForeign(token: string): Promise<Server> {
  const uploads = new Map<string, Buffer>();
  const mailboxes = new Map<string, Map<string, Stored>>();
  let arrivals = 0;

  const routes: Array<[method: string, path: RegExp, run: (names: string[], ask: Ask) => Answer]> = [
    [
      "GET",
      /^\/v1$/,
      () => {
        const no = { authenticate: false, greetings: false, watch: false, quota: false };
        const capabilities = { ...no, search: true, move: true, writable: true };
        const json = { protocol: "voxpost-storage", version: "1.0", server: "foreign 0.1", capabilities };
        return { status: 200, json };
      },
    ],
    ["GET", /^\/v1\/health$/, () => ({ status: 204 })],
    [
      "GET",
      /^\/v1\/mailboxes\/([^/]+)\/folders\/([^/]+)\/counts$/,
      ([box = "", folder = ""]) => {
        const counts = { urgent: 0, new: 0, old: 0 };
        for (const { message } of sorted(box, folder)) counts[viewOf(message)]++;
        return { status: 200, json: counts };
      },
    ],
    [
      "GET",
      /^\/v1\/mailboxes\/([^/]+)\/folders\/([^/]+)\/messages$/,
      ([box = "", folder = ""], { query }) => {
        const view = query.get("view") ?? "all";
        const all = sorted(box, folder).filter(({ message }) => view === "all" || viewOf(message) === view);
        return { status: 200, json: { ...page(all, query), total: all.length } };
      },
    ],
    [
      "GET",
      /^\/v1\/mailboxes\/([^/]+)\/messages$/,
      ([box = ""], { query }) => {
        const id = query.get("id");
        const found = FOLDERS.flatMap((folder) => sorted(box, folder));
        const wanted = found.filter(({ message }) => !id || message.id === id);
        return { status: 200, json: page(wanted.sort(byPlace), query) };
      },
    ],
    [
      "PUT",
      /^\/v1\/mailboxes\/([^/]+)\/uploads\/([0-9a-f]{32})$/,
      ([box, name], { body }) => {
        uploads.set(`${box} ${name}`, body);
        return { status: 204 };
      },
    ],
    [
      "PUT",
      /^\/v1\/mailboxes\/([^/]+)\/messages\/([0-9a-f]{32})$/,
      ([box = "", id = ""], { body }) => {
        if (boxOf(box).has(id)) return problem(412, "STORE_REFUSED");
        const { audio, ...about } = JSON.parse(body.toString());
        const parts: Part[] = [];
        for (const { upload, sha256, ...part } of audio) {
          const bytes = uploads.get(`${box} ${upload}`);
          const digest = bytes && createHash("sha256").update(bytes).digest("hex");
          if (!bytes || digest !== sha256) return problem(409, "STORE_REFUSED", true);
          parts.push({ ...part, bytes });
        }
        parts.sort((a, b) => Number(b.kind === "comment") - Number(a.kind === "comment"));
        const stored = { message: { ...about, id, no: ++arrivals }, parts };
        boxOf(box).set(id, stored);
        const json = shown(stored);
        return { status: 201, json, headers: { ETag: json.etag } };
      },
    ],
    [
      "PATCH",
      /^\/v1\/mailboxes\/([^/]+)\/folders\/([^/]+)\/messages\/([^/]+)$/,
      ([box = "", folder = "", id = ""], { body }) => {
        const stored = boxOf(box).get(id);
        if (stored?.message.folder !== folder) return problem(404, "MESSAGE_UNKNOWN");
        Object.assign(stored.message, JSON.parse(body.toString()));
        return { status: 204 };
      },
    ],
    [
      "DELETE",
      /^\/v1\/mailboxes\/([^/]+)\/folders\/([^/]+)\/messages\/([^/]+)$/,
      ([box = "", folder = "", id = ""]) => {
        if (boxOf(box).get(id)?.message.folder === folder) boxOf(box).delete(id);
        return { status: 204 };
      },
    ],
    [
      "POST",
      /^\/v1\/mailboxes\/([^/]+)\/folders\/([^/]+)\/messages\/([^/]+)\/move$/,
      ([box = "", folder = "", id = ""], { body }) => {
        const stored = boxOf(box).get(id);
        if (stored?.message.folder !== folder) return problem(404, "MESSAGE_UNKNOWN");
        stored.message.folder = JSON.parse(body.toString()).folder;
        stored.message.no = ++arrivals;
        return { status: 200, json: { folder: stored.message.folder, key: id } };
      },
    ],
    [
      "GET",
      /^\/v1\/mailboxes\/([^/]+)\/folders\/([^/]+)\/messages\/([^/]+)\/audio\/(\d+)$/,
      ([box = "", folder = "", id = "", number]) => {
        const stored = boxOf(box).get(id);
        const part = stored?.parts[Number(number) - 1];
        if (stored?.message.folder !== folder || !part) return problem(404, "MESSAGE_UNKNOWN");
        const headers = {
          "Content-Type": part.contentType,
          "Audio-Parts": String(stored.parts.length),
          "Audio-Kind": part.kind,
        };
        return { status: 200, bytes: part.bytes, headers };
      },
    ],
  ];

  function boxOf(address: string): Map<string, Stored> {
    const known = mailboxes.get(address) ?? new Map<string, Stored>();
    mailboxes.set(address, known);
    return known;
  }

  function sorted(address: string, folder: string): Stored[] {
    const all = [...boxOf(address).values()].filter(({ message }) => message.folder === folder);
    return all.sort(byPlace);
  }

  return listen(async (request) => {
    if (request.headers.authorization !== `Bearer ${token}`) return problem(401, "STORE_REFUSED");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? "", "http://localhost");
    const ask = { query: url.searchParams, body: Buffer.concat(chunks) };
    for (const [method, path, run] of routes) {
      const match = method === request.method && path.exec(url.pathname);
      if (match) return run(match.slice(1).map(decodeURIComponent), ask);
    }
    return problem(501, "UNSUPPORTED");
  });
}

type Ask = { query: URLSearchParams; body: Buffer };

function listen(handle: (request: IncomingMessage) => Promise<Answer>): Promise<Server> {
  const send = (response: ServerResponse, { status, json, bytes, headers }: Answer) => {
    const type = status >= 400 ? "application/problem+json" : "application/json";
    response.writeHead(status, { ...(json && { "Content-Type": type }), ...headers });
    response.end(json ? JSON.stringify(json) : bytes);
  };
  const server = createServer((request, response) => {
    response.setHeader("X-Request-Id", request.headers["x-request-id"] ?? "none");
    handle(request).then(
      (answer) => send(response, answer),
      () => response.destroy(),
    );
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function problem(status: number, code: string, retryable?: boolean): Answer {
  return { status, json: { type: `urn:voxpost:error:${code}`, title: code, status, code, retryable } };
}

function viewOf({ heard, urgent }: Message): "urgent" | "new" | "old" {
  return heard ? "old" : urgent ? "urgent" : "new";
}

function placeOf({ message }: Stored): string {
  return `${message.receivedAt} ${String(message.no).padStart(12, "0")}`;
}

function byPlace(a: Stored, b: Stored): number {
  return placeOf(a) < placeOf(b) ? -1 : 1;
}

function shown({ message }: Stored) {
  const { no: _, ...rest } = message;
  return { ...rest, key: message.id, etag: `"${message.id}${message.heard}${message.urgent}"` };
}

function page(all: Stored[], query: URLSearchParams): { messages: object[]; next?: string } {
  const after = query.get("after") ?? "";
  const rest = all.filter((stored) => placeOf(stored) > after);
  const some = rest.slice(0, Number(query.get("limit") ?? 100));
  const last = some.at(-1);
  return { messages: some.map(shown), ...(last && some.length < rest.length ? { next: placeOf(last) } : {}) };
}
