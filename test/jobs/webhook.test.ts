import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { countsEvent } from "../../src/jobs/counts-event.ts";
import { checkWebhook, webhook } from "../../src/jobs/webhook.ts";
import {
  type ListenersWorld,
  listenersForEachTest,
  makeScript,
  PATIENCE,
  startReceiver,
} from "./listeners.ts";
import { ANN } from "./world.ts";

const EVENT = {
  id: "9f1c2f64-34f5-4bb4-9e3a-1f5d0a4a8f11",
  at: new Date("2026-11-22T08:00:00.123Z"),
  mailbox: ANN,
  counts: { urgent: 1, new: 2, old: 3 },
};
const KEY = Buffer.from("0123456789abcdef0123456789abcdef");
const SECRET = `whsec_${KEY.toString("base64")}`;
const never = new AbortController().signal;

async function receiver(...answers: Parameters<typeof startReceiver>) {
  const made = await startReceiver(...answers);
  onTestFinished(() => made.close());
  return made;
}

describe("what a webhook gets, and what its answers mean", () => {
  it("gets the event as JSON of the documented schema, with token and signature", async () => {
    const { url, received } = await receiver(204);
    await webhook({ url: `${url}/hook?site=a`, token: "s3cret", secret: SECRET, cleartext: false })(
      EVENT,
      never,
    );
    const [request] = received;
    expect(request?.path).toBe("/hook?site=a");
    expect(JSON.parse(request?.body ?? "")).toEqual({
      event: "counts",
      id: EVENT.id,
      time: "2026-11-22T08:00:00.123Z",
      context: "default",
      mailbox: "1001",
      counts: { new: 2, old: 3, urgent: 1 },
    });
    expect(countsEvent.parse(JSON.parse(request?.body ?? ""))).toBeTruthy();
    const headers = request?.headers ?? {};
    expect(headers).toMatchObject({
      "content-type": "application/json",
      authorization: "Bearer s3cret",
      "webhook-id": EVENT.id,
    });
    const signed = `${EVENT.id}.${headers["webhook-timestamp"]}.${request?.body}`;
    expect(headers["webhook-signature"]).toBe(
      `v1,${createHmac("sha256", KEY).update(signed).digest("base64")}`,
    );
    expect(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1_000)).toBeLessThan(60);
  });

  const says = (answer: Parameters<typeof startReceiver>[0], code: string, text: string, withinMs = 10_000) =>
    [text, code, answer, withinMs] as const;
  it.each([
    says(500, "NOTIFY_FAILED", "answered 500"),
    says(503, "NOTIFY_FAILED", "answered 503"),
    says(429, "NOTIFY_FAILED", "answered 429"),
    says(408, "NOTIFY_FAILED", "answered 408"),
    says(400, "NOTIFY_REFUSED", "answered 400"),
    says(401, "NOTIFY_REFUSED", "answered 401; look at webhook.token"),
    says(410, "NOTIFY_REFUSED", "answered 410"),
    says((response) => void response.socket?.destroy(), "NOTIFY_FAILED", "did not answer"),
    says(() => {}, "NOTIFY_FAILED", "did not answer: The operation was aborted due to timeout", 1_000),
  ])("%s: %s", async (text, code, answer, withinMs) => {
    const { url } = await receiver(answer);
    const sent = webhook({ url: `${url}/SECRET-PATH`, cleartext: false }, withinMs)(EVENT, never);
    const error = await sent.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    expect(JSON.stringify([error, (error as Error).message])).not.toContain("SECRET-PATH");
  });

  it.each([301, 302, 303, 307, 308])("%i is not followed", async (status) => {
    const elsewhere = await receiver(204);
    const { url } = await receiver((response) => {
      response.writeHead(status, { location: elsewhere.url }).end();
    });
    await expect(webhook({ url, token: "s3cret", cleartext: false })(EVENT, never)).rejects.toMatchObject({
      code: "NOTIFY_REFUSED",
      message: expect.stringContaining("redirects are not followed"),
    });
    expect(elsewhere.received).toEqual([]);
  });

  it("does not read an answer, however long", async () => {
    let sent = 0;
    let isClosed = false;
    const { url } = await receiver((response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent++;
      };
      response.on("drain", more).on("close", () => {
        isClosed = true;
      });
      more();
    });
    await webhook({ url, cleartext: false })(EVENT, never);
    await vi.waitFor(() => expect(isClosed).toBe(true), PATIENCE);
    expect(sent).toBeLessThan(1_000);
  });

  it("sends nothing to a server whose certificate cannot be trusted", async () => {
    const folder = await mkdtemp(join(tmpdir(), "voxpost-webhook-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    await execa("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", cert]);
    const received: unknown[] = [];
    const server = createServer({ key: await readFile(key), cert: await readFile(cert) }, (request) => {
      received.push(request.url);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(webhook({ url, cleartext: false })(EVENT, never)).rejects.toMatchObject({
      code: "NOTIFY_FAILED",
      message: expect.stringMatching(/self-signed certificate/),
    });
    expect(received).toEqual([]);
  });

  it("is given up when the program ends", async () => {
    const ending = new AbortController();
    const { url, received } = await receiver(() => {});
    const sent = webhook({ url, cleartext: false })(EVENT, ending.signal);
    sent.catch(() => {});
    await vi.waitFor(() => expect(received).toHaveLength(1), PATIENCE);
    ending.abort();
    await expect(sent).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("is looked for by doctor", async () => {
    expect(await checkWebhook({ url: "https://127.0.0.1:8443/x", cleartext: false })).toBe("127.0.0.1:8443");
    expect(await checkWebhook({ url: "http://[::1]/x", cleartext: false })).toBe("[::1]");
    await expect(checkWebhook({ url: "https://nobody.invalid/x", cleartext: false })).rejects.toMatchObject({
      code: "DEPENDENCY_MISSING",
    });
  });
});

describe("a webhook of programs that share one Redis", () => {
  let world: ListenersWorld;
  listenersForEachTest((fresh) => {
    world = fresh;
  });

  it("gets an event again, under the same id, until it takes it", async () => {
    const { url, events } = await receiver(500, 503, 200);
    const programs = [await world.program({ webhook: { url } }), await world.program({ webhook: { url } })];
    await world.message(ANN);
    for (const { queues } of programs) await queues.mwi(ANN);
    await vi.waitFor(() => expect(events()).toHaveLength(3), PATIENCE);
    for (const { idle } of programs) await idle();
    expect(events()).toHaveLength(3);
    expect(new Set(events().map(({ id }) => id)).size).toBe(1);
    expect(world.lamps).not.toEqual([]);
  });

  it("that is gone is told of the next change only", async () => {
    const { url, events } = await receiver(410);
    const program = await world.program({ webhook: { url } });
    await world.message(ANN);
    for (const _ of [1, 2, 3]) {
      await program.queues.mwi(ANN);
      await program.idle();
    }
    expect(events()).toHaveLength(1);
    expect(await program.metric("webhook", "NOTIFY_REFUSED")).toBe(1);
    expect(world.lines.filter(({ level }) => level === 50)).toHaveLength(1);
    await world.message(ANN);
    await program.queues.mwi(ANN);
    await vi.waitFor(() => expect(events().at(-1)?.counts.new).toBe(2), PATIENCE);
  });

  it("is told though the site's program hangs, and of what is true when it is back", async () => {
    let isBack = false;
    const { url, events } = await receiver((response) => void response.writeHead(isBack ? 204 : 502).end());
    const script = makeScript(world.folder, "sleep 600");
    const program = await world.program({ externnotify: script.path, webhook: { url } });
    await world.message(ANN);
    await program.queues.mwi(ANN);
    await vi.waitFor(() => expect(script.told()).toHaveLength(1), PATIENCE);
    await vi.waitFor(() => expect(events().length).toBeGreaterThan(1), PATIENCE);
    await world.hearAll(ANN);
    isBack = true;
    await vi.waitFor(async () => expect(await program.metric("webhook", "ok")).toBe(1), PATIENCE);
    expect(events().at(-1)?.counts).toEqual({ new: 0, old: 1, urgent: 0 });
    const times = events().map(({ time }) => Date.parse(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});
