import type { RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Engine } from "../../src/storage/engine.ts";
import { retryAfterMs } from "../../src/storage/engines/http/retry-after.ts";
import { scripted } from "./http-peers.ts";
import { BOX, openHttp } from "./http-server.ts";
import { bytesOf, idsOf, newId, newMessage } from "./samples.ts";

/** Servers that keep the protocol in ways of their own: what they plainly mean is understood. */

const ref = { mailbox: BOX, folder: "INBOX", key: "k1" } as const;

async function against(handle: RequestListener, run: (engine: Engine) => Promise<void>, service = {}) {
  const peer = await scripted(handle, service);
  const engine = await openHttp(peer.url);
  try {
    await run(engine);
  } finally {
    await engine.close();
    await peer.close();
  }
}

function told(over: object = {}): object {
  return {
    ...{ key: "k1", folder: "INBOX", etag: 'W/"1"', id: newId(), caller: {}, duration: 3 },
    ...{ receivedAt: "2026-11-22T01:00:00Z", heard: false, urgent: false, priority: false, private: false },
    ...over,
  };
}

function page(messages: object[], over: object = {}): RequestListener {
  return (_, response) => {
    response.setHeader("content-type", "Application/JSON; charset=utf-8");
    response.end(JSON.stringify({ messages, total: messages.length, ...over }));
  };
}

const list = (engine: Engine) => engine.list(BOX, "INBOX", { view: "all", limit: 2 });

test.each<[string, object, object]>([
  ["null for what is left out", { caller: { number: null, name: null }, category: null }, { caller: {} }],
  ["a field of a later version", { colour: "red" }, {}],
  ["an offset", { receivedAt: "2026-11-22T02:00:00+01:00" }, {}],
  ["microseconds", { receivedAt: "2026-11-22T01:00:00.000123+00:00" }, {}],
])("%s", async (_, over, expected) => {
  await against(page([told(over)]), async (engine) => {
    const [entry] = (await list(engine)).entries;
    expect(entry?.envelope).toMatchObject({ receivedAt: new Date("2026-11-22T01:00:00Z"), ...expected });
    expect(entry?.envelope).not.toHaveProperty("category");
    expect(entry?.envelope).not.toHaveProperty("colour");
  });
});

test.each([[null], [""]])("a last page with %j as its next", async (next) => {
  await against(page([told()], { next }), async (engine) => {
    expect(await list(engine)).not.toHaveProperty("next");
    expect(await engine.find(BOX, {})).toHaveLength(1);
  });
});

test("a page that is longer than was asked for is taken whole", async () => {
  const messages = Array.from({ length: 600 }, () => told());
  await against(page(messages), async (engine) =>
    expect(idsOf((await list(engine)).entries)).toHaveLength(600),
  );
});

test.each(["application/json", "Application/Problem+JSON; charset=utf-8"])(
  "a problem in %s, also with 410",
  async (type) => {
    const gone: RequestListener = (_, response) => {
      response.writeHead(410, { "content-type": type }).end('{"code": "MESSAGE_UNKNOWN"}');
    };
    await against(gone, async (engine) => {
      await expect(engine.read(ref)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
      await engine.remove(ref);
    });
  },
);

test("other successes than the document's", async () => {
  const done: RequestListener = (request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(request.method === "GET" ? 204 : 202).end("{}"));
  };
  await against(done, async (engine) => {
    await engine.setFlags(ref, { heard: true });
    await engine.remove(ref);
    await engine.check();
  });
});

test("audio that a proxy has compressed is whole, and its length on the way is not taken for its own", async () => {
  const packed = gzipSync("RIFF a voice");
  const audio: RequestListener = (_, response) => {
    const headers = { "content-encoding": "gzip", "content-length": packed.length };
    response.writeHead(200, { ...headers, "content-type": "audio/wav" }).end(packed);
  };
  await against(audio, async (engine) => {
    const [part] = await engine.read(ref);
    expect(part).not.toHaveProperty("size");
    expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
  });
});

test("Retry-After as a date is read by the server's clock, whatever ours says", () => {
  const headers = {
    date: "Sun, 22 Nov 2026 01:00:00 GMT",
    "retry-after": "Sun, 22 Nov 2026 01:00:02 GMT",
  };
  const response = new Response(null, { status: 503, headers });
  expect(retryAfterMs(response, Date.UTC(2030, 0, 1))).toBe(2_000);
});

test.each([
  ["1.1", false],
  ["1.2", true],
])("a server of version %s is sent the dialplan's context: %s", async (version, isSent) => {
  let sent: object = {};
  const take: RequestListener = async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (request.url?.includes("/uploads/")) return void response.writeHead(204).end();
    sent = JSON.parse(body);
    response.writeHead(201).end(JSON.stringify(told()));
  };
  const message = newMessage(BOX, { dialplanContext: "from-internal" });
  await against(take, async (engine) => void (await engine.append("INBOX", message)), { version });
  expect("dialplanContext" in sent).toBe(isSent);
});
