import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Config, parseConfig, readConfig } from "../../src/config.ts";
import { createSubscribers } from "../../src/subscribers.ts";

const MINIMAL = `
asterisk: [{ name: a, url: "http://127.0.0.1:8088", user: voxpost, password: "\${ARI}" }]
storage: { engine: memory }
contexts:
  default:
    mailboxes: { "1001-1003": , "1002": { name: Anna, maxsecs: 20, pin: "1234" } }
`;

function parse(text: string, environment: NodeJS.ProcessEnv = { ARI: "s3cret" }): Config {
  return parseConfig(text, { path: "voxpost.yaml", folder: "/etc/voxpost", environment });
}

function faultsOf(text: string, environment?: NodeJS.ProcessEnv): string {
  try {
    parse(text, environment);
  } catch (error) {
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    return (error as Error).message;
  }
  throw new Error("the configuration was accepted");
}

describe("configuration", () => {
  test("fills in defaults, and secrets from the environment", () => {
    const config = parse(MINIMAL);
    expect(config.asterisk[0]?.password).toBe("s3cret");
    expect(config).toMatchObject({
      instance: "1",
      data: "/etc/voxpost/voxpost-data",
      media: { host: "127.0.0.1" },
    });
  });

  test("reads a secret from the first line of a file, found beside the configuration", () => {
    const folder = mkdtempSync(join(tmpdir(), "voxpost-config-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "ari.secret"), "from-file\n");
    writeFileSync(
      join(folder, "voxpost.yaml"),
      MINIMAL.replace(/password: "[^"]*"/, "password_file: ari.secret"),
    );
    expect(readConfig(join(folder, "voxpost.yaml"), {}).asterisk[0]?.password).toBe("from-file");
  });

  test("reports every fault at once, each with its path and a remedy", () => {
    const faults = faultsOf(
      `
instance: "a b"
asterisk: [{ name: a, url: nonsense, user: u, password: "\${NOT_SET}" }, { name: a, url: "http://x", user: u, pasword: p }]
storage: {}
contexts: { default: { tz: Berlin, mailboxes: { "1001": { pin: 12 } } } }
`,
      {},
    );
    for (const expected of [
      "instance: use letters",
      "asterisk.0.url",
      "asterisk.0.password: the environment has no NOT_SET",
      'asterisk.1: "pasword" is not a key here',
      "asterisk.1.password",
      "storage.engine",
      "contexts.default.tz: not an IANA time zone",
      "contexts.default.mailboxes.1001.pin",
    ]) {
      expect(faults).toContain(expected);
    }
  });

  test("never repeats a secret in a fault", () => {
    expect(faultsOf(`${MINIMAL}\nredis: { url: 7 }`)).not.toContain("s3cret");
  });

  test("refuses two Asterisks of one name", () => {
    const twice = MINIMAL.replace(/\[(\{.*\})\]/, "[$1, $1]");
    expect(faultsOf(twice)).toContain('two are named "a"');
  });

  test.each([
    ["defaults: { menu_class: octel }", 'defaults.menu_class: menu_classes has no "octel"'],
    [
      'defaults: { listen-control-pause-key: "2" }',
      "defaults: two listen-control keys are the same (# * 2 2)",
    ],
    ["defaults: { dateformat: Q % }", "defaults.dateformat: not a format as zonemessages has them"],
    ["directoryintro: ../x", "directoryintro: name a sound"],
    ["externnotify: lamp.sh", "externnotify: write the whole path"],
    ['externnotify: "/bin/lamp --all"', "externnotify: write the whole path"],
    ["externnotify: [lamp.sh, x]", "externnotify: write the whole path"],
    ["externnotify: []", "externnotify: write the whole path"],
    ["webhook: { url: http://pbx.example.org }", "webhook.url: use https:// to another machine"],
    ["webhook: { url: ftp://127.0.0.1 }", "webhook.url"],
    ["webhook: { url: https://u:p@example.org }", "webhook.url: give no user, password or #"],
    ["webhook: { url: nonsense }", "webhook.url"],
    ["webhook: { url: https://example.org, secret: short }", "webhook.secret: write whsec_"],
    ['webhook: { url: https://example.org, token: "a b" }', "webhook.token"],
    ["prompts: { vm-lgoin: custom/login }", "prompts.vm-lgoin"],
    ["prompts: { vm-login: http://x/y }", "prompts.vm-login: name a sound"],
  ])("refuses %s", (text, fault) => expect(faultsOf(MINIMAL + text)).toContain(fault));

  test("takes a program or a list of its arguments, and plain http to this machine or by consent", () => {
    const of = (text: string) => parse(MINIMAL + text);
    expect(of("externnotify: /bin/lamp").externnotify).toEqual(["/bin/lamp"]);
    expect(of("externnotify: [/bin/lamp, --all]").externnotify).toEqual(["/bin/lamp", "--all"]);
    for (const url of ["https://pbx.example.org/x?y=1", "http://127.0.0.1:9100", "http://[::1]/"])
      expect(of(`webhook: { url: "${url}" }`).webhook).toEqual({ url, cleartext: false });
    expect(of("webhook: { url: http://pbx, cleartext: true }").webhook?.cleartext).toBe(true);
  });

  test("finds a class that does not exist wherever it is named", () => {
    const site = (options: string) =>
      MINIMAL.replace("contexts:\n  default:", `contexts:\n  default:\n    ${options}`);
    expect(faultsOf(site("menu_class: octel"))).toContain("contexts.default.menu_class");
    expect(faultsOf(MINIMAL.replace("maxsecs: 20", "menu_class: octel"))).toContain(
      "contexts.default.mailboxes.1002.menu_class",
    );
    const config = parse(`${site("menu_class: octel")}menu_classes: { octel: {} }`);
    expect(createSubscribers(config).find({ mailbox: "1001", context: "default" })?.menuClass).toBe("octel");
  });

  test.each(["", "a: [", "- 1", "null", "contexts: []"])("says what is wrong with %j", (text) => {
    expect(faultsOf(text)).toContain("voxpost.yaml");
  });
});

describe("subscribers", () => {
  const subscribers = createSubscribers(parse(MINIMAL));

  test("a mailbox written out wins over the range that contains it", () => {
    expect(subscribers.find({ mailbox: "1002", context: "default" })).toMatchObject({
      fullName: "Anna",
      maxSeconds: 20,
    });
    expect(subscribers.find({ mailbox: "1003", context: "default" })).toMatchObject({ maxSeconds: 180 });
  });

  test("only what is configured exists", () => {
    expect(subscribers.find({ mailbox: "100", context: "default" })).toBeUndefined();
    expect(subscribers.find({ mailbox: "1001", context: "other" })).toBeUndefined();
    expect([...subscribers.all()].map((one) => one.address.mailbox)).toEqual(["1001", "1002", "1003"]);
  });

  test("PINs are kept apart from what the rest of the program sees", () => {
    expect(subscribers.pin({ mailbox: "1002", context: "default" })).toEqual({ pin: "1234" });
    expect(JSON.stringify(subscribers.find({ mailbox: "1002", context: "default" }))).not.toContain("1234");
  });

  test("an alias is answered with the mailbox that it stands for, which knows its aliases", () => {
    const site = createSubscribers(
      parse(`${MINIMAL}aliases: { 2001@default: 1002@default }\nsearchcontexts: true`),
    );
    const anna = { mailbox: "1002", context: "default" };
    const alias = { mailbox: "2001", context: "default" };
    expect(site.find(alias)).toMatchObject({ address: anna, fullName: "Anna" });
    expect(site.aliasesOf(anna)).toEqual([alias]);
    expect(site.searchesContexts).toBe(true);
    const chain = "aliases: { 2001@default: 2002@default, 2002@default: 1002@default }";
    expect(faultsOf(MINIMAL + chain)).toContain("2002@default is an alias itself");
    expect(faultsOf(`${MINIMAL}aliases: { 2001@default: "1002" }`)).toContain("write MAILBOX@CONTEXT");
  });

  test("calls out lead nowhere until context and numbers are named", () => {
    const site = (options: string) =>
      createSubscribers(parse(`${MINIMAL}defaults: ${options}`)).find({
        mailbox: "1001",
        context: "default",
      });
    expect(site("{ dialout_allow: [_X.] }")?.dialout).toBeUndefined();
    expect(site("{ dialout: out }")?.dialout).toEqual({ dialplanContext: "out", allow: [] });
    expect(site("{ callback: out, callback_allow: [_NXX] }")?.callback?.allow).toEqual(["_NXX"]);
    expect(faultsOf(`${MINIMAL}defaults: { dialout_allow: ["ab"] }`)).toContain("not a number or a pattern");
  });
});
