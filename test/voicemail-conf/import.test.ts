import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Config, readConfig } from "../../src/config.ts";
import { localAsterisk, localUrl } from "../../src/local-asterisk.ts";
import { createPins } from "../../src/storage/pins.ts";
import { createSubscribers } from "../../src/subscribers.ts";
import { importVoicemailConf } from "../../src/voicemail-conf/import.ts";
import { EVERYTHING, FREEPBX, folderOf, IMAP, NONSENSE } from "./samples.ts";

/** Writes the configuration of these files beside them, as the command does, and reads it as the program does. */
async function imported(files: Readonly<Record<string, string | Uint8Array>>, at?: string) {
  const folder = at ?? folderOf(files);
  const { text, secrets, notes } = await importVoicemailConf(join(folder, "voicemail.conf"), {
    asterisk: localAsterisk(folder),
    url: localUrl(folder),
    spool: join(folder, "spool"),
    hasSpool: readdirSync(folder).includes("spool"),
    hostname: "pbx.example.org",
  });
  for (const { file, value = "by hand" } of secrets) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${value}\n`);
  }
  writeFileSync(join(folder, "voxpost.yaml"), text);
  const config = readConfig(join(folder, "voxpost.yaml"), {});
  return { folder, text, secrets, notes, config, yaml: parse(text) as Record<string, unknown> };
}

async function opens(config: Config, mailbox: string, pin: string): Promise<boolean> {
  const address = { mailbox, context: "default" };
  const { pin: lookup } = createSubscribers(config);
  return createPins(lookup).verify(address, pin);
}

describe("the configuration that takes the place of", () => {
  test("a FreePBX's", async () => {
    const { config, text, notes } = await imported(FREEPBX);
    expect(config.asterisk).toEqual([
      { name: "local", url: "http://127.0.0.1:8088", user: "voxpost", password: "ari-secret" },
    ]);
    expect(config.storage).toEqual({ engine: "file", path: "voxpost-data/messages" });
    expect(config.notices).toMatchObject({ host: "127.0.0.1", tls: "none" });
    expect(config.defaults).toMatchObject({ maxsecs: 300, serveremail: "vm@pbx.example.org" });
    expect(config.aliases).toEqual({ "1001@device": "1001@default" });
    const subscribers = createSubscribers(config);
    expect(subscribers.find({ mailbox: "1001", context: "device" })).toMatchObject({
      fullName: "Anna Beispiel",
      timezone: "America/New_York",
      notices: { email: ["anna@example.org"] },
    });
    expect(await opens(config, "1002", "9876")).toBe(true);
    expect(await opens(config, "1002", "9875")).toBe(false);
    for (const note of notes) expect(text).toContain(`# - ${note}`);
    expect(text).not.toMatch(/4242|9876|ari-secret/);
  });

  test("a file with every option, over the spool that is there", async () => {
    const { config, folder, text } = await imported(EVERYTHING);
    expect(config.storage).toEqual({
      engine: "overlay",
      upper: { engine: "file", path: "voxpost-data/messages" },
      lower: [{ engine: "spool", path: join(folder, "spool") }],
    });
    expect(config.defaults.serveremail).toBe("asterisk@pbx.example.org");
    expect(await opens(config, "4069", "8713"), "the PIN that the spool has").toBe(true);
    expect(text).not.toMatch(/6522|8713|5678/);
  });

  test("an IMAP site's", async () => {
    const { config, text, secrets, notes } = await imported(IMAP);
    expect(config.storage).toEqual({
      engine: "imap",
      host: "mail.example.org",
      port: 993,
      tls: "tls",
      allow_self_signed: true,
      users: { "4324@default": "ellis", "4325@default": "andy" },
      pins: "own",
      proxy: { user: "vmail", password: "master-secret" },
      folders: { inbox: "Voicemail", parent: ["INBOX"], greetings: "Greetings" },
    });
    expect(secrets.map(({ file }) => file)).toEqual(["secrets/ari", "secrets/imap"]);
    expect(text).not.toMatch(/master-secret|7764|2392/);
    expect(notes.join("\n")).toMatch(
      /novalidate-cert: any certificate.*\n.*4325@default: imapvmshareid|4325@default: imapvmshareid/,
    );
  });

  test("nonsense", async () => {
    const { config } = await imported(NONSENSE);
    expect(createSubscribers(config).find({ mailbox: "1006", context: "default" })?.timezone).toBe(
      "Europe/Berlin",
    );
  });

  test("nothing at all", async () => {
    const { config, notes } = await imported({ "voicemail.conf": "" });
    expect(config.contexts).toEqual({});
    expect(notes.join("\n")).toMatch(/no mailbox was found/);
  });
});

const box = (options: string) =>
  `[default]\n1001 => 4242,,,,imapuser=1001${options}\n1002 => 4242,,,,imapuser=1002${options}\n`;

test.each([
  ["imapflags=ssl", "", { tls: "tls" }],
  ["imapflags=/ssl/novalidate-cert", "", { tls: "tls", allow_self_signed: true }],
  ["imapflags=tls", "", { tls: "starttls" }],
  ["imapflags=notls", "", { tls: "none" }],
  [
    "",
    "",
    {
      tls: "starttls",
      host: "localhost",
      user: "{mailbox}",
      proxy: { user: "voxpost", password: "by hand" },
    },
  ],
  ["imapport=many", "", { host: "localhost" }],
  ["imapport=1143", "", { port: 1143 }],
  ["", "@example.org", { user: "{mailbox}@example.org" }],
  [
    "authpassword=all-secret",
    "",
    { passwords: { "1001@default": "all-secret", "1002@default": "all-secret" } },
  ],
  [
    "",
    "|imapsecret=own-secret",
    { passwords: { "1001@default": "own-secret", "1002@default": "own-secret" } },
  ],
  ["imapgreetings=yes", "", { folders: { greetings: "INBOX" } }],
  [`imapserver=\${HOME}`, "", { host: "localhost" }],
])("IMAP: %s, imapuser=1001%s", async (general, options, storage) => {
  const { yaml, config } = await imported({ "voicemail.conf": `[general]\n${general}\n${box(options)}` });
  expect(config.storage).toMatchObject({ engine: "imap", pins: "own", ...storage });
  expect(JSON.stringify(yaml)).not.toMatch(/secret"/);
});

test("mailboxes that share an account have what shares need", async () => {
  const line = (number: number) =>
    `${number} => 4242,,,,imapuser=team${number === 1001 ? "|imappassword=x-secret" : ""}\n`;
  const { config } = await imported({ "voicemail.conf": `[default]\n${line(1001)}${line(1002)}` });
  expect(config.storage).toMatchObject({
    shared: true,
    users: { "1001@default": "team", "1002@default": "team" },
    passwords: { "1001@default": "x-secret", "1002@default": "x-secret" },
  });
});

test("whatever a voicemail.conf says, the configuration is one", async () => {
  const word = fc.oneof(
    fc.constantFrom(
      "yes",
      "0",
      "-1",
      "99999",
      "a,b",
      "x@y.z",
      "#",
      "*",
      `\${X}`,
      `\${VM_NAME}`,
      "Europe/Berlin",
      "zone",
      "/x y",
      "~",
      "'",
      '"',
      "{",
      "- x",
      "é",
    ),
    fc.string({ maxLength: 12 }),
  );
  const names =
    Object.values(EVERYTHING)
      .join("\n")
      .match(/^[a-z-]+(?==)/gm) ?? [];
  const option = fc.tuple(
    fc.constantFrom(...names, "imapuser", "authuser", "delete", "imapserver", "greetingsfolder"),
    word,
  );
  const options = fc.array(
    option.map((pair) => pair.join("=")),
    { maxLength: 8 },
  );
  const mailbox = fc.tuple(fc.stringMatching(/^[0-9a-z_@-]{1,5}$/), word, word, word, options);
  const site = fc.record({ general: options, boxes: fc.array(mailbox, { maxLength: 4 }), context: word });
  const folder = folderOf({});
  await fc.assert(
    fc.asyncProperty(site, async ({ general, boxes, context }) => {
      // No PINs: each would take 40 ms to hash.
      const lines = boxes.map(
        ([number, name, email, pager, more]) => `${number} => ,${name},${email},${pager},${more.join("|")}`,
      );
      const text = [
        "[general]",
        ...general,
        "[zonemessages]",
        "zone=Europe/Berlin|'x' Q",
        `[${context}]`,
        ...lines,
        "[default]",
        ...lines,
      ];
      writeFileSync(join(folder, "voicemail.conf"), text.join("\n"));
      await imported({}, folder);
    }),
    { numRuns: process.env.VOXPOST_TEST_ALL ? 2000 : 60 },
  );
}, 120_000);

describe("voxpost config import", () => {
  const run = (...args: string[]) =>
    execa(process.execPath, ["--import", "tsx", "src/cli.ts", "config", "import", ...args], {
      reject: false,
    });

  test("writes a configuration and its secrets where nobody else can read them, and nothing twice", async () => {
    const folder = folderOf(FREEPBX);
    const out = join(folder, "etc.yaml");
    const [conf, spool] = [join(folder, "voicemail.conf"), join(folder, "none")];
    const first = await run(conf, "--spool", spool, "--out", out);
    expect(first).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("doctor") });
    expect(first.stderr).toContain("note: 1002@default: callback works once");
    expect(readFileSync(join(folder, "secrets", "ari"), "utf8")).toBe("ari-secret\n");
    expect([out, join(folder, "secrets", "ari")].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o600, 0o600,
    ]);
    expect(readConfig(out).contexts.default?.mailboxes["1001"]?.name).toBe("Anna Beispiel");
    const [again, printed] = await Promise.all([run(conf, "--out", out), run(conf, "--spool", spool)]);
    expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("[CONFIG_INVALID]") });
    expect(parse(printed.stdout)).toMatchObject({ storage: { engine: "file" } });
    expect(`${first.stdout}${first.stderr}${printed.stdout}`).not.toMatch(/4242|9876|ari-secret/);
  }, 120_000);

  test("of a file that cannot be read makes none", async () => {
    const folder = folderOf({});
    const runs = await Promise.all([folder, join(folder, "voicemail.conf")].map((path) => run(path)));
    for (const { exitCode, stdout, stderr } of runs) {
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain("cannot be read");
    }
  }, 120_000);
});
