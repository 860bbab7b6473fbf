import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { testEngine } from "./contract.ts";
import { judge } from "./http-document.ts";
import { startForeign } from "./http-foreign.ts";
import { BEARER, BOX, BOX_PATH, newHttp, openHttp } from "./http-server.ts";
import { newMessage, recordingLog } from "./samples.ts";

async function foreign() {
  const server = await startForeign(BEARER);
  const { port } = server.address() as AddressInfo;
  const dispose = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, dispose };
}

testEngine({
  name: "http to a server written from the document",
  runs: 10,
  async fresh() {
    const { url, dispose } = await foreign();
    return {
      mailbox: { mailbox: "10", context: "default" },
      similar: { mailbox: "100", context: "default" },
      elsewhere: { mailbox: "10", context: "sales" },
      open: () => openHttp(url),
      dispose,
    };
  },
});

test("the foreign server keeps the document, and is no copy of ours", async () => {
  const { url, dispose } = await foreign();
  try {
    const engine = await openHttp(url);
    const { ref } = await engine.append("INBOX", newMessage(BOX));
    const inbox = `${BOX_PATH}/folders/INBOX/messages`;
    for (const path of ["/v1", "/v1/health", inbox, `${BOX_PATH}/messages`, `${inbox}/${ref.key}/audio/1`]) {
      const response = await fetch(url + path, { headers: { authorization: `Bearer ${BEARER}` } });
      expect(response.ok).toBe(true);
      await judge("GET", path, response);
    }
    expect(engine.capabilities).toMatchObject({ greetings: false, watch: false, authenticate: false });
    expect(engine.readGreeting).toBeUndefined();
    await engine.close();
  } finally {
    await dispose();
  }
});

test("a store over a server that checks no PINs asks the configuration, also when it was built before it knew", async () => {
  const { url, dispose } = await foreign();
  try {
    const { log } = recordingLog();
    const pins = { verify: async (_: unknown, pin: string) => pin === "1234" };
    const store = new EngineStore({ engine: newHttp(url), pins, log });
    await store.open();
    await store.authenticate(BOX, "1234");
    await expect(store.authenticate(BOX, "4321")).rejects.toMatchObject({ code: "PIN_WRONG" });
    await store.close();
  } finally {
    await dispose();
  }
});
