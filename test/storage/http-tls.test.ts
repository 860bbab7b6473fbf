import { mkdtemp, readFile, rm } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { BEARER, openHttp, serve } from "./http-server.ts";

test("the server speaks TLS, and the engine speaks with none whose certificate it cannot trust", async () => {
  const folder = await mkdtemp(join(tmpdir(), "voxpost-tls-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  await execa("openssl", ["req", ...kind, ...subject, "-keyout", keyFile, "-out", certFile]);
  const [key, cert] = await Promise.all([readFile(keyFile, "utf8"), readFile(certFile, "utf8")]);
  const served = await serve(undefined, { tls: { key, cert } });
  try {
    expect(served.url).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${BEARER}` };
      get(`${served.url}/v1`, { ca: cert, headers }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      }).on("error", reject);
    });
    expect(status).toBe(200);

    const engine = await openHttp(served.url);
    const refusal = {
      code: "STORE_REFUSED",
      retryable: true,
      message: expect.stringContaining("NODE_EXTRA_CA"),
    };
    await expect(engine.check()).rejects.toMatchObject(refusal);
    await engine.close();
  } finally {
    await served.dispose();
    await rm(folder, { recursive: true });
  }
});
