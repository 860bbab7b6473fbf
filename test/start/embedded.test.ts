import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { findServices } from "../../lab/systems.ts";
import { embeddedConfig } from "../../src/embedded.ts";
import { createLogger } from "../../src/log.ts";
import { startVoxpost } from "../../src/main.ts";
import { startPrivateRedis } from "../../src/redis.ts";
import { createSubscribers } from "../../src/subscribers.ts";

const folder = mkdtempSync(join(tmpdir(), "voxpost-start-"));
const log = createLogger("silent");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function asteriskFolder(name: string, files: Record<string, string>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

describe("without a configuration", () => {
  const ari = "[general]\nenabled=yes\n[voxpost]\ntype=user\npassword=s3cret ; ours\n";

  test("the Asterisk of this machine and the mailboxes of its voicemail.conf are taken", () => {
    const etc = asteriskFolder("with-voicemail", {
      "ari.conf": ari,
      "http.conf": "[general]\nbindport = 8099\n",
      "voicemail.conf":
        "[general]\nformat=wav\n[default]\n1234 => 4242,Example Mailbox,root@localhost\n1235 => -9876\n1236 => ,nobody\n",
    });
    const { config } = embeddedConfig(join(folder, "a"), etc);
    expect(config.asterisk[0]).toMatchObject({
      url: "http://127.0.0.1:8099",
      user: "voxpost",
      password: "s3cret",
    });
    const subscribers = createSubscribers(config);
    expect(subscribers.find({ mailbox: "1234", context: "default" })?.fullName).toBe("Example Mailbox");
    expect(subscribers.pin({ mailbox: "1235", context: "default" })).toEqual({ pin: "9876" });
    const withoutPin = { mailbox: "1236", context: "default" };
    expect(subscribers.find(withoutPin)?.fullName, "takes messages").toBe("nobody");
    expect(subscribers.pin(withoutPin), "no PIN, no login").toBeUndefined();
  });

  test("without a voicemail.conf there is one PIN, made once for this machine", () => {
    const etc = asteriskFolder("bare", { "ari.conf": ari });
    const pinOf = () =>
      createSubscribers(embeddedConfig(join(folder, "b"), etc).config).pin({
        mailbox: "1001",
        context: "default",
      })?.pin;
    expect(pinOf()).toMatch(/^\d{6}$/);
    expect(pinOf()).toBe(pinOf());
  });

  test("without an ARI user it is said what to write where", () => {
    const etc = asteriskFolder("without-ari", { "ari.conf": "[general]\nenabled=yes\n" });
    expect(() => embeddedConfig(join(folder, "c"), etc)).toThrowError(/ari\.conf.*voxpost\.yaml/s);
  });
});

describe("the private Redis", () => {
  test("is missed by name where there is none", async () => {
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      await expect(startPrivateRedis(join(folder, "no-redis"), log)).rejects.toMatchObject({
        code: "DEPENDENCY_MISSING",
      });
    } finally {
      process.env.PATH = path;
    }
  });
});

describe("embedded defaults against a real Asterisk", () => {
  let lab: Lab;
  const path = process.env.PATH;
  beforeAll(async () => {
    lab = await startLab({ servers: ["asterisk"] });
    process.env.PATH = `${await redisOnPath()}${delimiter}${path}`;
  });
  afterAll(async () => {
    process.env.PATH = path;
    await lab?.stop();
  });

  test("the program starts, and a second one uses the Redis that the first one left", async ({ skip }) => {
    if (!lab.asterisk) return skip(lab.asteriskMissing ?? "no Asterisk");
    const { config } = embeddedConfig(join(folder, "data"), join(lab.folder, "asterisk", "etc"));
    const onFatal = (error: Error) => {
      throw error;
    };
    const left = await startPrivateRedis(join(config.data, "redis"), log);
    const voxpost = await startVoxpost(config, log, { onFatal });
    await voxpost.ready;
    await voxpost.drain();
    await voxpost.stop();
    expect(existsSync(join(config.data, "redis", "redis.sock")), "the other's Redis still runs").toBe(true);
    await left.stop();
  });
});

/** The lab's Redis lies in an unpacked system, so it is started with that system's loader and libraries. */
async function redisOnPath(): Promise<string> {
  const { root } = await findServices(() => {});
  if (!root) return folder;
  const libraries = `${root}/usr/lib/x86_64-linux-gnu`;
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh\nexec ${root}/lib64/ld-linux-x86-64.so.2 --library-path ${libraries} ${root}/usr/bin/redis-server "$@"\n`;
  writeFileSync(join(bin, "redis-server"), script);
  chmodSync(join(bin, "redis-server"), 0o755);
  return bin;
}
