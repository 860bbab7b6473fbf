import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/storage/engine.ts";
import { testEngine } from "./contract.ts";
import { judge, problemOf } from "./http-document.ts";
import { messageBody, named, openHttp } from "./http-server.ts";
import { newId, newMessage } from "./samples.ts";

/** Where a server of somebody else's answers; asked anew for each case, as it may be started before them. */
export type Where = () => { readonly url: string; readonly token?: string | undefined };

/**
 * A server that somebody else wrote: the contract of engines through our engine, and on the wire what that engine never does
 * wrong. Every case takes a mailbox of its own, in a context with a random name; what is stored there stays.
 */
export function testServer(name: string, where: Where, runs = 10): void {
  const open = (): Promise<Engine> => {
    const { url, token } = where();
    return openHttp(url, { token, cleartext: true });
  };
  testEngine({
    name,
    runs,
    async fresh() {
      const context = newId();
      return {
        mailbox: { mailbox: "10", context },
        similar: { mailbox: "100", context },
        elsewhere: { mailbox: "10", context: newId() },
        open,
        async dispose() {},
      };
    },
  });
  describe(`on the wire: ${name}`, () => wireCases(where, open));
}

function wireCases(where: Where, open: () => Promise<Engine>): void {
  const ask = (method: string, path: string, init: RequestInit = {}) => {
    const { url, token } = where();
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...init.headers };
    return fetch(url + path, { method, ...init, headers });
  };
  const json = (method: string, path: string, body: object, headers = {}) =>
    ask(method, path, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  const refusal = async (method: string, path: string, response: Promise<Response>) =>
    problemOf(method, path, await response, "any");
  const newBox = () => ({ mailbox: "10", context: newId() });
  const pathOf = (box: { mailbox: string; context: string }) => `/v1/mailboxes/${box.mailbox}@${box.context}`;
  const only = { "if-none-match": "*" };

  test("answers are as the document says", async () => {
    const [engine, box] = [await open(), newBox()];
    const { ref } = await engine.append("INBOX", newMessage(box));
    await engine.close();
    const inbox = `${pathOf(box)}/folders/INBOX/messages`;
    const paths = [
      ...["/v1", "/v1/health", "/v1/space", "/v1/nothing", inbox, `${pathOf(box)}/messages`],
      ...[`${pathOf(box)}/folders/INBOX/counts`, `${pathOf(box)}/quota`, `${pathOf(box)}/greetings/busy`],
      ...[`${inbox}/${ref.key}/audio/1`, `${inbox}/none/audio/1`, `${inbox}/${ref.key}/text`],
      ...["/v1/mailboxes/..%2F..%2Fetc/messages", `${inbox}?limit=0`, `${inbox}?colour=red`],
    ];
    for (const path of paths) await judge("GET", path.split("?")[0] ?? "", await ask("GET", path), "any");
  });

  test("without the token nothing is told", async ({ skip }) => {
    const { url, token } = where();
    if (!token) skip("the server asks for no token");
    for (const headers of [{ authorization: "Basic eDp5" }, { authorization: `Bearer ${token}x` }]) {
      const response = await fetch(`${url}${pathOf(newBox())}/messages`, { headers });
      expect(await problemOf("GET", `${pathOf(newBox())}/messages`, response, "any")).toMatchObject({
        status: 401,
      });
    }
  });

  test("an upload is taken in chunks and with its length, and a message is stored once", async () => {
    const [box, id, uploads] = [pathOf(newBox()), newId(), [newId(), newId()]];
    const path = `${box}/messages/${id}`;
    const parts = uploads.map((upload) => ({
      ...{ kind: "voice", contentType: "audio/wav" },
      ...named(upload, "RIFF"),
    }));
    const body = { ...messageBody(newId(), ""), audio: parts };
    expect(await refusal("PUT", path, json("PUT", path, body, only))).toMatchObject({
      ...{ status: 409, retryable: true },
    });
    const [one, two] = uploads.map((upload) => `${box}/uploads/${upload}`);
    const chunked = { body: new Blob(["RI", "FF"]).stream(), duplex: "half" } as RequestInit;
    expect((await ask("PUT", one ?? "", chunked)).status).toBe(204);
    expect((await ask("PUT", two ?? "", { body: "RIFX" })).status).toBe(204);
    expect(await refusal("PUT", path, json("PUT", path, body, only))).toMatchObject({ status: 409 });
    expect((await ask("PUT", two ?? "", { body: "RIFF" })).status).toBe(204);
    expect(await refusal("PUT", path, json("PUT", path, body))).toMatchObject({ status: 428 });
    expect((await json("PUT", path, body, only)).status).toBe(201);
    expect(await refusal("PUT", path, json("PUT", path, body, only))).toMatchObject({ status: 412 });
  });

  test("what the document does not know is refused, and nothing is stored", async () => {
    const [box, upload] = [pathOf(newBox()), newId()];
    await ask("PUT", `${box}/uploads/${upload}`, { body: "RIFF" });
    const path = `${box}/messages/${newId()}`;
    const bodies = [{ colour: "red" }, { folder: "../INBOX" }, { duration: -1 }, { receivedAt: "yesterday" }];
    for (const wrong of bodies) {
      const stored = json("PUT", path, messageBody(upload, "RIFF", wrong), only);
      expect(await refusal("PUT", path, stored), JSON.stringify(wrong)).toMatchObject({ status: 400 });
    }
    const found = (await (await ask("GET", `${box}/messages`)).json()) as { messages: unknown[] };
    expect(found.messages).toEqual([]);
  });

  test("under an etag that is no longer right, nothing is changed", async () => {
    const [engine, box] = [await open(), newBox()];
    const { ref } = await engine.append("INBOX", newMessage(box));
    await engine.close();
    const inbox = `${pathOf(box)}/folders/INBOX/messages`;
    const path = `${inbox}/${ref.key}`;
    const tagNow = async () => {
      const page = (await (await ask("GET", inbox)).json()) as { messages: Array<{ etag: string }> };
      return { "if-match": page.messages[0]?.etag ?? "" };
    };
    const first = await tagNow();
    expect((await json("PATCH", path, { heard: true }, first)).status).toBe(204);
    expect(await refusal("PATCH", path, json("PATCH", path, { heard: false }, first))).toMatchObject({
      status: 412,
    });
    expect(await refusal("DELETE", path, ask("DELETE", path, { headers: first }))).toMatchObject({
      status: 412,
    });
    expect((await ask("DELETE", path, { headers: await tagNow() })).status).toBe(204);
    expect((await ask("DELETE", path)).status).toBe(204);
  });
}
