import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { testServer } from "./foreign.ts";
import { BEARER, BOX, newHttp, openHttp } from "./http-server.ts";
import { bytesOf, newMessage, recordingLog, sound } from "./samples.ts";

/** The server that docs/engines/http.md shows: written from the document alone, a program of its own. */

const EXAMPLE = fileURLToPath(new URL("../../docs/engines/http-example.mjs", import.meta.url));
let program: ChildProcess;
let url = "";

beforeAll(async () => {
  program = spawn(process.execPath, [EXAMPLE, "0", BEARER], { stdio: ["ignore", "pipe", "inherit"] });
  if (!program.stdout) throw new Error("the example has no output");
  const [line] = await once(program.stdout, "data");
  url = String(line).trim();
});
afterAll(async () => {
  program.kill();
  await once(program, "exit");
});

testServer("a server written from the document", () => ({ url, token: BEARER }));

test("what it does not do is not asked of it", async () => {
  const engine = await openHttp(url);
  // It keeps no extras: none are sent to it, and the message is stored all the same.
  const extras = sound("X-Shoe-Size: 42\r\n\r\n");
  const stored = await engine.append("INBOX", newMessage(BOX, { extras }));
  expect(await engine.find(BOX, { id: stored.envelope.id })).toHaveLength(1);
  expect(engine.readExtras).toBeUndefined();
  expect(engine.capabilities).toMatchObject({ greetings: false, watch: false, authenticate: false });
  expect([engine.readGreeting, engine.watch, engine.quota, engine.readText]).toEqual(
    Array(4).fill(undefined),
  );
  await engine.close();
});

test("a store over it plays, and asks the configuration for PINs though it was built before it knew", async () => {
  const pins = { verify: async (_: unknown, pin: string) => pin === "1234" };
  const store = new EngineStore({ engine: newHttp(url), pins, log: recordingLog().log });
  await store.open();
  await store.authenticate(BOX, "1234");
  await expect(store.authenticate(BOX, "4321")).rejects.toMatchObject({ code: "PIN_WRONG" });
  const message = newMessage(BOX);
  expect(await store.deposit(message)).toMatchObject({ existed: false });
  expect(await store.deposit(message)).toMatchObject({ existed: true });
  const entry = await store.find(BOX, message.id);
  const [part] = entry ? await store.audio(entry) : [];
  expect(part && (await bytesOf(part.stream)).toString()).toBe("RIFF a voice");
  await store.close();
});
