/**
 * A whole storage server on one page, written from http.openapi.yaml alone:
 *
 *     node http-example.mjs 8080 A-TOKEN-OF-YOURS
 *
 * It keeps everything in memory, no greetings and no texts, tells of no changes and cannot do Range: that is allowed,
 * and said in its capabilities. What a real one must do better stands in http.md.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const [port = "8080", token = ""] = process.argv.slice(2);
const FOLDERS = "INBOX Work Family Friends Cust1 Cust2 Cust3 Cust4 Cust5 Trash".split(" ");
const uploads = new Map(); // "address name" → bytes
const mailboxes = new Map(); // address → Map of id → message
let arrivals = 0;

const FIELDS =
  "folder caller receivedAt duration heard urgent priority private category dialplanContext callId text audio".split(
    " ",
  );
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;
const BOX = "/v1/mailboxes/([^/]+)";
const MESSAGES = `${BOX}/folders/(${FOLDERS.join("|")})/messages`;

// Method and path; what it answers. A number is a status without a body, an object is JSON.
const routes = [
  ["GET", "/v1", () => ({ protocol: "voxpost-storage", version: "1.2", server: "example 1", capabilities })],
  ["GET", "/v1/health", () => 204],
  ["GET", `${BOX}/folders/(\\w+)/counts`, (box, folder) => counts(inFolder(box, folder))],
  [
    "GET",
    MESSAGES,
    (box, folder, { query }) => {
      const all = inFolder(box, folder).filter((message) => fitsView(message, query.get("view") ?? "all"));
      return { ...page(all, query), total: all.length };
    },
  ],
  [
    "GET",
    `${BOX}/messages`,
    (box, { query }) => {
      const id = query.get("id");
      return page(
        all(box).filter((message) => !id || message.id === id),
        query,
      );
    },
  ],
  [
    "PUT",
    `${BOX}/uploads/([0-9a-f]{32})`,
    (box, name, { body }) => {
      uploads.set(`${box} ${name}`, body);
      return 204;
    },
  ],
  [
    "PUT",
    `${BOX}/messages/([0-9a-f]{32})`,
    (box, id, { body, headers }) => {
      if (headers["if-none-match"] !== "*") throw problem(428, "STORE_REFUSED", "Send If-None-Match: *");
      if (boxOf(box).has(id)) throw problem(412, "STORE_REFUSED", "It is stored already");
      const { audio, text: _, ...about } = checked(JSON.parse(body));
      const parts = audio.map((part) => ({ ...part, data: uploads.get(`${box} ${part.upload}`) }));
      if (!parts.every(({ data, sha256 }) => data && digest(data).toString("hex") === sha256)) {
        throw problem(409, "STORE_REFUSED", "An upload is missing, or not what was sent", true);
      }
      parts.sort((a, b) => (b.kind === "comment") - (a.kind === "comment"));
      for (const { upload } of parts) uploads.delete(`${box} ${upload}`);
      const message = { ...about, id, key: id, arrival: ++arrivals, parts };
      boxOf(box).set(id, message);
      return { status: 201, headers: { etag: etag(message) }, json: shown(message) };
    },
  ],
  [
    "PATCH",
    `${MESSAGES}/([^/]+)`,
    (box, folder, key, { body, headers }) => {
      const message = known(box, folder, key, headers);
      const { heard = message.heard, urgent = message.urgent } = JSON.parse(body);
      Object.assign(message, { heard, urgent });
      return 204;
    },
  ],
  [
    "DELETE",
    `${MESSAGES}/([^/]+)`,
    (box, folder, key, { headers }) => {
      if (boxOf(box).get(key)?.folder !== folder) return 204;
      known(box, folder, key, headers);
      boxOf(box).delete(key);
      return 204;
    },
  ],
  [
    "POST",
    `${MESSAGES}/([^/]+)/move`,
    (box, folder, key, { body, headers }) => {
      const message = known(box, folder, key, headers);
      message.folder = JSON.parse(body).folder;
      message.arrival = ++arrivals;
      return { folder: message.folder, key };
    },
  ],
  [
    "GET",
    `${MESSAGES}/([^/]+)/audio/(\\d+)`,
    (box, folder, key, number) => {
      const { parts } = known(box, folder, key);
      const part = parts[number - 1];
      if (!part) throw problem(400, "STORE_REFUSED", `It has ${parts.length} parts`);
      const headers = {
        "content-type": part.contentType,
        "audio-parts": parts.length,
        "audio-kind": part.kind,
        ...(part.duration !== undefined && { "content-duration": part.duration }),
      };
      return { status: 200, headers, data: part.data };
    },
  ],
].map(([method, path, answer]) => ({ method, path: new RegExp(`^${path}$`), answer }));

const capabilities = {
  authenticate: false,
  greetings: false,
  watch: false,
  quota: false,
  search: true,
  move: true,
  writable: true,
};

/** Stands for a library that checks against the document's schemas: a real server checks every request so. */
function checked(message) {
  const unknown = Object.keys(message).find((name) => !FIELDS.includes(name));
  if (unknown) throw problem(400, "STORE_REFUSED", "A field is not known");
  const isRight = FOLDERS.includes(message.folder) && message.duration >= 0 && TIME.test(message.receivedAt);
  if (!isRight) throw problem(400, "STORE_REFUSED", "A field is not as the document has it");
  return message;
}

function boxOf(address) {
  if (!mailboxes.has(address)) mailboxes.set(address, new Map());
  return mailboxes.get(address);
}

/** Oldest call first, then by arrival; the place in this order is what a cursor says. */
function all(address) {
  return [...boxOf(address).values()].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

function place({ receivedAt, arrival }) {
  return `${receivedAt} ${String(arrival).padStart(12, "0")}`;
}

function inFolder(address, folder) {
  return all(address).filter((message) => message.folder === folder);
}

function page(messages, query) {
  const rest = messages.filter((message) => place(message) > (query.get("after") ?? ""));
  const some = rest.slice(0, Number(query.get("limit") ?? 100));
  const next = some.length < rest.length ? { next: place(some.at(-1)) } : {};
  return { messages: some.map(shown), ...next };
}

function fitsView({ heard, urgent }, view) {
  return view === "all" || view === (heard ? "old" : urgent ? "urgent" : "new");
}

function counts(messages) {
  const of = (view) => messages.filter((message) => fitsView(message, view)).length;
  return { urgent: of("urgent"), new: of("new"), old: of("old") };
}

function shown({ parts: _, arrival: __, ...message }) {
  return { ...message, etag: etag(message) };
}

function etag({ id, heard, urgent }) {
  return `"${id} ${heard} ${urgent}"`;
}

function known(box, folder, key, headers = {}) {
  const message = boxOf(box).get(key);
  if (message?.folder !== folder) throw problem(404, "MESSAGE_UNKNOWN", "It was moved or removed");
  const wanted = headers["if-match"];
  if (wanted && wanted !== "*" && !wanted.split(", ").includes(etag(message))) {
    throw problem(412, "STORE_REFUSED", "It has changed since");
  }
  return message;
}

function digest(data) {
  return createHash("sha256").update(data).digest();
}

function problem(status, code, detail, retryable) {
  const json = { type: `urn:voxpost:error:${code}`, title: code, status, code, detail, retryable };
  return { status, json, headers: { "content-type": "application/problem+json" } };
}

async function answerTo(request) {
  const given = request.headers.authorization ?? "";
  if (!timingSafeEqual(digest(given), digest(`Bearer ${token}`))) {
    const refusal = problem(401, "STORE_REFUSED", "The token is missing or wrong");
    return { ...refusal, headers: { ...refusal.headers, "www-authenticate": "Bearer" } };
  }
  const body = Buffer.concat(await request.toArray());
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const route = routes.find(({ method, path }) => method === request.method && path.test(pathname));
  if (!route) return problem(501, "UNSUPPORTED", "This server does not do that");
  const names = route.path.exec(pathname).slice(1).map(decodeURIComponent);
  const answer = route.answer(...names, { query: searchParams, body, headers: request.headers });
  if (typeof answer === "number") return { status: answer };
  return "status" in answer ? answer : { status: 200, json: answer };
}

const server = createServer(async (request, response) => {
  const { status, json, data, headers } = await answerTo(request).catch((error) =>
    error.status ? error : problem(500, "INTERNAL", "See the server's log"),
  );
  response.writeHead(status, {
    "x-request-id": request.headers["x-request-id"] ?? "none",
    ...(json && { "content-type": "application/json" }),
    ...headers,
  });
  response.end(json ? JSON.stringify(json) : data);
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
