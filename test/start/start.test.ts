import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { parseConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { startVoxpost } from "../../src/main.ts";

const folder = mkdtempSync(join(tmpdir(), "voxpost-start-"));
let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ servers: ["redis"] });
});
afterAll(async () => {
  await lab?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a program that cannot listen says where, and leaves nothing open", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const config = parseConfig(
    `asterisk: [{ name: away, url: "http://127.0.0.1:1", user: nobody, password: none }]
redis: { url: "${lab.redis?.url}" }
storage: { engine: memory }
web: { port: ${port} }
contexts: {}`,
    { path: "voxpost.yaml", folder, environment: {} },
  );
  const open = (kind: string) => process.getActiveResourcesInfo().filter((name) => name === kind).length;
  const [servers, sockets] = [open("TCPServerWrap"), open("TCPSocketWrap")];
  const onFatal = (error: Error) => {
    throw error;
  };
  await expect(startVoxpost(config, createLogger("silent"), { onFatal })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(`web.port ${port}`),
  });
  await expect.poll(() => open("TCPServerWrap"), { timeout: 10_000 }).toBe(servers);
  // Of those that there were before, some may have ended meanwhile.
  await expect.poll(() => open("TCPSocketWrap"), { timeout: 10_000 }).toBeLessThanOrEqual(sockets);
  await new Promise((resolve) => other.close(resolve));
});
