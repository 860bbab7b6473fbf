import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveStore } from "../../src/commands/storage/serve.ts";
import { Session } from "../../src/commands/storage/session.ts";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { newMessage, recordingLog } from "./samples.ts";
import { ALICE } from "./services.ts";

const VOXPOST = fileURLToPath(new URL("../../bin/voxpost.mjs", import.meta.url));
const TOKEN = "0123456789-a-token";
const PATIENCE = 120_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "voxpost-serve-"));
  const engine = new FileEngine({ root: join(folder, "store"), log: recordingLog().log });
  await engine.open();
  await engine.append("INBOX", newMessage(ALICE));
  await writeFile(join(folder, "token"), `${TOKEN}\r\n`);
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  await execa("openssl", ["req", ...kind, ...subject, ...files]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test(
  "serves a store with TLS to who has the token and trusts the certificate, until SIGTERM",
  async () => {
    const uploads = join(folder, "uploads");
    const where = ["--in", `file://${folder}/store`, "--port", "0", "--uploads", uploads];
    const tls = ["--cert", "cert.pem", "--key", "key.pem", "--token-file", "token"];
    const child = spawn(process.execPath, [VOXPOST, "storage", "serve", ...where, ...tls], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const url = await listening(child);
      expect(url).toMatch(/^https:/);
      const counts = `${url}/v1/mailboxes/1001@default/folders/INBOX/counts`;
      const ca = await readFile(join(folder, "cert.pem"), "utf8");
      expect(await ask(counts, { ca, token: TOKEN })).toEqual([200, '{"urgent":0,"new":1,"old":0}']);
      expect(await ask(counts, { ca, token: "another-token-0123" })).toMatchObject([
        401,
        expect.stringContaining("token"),
      ]);
      await expect(ask(counts, { token: TOKEN })).rejects.toMatchObject({
        code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      });
      child.kill("SIGTERM");
      expect((await once(child, "exit"))[0]).toBe(0);
    } finally {
      child.kill("SIGKILL");
    }
    expect(await readdir(uploads).catch(() => [])).toEqual([]);
  },
  PATIENCE,
);

/** Resolves when it listens, to where. */
async function listening(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("the program has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /at (https?:\S+), until SIGTERM/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error("the program ended before it listened");
}

function ask(
  url: string,
  { ca, token }: { ca?: string; token: string },
): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get(url, { headers, ...(ca && { ca }) }, (response) => {
      response
        .toArray()
        .then((chunks) => resolve([response.statusCode, Buffer.concat(chunks).toString()]), reject);
    }).on("error", reject);
  });
}

test.each([
  ["a wide door without a token", { host: "0.0.0.0" }, "Without a token nothing listens on 0.0.0.0"],
  ["a short token", { tokenFile: "short" }, "at least 16"],
  ["a token that is not there", { tokenFile: "nowhere" }, "Cannot read"],
  ["half of a certificate", { cert: "cert.pem" }, "both --cert and --key"],
  ["a certificate without its key", { cert: "cert.pem", key: "short" }, "are no certificate and its key"],
])("%s is refused before anything listens", async (_, flags, why) => {
  await writeFile(join(folder, "short"), "short\n");
  const absolute = Object.entries(flags).map(([name, value]) => [
    name,
    name === "host" ? value : join(folder, value),
  ]);
  const ours = () => {
    throw new Error("no configuration is needed");
  };
  const session = new Session({ in: `file://${folder}/store` }, ours, new AbortController().signal);
  const served = serveStore(session, { host: "127.0.0.1", port: 0, ...Object.fromEntries(absolute) });
  await expect(served).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(why),
  });
  await session.close();
});
