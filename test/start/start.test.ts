import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { parseConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { startVoxpost } from "../../src/main.ts";
import { openData } from "../../src/program/data.ts";

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

test("a data folder is one program's, until that ends or is killed", async () => {
  const data = join(folder, "data");
  const holder = execa(process.execPath, [
    "--import",
    "tsx",
    "--input-type=module",
    "--eval",
    `import { openData } from "./src/program/data.ts";
    await openData(process.argv[1]);
    console.log("held");
    setInterval(() => {}, 1_000);`,
    data,
  ]);
  const killed = holder.catch((error: { signal?: string }) => error.signal);
  await once(holder.stdout, "data");
  const audio = join(data, "deliveries", "audio");
  writeFileSync(audio, "being delivered");
  await expect(openData(data)).rejects.toMatchObject({
    code: "LOCKED",
    message: expect.stringContaining(data),
  });
  expect(existsSync(audio)).toBe(true);
  holder.kill("SIGKILL");
  expect(await killed).toBe("SIGKILL");
  const { close } = await openData(data);
  expect(existsSync(audio)).toBe(false);
  await expect(openData(data)).rejects.toMatchObject({ code: "LOCKED" });
  await close();
  await (await openData(data)).close();
});
