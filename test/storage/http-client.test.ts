import type { RequestListener } from "node:http";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { takePorts } from "../../lab/ports.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { eventsIn } from "../../src/storage/engines/http/events.ts";
import { httpOptions } from "../../src/storage/engines/http/options.ts";
import { engineFaults } from "../../src/storage/registry.ts";
import { type Peer, scripted } from "./http-peers.ts";
import { BEARER, BOX, newHttp, openHttp, serve } from "./http-server.ts";
import { bytesOf, newMessage, sound } from "./samples.ts";

/** The engine alone, with servers and lines that fail in every way. */

const ALL = { view: "all", limit: 100 } as const;
const ref = { mailbox: BOX, folder: "INBOX", key: "k1" } as const;
const ends: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function closing<T extends { close(): Promise<unknown> }>(closable: T): T {
  ends.push(() => closable.close());
  return closable;
}

async function against(
  handle: RequestListener,
  options = {},
): Promise<{ engine: Engine; peer: Peer & { asked: string[] } }> {
  const peer = closing(await scripted(handle));
  return { peer, engine: closing(await openHttp(peer.url, options)) };
}

function problem(status: number, code: string, more: object = {}): RequestListener {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ type: `urn:voxpost:error:${code}`, title: "x", status, code, ...more }));
  };
}

describe("Retry-After", () => {
  test.each([["0"], [new Date(Date.now() - 1_000).toUTCString()]])("%s is heeded", async (value) => {
    let times = 0;
    const { engine } = await against((_, response) => {
      if (++times < 3) response.writeHead(times === 1 ? 503 : 429, { "retry-after": value }).end();
      else response.end('{"urgent":1,"new":2,"old":3}');
    });
    expect(await engine.count(BOX, "INBOX")).toEqual({ urgent: 1, new: 2, old: 3 });
  });

  test("one that is longer than anybody waits is an error at once", async () => {
    const { engine, peer } = await against((_, response) => {
      response.writeHead(503, { "retry-after": "3600" }).end();
    });
    await expect(engine.count(BOX, "INBOX")).rejects.toMatchObject({
      code: "STORE_UNREACHABLE",
      retryable: true,
    });
    expect(peer.asked).toHaveLength(1);
  });

  test("a server that says later again and again is given up", async () => {
    const { engine, peer } = await against((_, response) => {
      response.writeHead(503, { "retry-after": "0" }).end();
    });
    await expect(engine.count(BOX, "INBOX")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    expect(peer.asked).toHaveLength(4);
  });

  test("waiting can be cancelled", async () => {
    const controller = new AbortController();
    const { engine } = await against((_, response) => {
      response.writeHead(503, { "retry-after": "5" }).end();
      setImmediate(() => controller.abort());
    });
    const counting = engine.count(BOX, "INBOX", controller.signal);
    await expect(counting).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("answers that are no success", () => {
  test.each([
    ["STORE_FULL", 507, { code: "STORE_FULL", retryable: true }],
    ["MAILBOX_UNKNOWN", 404, { code: "MAILBOX_UNKNOWN", retryable: false }],
    ["STORE_REFUSED", 401, { code: "STORE_REFUSED", retryable: true }],
    ["STORE_REFUSED", 403, { code: "STORE_REFUSED", retryable: false }],
    // A fault over there is a server that does not work, and a code that is none of the protocol's says nothing.
    ["INTERNAL", 500, { code: "STORE_UNREACHABLE", retryable: true }],
    ["APPLICATION_REPLACED", 500, { code: "STORE_UNREACHABLE", retryable: true }],
    ["ABORTED", 503, { code: "STORE_UNREACHABLE", retryable: true }],
  ])("%s with %i", async (code, status, expected) => {
    const { engine } = await against(problem(status, code));
    await expect(engine.count(BOX, "INBOX")).rejects.toMatchObject(expected);
  });

  test.each([
    [404, { code: "STORE_REFUSED", retryable: true }],
    [401, { code: "STORE_REFUSED", retryable: true }],
    [410, { code: "STORE_REFUSED", retryable: true }],
    [413, { code: "STORE_REFUSED", retryable: false }],
    [302, { code: "STORE_REFUSED", retryable: true }],
    [502, { code: "STORE_UNREACHABLE" }],
    [504, { code: "STORE_TIMEOUT" }],
    [507, { code: "STORE_FULL" }],
  ])("a bare %i of some proxy is never a message that is gone", async (status, expected) => {
    const { engine } = await against((_, response) => {
      response
        .writeHead(status, { "content-type": "text/html", location: "/elsewhere" })
        .end("<h1>Sorry</h1>");
    });
    await expect(engine.read(ref)).rejects.toMatchObject(expected);
    await expect(engine.remove(ref)).rejects.toMatchObject(expected);
    await expect(engine.append("INBOX", newMessage(BOX))).rejects.toMatchObject(expected);
  });

  test("a server's words become one line, and no token is in them", async () => {
    const detail = `line one\r\nline two\u0000${"x".repeat(10_000)}`;
    const { engine } = await against(problem(403, "STORE_REFUSED", { detail }));
    const error = await engine.count(BOX, "INBOX").then(
      () => new Error("unreachable"),
      (fault: Error) => fault,
    );
    expect(error.message).toContain("line one line two");
    expect(error.message).toMatch(/^\P{Cc}{1,700}$/u);
    expect(JSON.stringify(error) + error.stack).not.toContain(BEARER);
  });

  test("a redirect takes the token nowhere", async () => {
    const elsewhere = closing(await scripted((_, response) => response.end("{}")));
    const { engine } = await against((_, response) => {
      response.writeHead(307, { location: `${elsewhere.url}/v1/steal` }).end();
    });
    await expect(engine.count(BOX, "INBOX")).rejects.toMatchObject({ code: "STORE_REFUSED" });
    expect(elsewhere.asked).toEqual([]);
  });
});

describe("successes that are none", () => {
  test.each([
    ["no JSON", "<html>Please log in</html>"],
    ["nothing", ""],
    ["another thing", '{"messages": 7, "total": 1}'],
    ["nonsense in a message", '{"messages": [{"key": "../../x", "id": "1"}], "total": 1}'],
  ])("%s", async (_, body) => {
    const { engine } = await against((__, response) => response.end(body));
    const listing = engine.list(BOX, "INBOX", ALL);
    await expect(listing).rejects.toMatchObject({ code: "STORE_UNREACHABLE", retryable: true });
  });

  test("pages that run in a circle", async () => {
    const { engine } = await against((_, response) => response.end('{"messages": [], "next": "again"}'));
    await expect(engine.find(BOX, {})).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  });

  test("an answer without end", async () => {
    const { engine } = await against((_, response) => {
      const more = () => response.writable && response.write(" ".repeat(1_000_000), more);
      more();
    });
    await expect(engine.count(BOX, "INBOX")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  });

  test.each([[{ version: "2.0" }], [{ protocol: "another" }], [{ capabilities: {} }]])(
    "a server that says %j is not spoken to",
    async (service) => {
      const peer = closing(await scripted((_, response) => response.end("{}"), service));
      const engine = closing(await openHttp(peer.url));
      await expect(engine.count(BOX, "INBOX")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
      await expect(engine.check()).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
      expect(peer.asked).toEqual([]);
    },
  );

  test("fields of a later version are passed over", async () => {
    const { engine } = await against((_, response) => response.end('{"urgent":0,"new":1,"old":0,"moot":5}'));
    expect(await engine.count(BOX, "INBOX")).toEqual({ urgent: 0, new: 1, old: 0 });
  });
});

test("audio that goes out is not kept", async () => {
  const { engine } = await against((request, response) => {
    request.resume().on("end", () => response.writeHead(204).end());
  });
  const chunk = Buffer.alloc(65_536);
  const size = 150_000_000;
  const used = () => process.memoryUsage().arrayBuffers;
  const before = used();
  let most = 0;
  const audio = function* () {
    for (let given = 0; given < size; given += chunk.length) {
      most = Math.max(most, used() - before);
      yield chunk;
    }
  };
  const open = async () => Readable.from(audio(), { objectMode: false });
  await engine.writeGreeting?.(BOX, "busy", { ...sound(""), open });
  expect(most).toBeLessThan(size / 2);
});

describe("time", () => {
  test("a server that does not answer", async () => {
    const { engine } = await against(() => {}, { answer_ms: 50, stall_ms: 50, store_ms: 50 });
    const timeout = { code: "STORE_TIMEOUT", retryable: true };
    await expect(engine.count(BOX, "INBOX")).rejects.toMatchObject(timeout);
    await expect(engine.read(ref)).rejects.toMatchObject(timeout);
    await expect(engine.append("INBOX", newMessage(BOX))).rejects.toMatchObject(timeout);
  });

  test("a message that is long in storing is waited for", async () => {
    const { engine } = await against(
      (request, response) => {
        request.resume();
        if (request.url?.includes("/uploads/")) response.writeHead(204).end();
        else setTimeout(() => response.end("{}"), 1_500);
      },
      { answer_ms: 500, store_ms: 20_000 },
    );
    // The answer is nonsense; what counts is that it came.
    const appending = engine.append("INBOX", newMessage(BOX));
    await expect(appending).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  });

  test("audio that stops coming, though not while nobody reads", async () => {
    const { engine } = await against(
      (_, response) => {
        response.writeHead(200, { "content-type": "audio/wav", "audio-parts": "1", "audio-kind": "voice" });
        response.write("RIFF");
      },
      { stall_ms: 1_000 },
    );
    const [part] = await engine.read(ref);
    if (!part) throw new Error("unreachable");
    await expect(bytesOf(part.stream)).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
  });

  test("closing ends audio that is read and mailboxes that are watched", async () => {
    let gone = 0;
    const { engine } = await against((request, response) => {
      request.on("close", () => gone++);
      response.writeHead(200, {
        "content-type": request.url?.endsWith("/events") ? "text/event-stream" : "audio/wav",
        ...{ "audio-parts": "1", "audio-kind": "voice" },
      });
      response.write("event: ready\n\n");
    });
    const [part] = await engine.read(ref);
    await engine.watch?.(BOX, () => {}, new AbortController().signal);
    const reading = part && bytesOf(part.stream);
    await engine.close();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await vi.waitFor(() => expect(gone).toBe(2), 10_000);
  });
});

test("a server that is away at the start is found when it comes, with what it can do", async () => {
  // No port that the system hands out by itself: nobody else gets it meanwhile.
  const { ports, release } = await takePorts();
  ends.push(async () => release());
  const port = ports.media;
  const engine = closing(await openHttp(`http://127.0.0.1:${port}`));
  expect(engine.capabilities).toMatchObject({ authenticate: true, greetings: true, writable: true });
  await expect(engine.count(BOX, "INBOX")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  await expect(engine.check()).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  const served = await serve(undefined, { port });
  ends.push(served.dispose);
  expect(await engine.count(BOX, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
  expect(engine.capabilities).toMatchObject({ authenticate: false, greetings: true });
  expect(engine.authenticate).toBeUndefined();
});

test("what is declined is not used, though the server does it", async () => {
  const served = await serve();
  ends.push(served.dispose);
  const engine = closing(newHttp(served.url, { without: ["watch", "greetings"] }));
  expect(engine.watch).toBeUndefined();
  await engine.open();
  expect(engine.capabilities).toMatchObject({ watch: false, greetings: false, quota: true });
  expect([engine.watch, engine.readGreeting, engine.writeGreeting]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  ["http://mail.example.org", "use https://"],
  ["https://user:secret@mail.example.org", "give no user"],
  ["ftp://mail.example.org", "Invalid"],
  ["mail.example.org", "Invalid"],
])("the url %s is refused", (url, why) => {
  expect(engineFaults({ engine: "http", url }).join()).toContain(why);
  expect(engineFaults({ engine: "http", url }).join()).not.toContain("secret");
});

test.each([
  "https://mail.example.org/store",
  "http://127.0.0.1:8080",
  "http://[::1]:8080",
  "http://localhost",
])("the url %s is fine", (url) => expect(httpOptions.safeParse({ engine: "http", url }).success).toBe(true));

test("events are understood however they are cut and whatever stands beside them", async () => {
  const text =
    'retry: 5\r\nevent: ready\r\ndata: {}\r\n\r\n:\n\nevent:change\ndata: {"näh": 1}\ndata: more\n\ndata: x\n\n';
  const bytes = Buffer.from(text);
  for (let size = 1; size < 12; size++) {
    const chunks = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    const names = [];
    for await (const name of eventsIn(chunks, () => {})) names.push(name);
    expect(names).toEqual(["ready", "change"]);
  }
});
