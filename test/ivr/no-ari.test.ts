import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { subscribe } from "../../src/ivr/ari.ts";
import { AriRequests } from "../../src/ivr/ari-requests.ts";

/** What may stand where an ARI should be. */
const PAGE = { status: 200, type: "text/html", body: "<html>" };
const NO_PAGE = { status: 404, type: "text/html", body: "<!DOCTYPE HTML>" };
const NO_RESOURCE = { status: 404, type: "application/json", body: '{"message":"Resource not found"}' };
const JSON_OF_SOMEBODY = { status: 200, type: "application/json", body: "{}" };
const INFO = { status: 200, type: "application/json", body: '{"system":{"version":"22"}}' };

describe("what is no ARI, or not yet", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  const serve = async (answer: (path: string) => typeof PAGE) => {
    const server = createServer((request, response) => {
      const { status, type, body } = answer(request.url ?? "");
      response.writeHead(status, { "content-type": type }).end(body);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      user: "voxpost",
      password: "x",
    };
  };
  const options = { app: "voxpost-test", onEvent: () => {}, onEnd: () => {}, timeoutMs: 2_000 };

  it.each([
    ["a web page", PAGE],
    ["no page", NO_PAGE],
    ["something else that speaks JSON", JSON_OF_SOMEBODY],
    ["an Asterisk without its modules", NO_RESOURCE],
  ])("%s is told, and ends nothing", async (_what, answer) => {
    await expect(subscribe(await serve(() => answer), options)).rejects.toMatchObject({
      code: "ASTERISK_UNREACHABLE",
      retryable: true,
    });
  });

  it.each([
    ["its resources", NO_PAGE],
    ["the list of its resources", NO_RESOURCE],
  ])(
    "an Asterisk that is starting and cannot tell %s yet is told, and ends nothing",
    async (_what, answer) => {
      const server = await serve((path) => (path.startsWith("/ari/asterisk/info") ? INFO : answer));
      await expect(subscribe(server, options)).rejects.toMatchObject({ code: "ASTERISK_UNREACHABLE" });
    },
  );

  it("a channel is not gone, and a recording not removed, because Asterisk has not loaded them yet", async () => {
    for (const answer of [NO_PAGE, NO_RESOURCE]) {
      const requests = new AriRequests(await serve(() => answer));
      for (const path of ["/channels/1", "/recordings/live/x", "/recordings/stored/x"]) {
        await expect(requests.find(path)).rejects.toMatchObject({ code: "ASTERISK_UNREACHABLE" });
      }
    }
    const withoutLamps = new AriRequests(await serve(() => NO_RESOURCE));
    expect(await withoutLamps.find("/mailboxes")).toBeUndefined();
  });
});
