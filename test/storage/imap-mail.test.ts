import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeEnvelope } from "../../src/storage/mime/decode.ts";
import { startImapProxy } from "./imap-proxy.ts";
import { type ImapServer, PIN, startImapServer } from "./imap-server.ts";
import { bytesOf, newMessage, sound } from "./samples.ts";
import { dominantHertz } from "./tone.ts";

const ALL = { view: "all", limit: 100 } as const;
const SAMPLES = new URL("../samples/", import.meta.url);
const ORDINARY = "From: a@example.org\r\nTo: b@example.org\r\nSubject: lunch?\r\n\r\nAt noon.\r\n";

interface Sample {
  file: string;
  tone_hz: number;
}

let server: ImapServer;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());

function freshMailbox() {
  const mailbox = { mailbox: server.freshNumber(), context: "default" };
  return { mailbox, user: `${mailbox.mailbox}-default` };
}

describe("an account that holds other mail too", () => {
  test("that mail is neither listed nor changed, and what a client marked as deleted stays", async () => {
    const { mailbox, user } = freshMailbox();
    const client = await server.client(user);
    await client.append("INBOX", ORDINARY);
    await client.append("INBOX", ORDINARY, ["\\Deleted"]);
    const engine = await server.engine();
    const kept = await engine.append("INBOX", newMessage(mailbox));
    const removed = await engine.append("INBOX", newMessage(mailbox));
    const moved = await engine.append("INBOX", newMessage(mailbox));

    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 3, old: 0 });
    await engine.remove(removed.ref);
    await engine.move(moved.ref, "Work");
    await engine.setFlags(kept.ref, { heard: true });
    const { entries } = await engine.list(mailbox, "INBOX", ALL);
    expect(entries.map(({ ref }) => ref)).toEqual([kept.ref]);
    await engine.close();

    await client.mailboxOpen("INBOX");
    const mails = await client.fetchAll("1:*", { flags: true, envelope: true });
    expect(mails.map(({ envelope, flags }) => [envelope?.subject, ...withoutRecent(flags)])).toEqual([
      ["lunch?"],
      ["lunch?", "\\Deleted"],
      ["Voice Message (0:07)", "\\Seen"],
    ]);
    await client.logout();
  });

  test("a voice message that another client marked as deleted is gone for us", async () => {
    const { mailbox, user } = freshMailbox();
    const engine = await server.engine();
    const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
    const client = await server.client(user);
    await client.mailboxOpen("INBOX");
    await client.messageFlagsAdd("1", ["\\Deleted"]);
    await client.logout();
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(0);
    expect(await engine.find(mailbox, { id: envelope.id })).toEqual([]);
    await expect(engine.read(ref)).rejects.toMatchObject({ code: "MESSAGE_UNKNOWN" });
    await engine.close();
  });

  test("listing, counting and playing set no flag in the server's eyes", async () => {
    const { mailbox, user } = freshMailbox();
    const engine = await server.engine();
    const { ref } = await engine.append("INBOX", newMessage(mailbox));
    await engine.count(mailbox, "INBOX");
    await engine.list(mailbox, "INBOX", ALL);
    for (const part of await engine.read(ref)) await bytesOf(part.stream);
    const client = await server.client(user);
    await client.mailboxOpen("INBOX");
    const [mail] = await client.fetchAll("1:*", { flags: true });
    expect(withoutRecent(mail?.flags)).toEqual([]);
    await client.logout();
    await engine.close();
  });

  test("a mail that cannot be understood is listed as far as it can be, and says so when it is read", async () => {
    const { mailbox, user } = freshMailbox();
    const client = await server.client(user);
    await client.append(
      "INBOX",
      "Message-Context: voice-message\r\nCaller-ID: nobody\r\nDate: never\r\n\r\nno audio\r\n",
    );
    await client.logout();
    const engine = await server.engine();
    await engine.append("INBOX", newMessage(mailbox));
    const { entries } = await engine.list(mailbox, "INBOX", ALL);
    expect(entries).toHaveLength(2);
    const broken = entries.find(({ envelope }) => envelope.caller.number === undefined);
    if (!broken) throw new Error("the broken mail is not listed");
    await expect(engine.read(broken.ref)).rejects.toMatchObject({ code: "MESSAGE_MALFORMED" });
    await engine.close();
  });
});

describe("mail that app_voicemail left in an account", () => {
  const samples = JSON.parse(readFileSync(new URL("MANIFEST.json", SAMPLES), "utf8")) as Sample[];

  test.each(samples.filter(({ file }) => !file.includes("greeting")))(
    "$file is listed and played",
    async (sample) => {
      const { mailbox, user } = freshMailbox();
      const mail = readFileSync(new URL(sample.file, SAMPLES), "latin1").replace(/\r?\n/g, "\r\n");
      const client = await server.client(user);
      await client.append("INBOX", Buffer.from(mail, "latin1"));
      await client.logout();
      const engine = await server.engine();
      const { entries } = await engine.list(mailbox, "INBOX", ALL);
      const head = Buffer.from(mail.slice(0, mail.indexOf("\r\n\r\n")), "latin1");
      const place = { mailbox, folder: "INBOX", heard: false, urgent: false, storedAt: new Date(0) } as const;
      expect(entries.map(({ envelope }) => envelope)).toEqual([decodeEnvelope(head, place)]);
      const [entry] = entries;
      const parts = entry ? await engine.read(entry.ref) : [];
      const tones = await Promise.all(
        parts.map(async ({ stream, contentType }) => dominantHertz(await bytesOf(stream), contentType)),
      );
      // A recording of a telephone is a little off.
      const wanted = sample.file.startsWith("13") ? [500, 1700] : [sample.tone_hz];
      expect(tones.map((hertz, part) => Math.abs(hertz / (wanted[part] ?? 0) - 1) < 0.03)).toEqual(
        wanted.map(() => true),
      );
      const type = sample.file.startsWith("18") ? "audio/gsm" : "audio/wav";
      expect(parts.map(({ kind, contentType }) => [kind, contentType])).toEqual(
        (sample.file.startsWith("13") ? ["comment", "voice"] : ["voice"]).map((kind) => [kind, type]),
      );
      if (entry) expect(await engine.find(mailbox, { id: entry.envelope.id })).toEqual(entries);
      await engine.close();
    },
  );

  test("its greeting is a greeting, and is replaced", async () => {
    const { mailbox, user } = freshMailbox();
    const mail = readFileSync(new URL("23-greeting-unavail-in-imap.eml", SAMPLES), "latin1");
    const client = await server.client(user);
    await client.mailboxCreate("Greetings");
    await client.append("Greetings", Buffer.from(mail.replace(/\r?\n/g, "\r\n"), "latin1"));
    const engine = await server.engine();
    const greeting = await engine.readGreeting(mailbox, "unavailable");
    const hertz = greeting && dominantHertz(await bytesOf(greeting.stream), greeting.contentType);
    expect(hertz).toBeGreaterThan(1455);
    expect(hertz).toBeLessThan(1545);
    await engine.writeGreeting(mailbox, "unavailable", sound("mine"));
    const mine = await engine.readGreeting(mailbox, "unavailable");
    expect(mine && (await bytesOf(mine.stream)).toString()).toBe("mine");
    expect(await client.status("Greetings", { messages: true })).toMatchObject({ messages: 1 });
    await client.logout();
    await engine.close();
  });
});

describe("what lies in the account after a deposit", () => {
  test("is what the standards ask for, line by line", async () => {
    const { mailbox, user } = freshMailbox();
    const engine = await server.engine();
    const receivedAt = new Date("2026-10-06T12:03:22.500Z");
    const id = "0123456789abcdef0123456789abcdef";
    const caller = { number: "+49 30 123456", name: "Erika Müller" };
    const audio = [sound("voice", { duration: 25 }), sound("comment", { kind: "comment", duration: 4 })];
    const message = newMessage(mailbox, {
      id,
      caller,
      receivedAt,
      duration: 25,
      urgent: true,
      private: true,
      audio,
    });
    await engine.append("INBOX", message);
    await engine.close();

    const client = await server.client(user);
    await client.mailboxOpen("INBOX");
    const [mail] = await client.fetchAll("1:*", { flags: true, internalDate: true, source: true });
    await client.logout();
    expect(withoutRecent(mail?.flags)).toEqual(["\\Flagged"]);
    expect(mail?.internalDate).toEqual(new Date("2026-10-06T12:03:22Z"));
    const source = mail?.source?.toString("latin1") ?? "";
    expect(source.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    const boundary = /boundary="([^"]+)"/.exec(source)?.[1] ?? "";
    expect(source.replaceAll(boundary, "BOUNDARY").split("\r\n")).toEqual([
      "X-Asterisk-VM-Context: default",
      `X-Asterisk-VM-Extension: ${mailbox.mailbox}`,
      "X-Asterisk-VM-Flag: Urgent",
      "X-Asterisk-VM-Caller-ID-Num: +49 30 123456",
      "X-Asterisk-VM-Caller-ID-Name: Erika Mller",
      "X-Asterisk-VM-Duration: 25",
      "X-Asterisk-VM-Message-Type: Message",
      "X-Asterisk-VM-Orig-date: Tue, 06 Oct 2026 12:03:22 +0000",
      "X-Asterisk-VM-Orig-time: 1791288202",
      "X-Asterisk-VM-Message-ID: 1791288202-01234567",
      "Message-Context: voice-message",
      "Content-Duration: 25",
      "Caller-ID: 4930123456, NumberingPlan=e164",
      "Caller-Name: =?UTF-8?Q?Erika_M=C3=BCller?=",
      "Importance: high",
      "Sensitivity: Private",
      "X-Voxpost-Version: 1",
      "X-Voxpost-Received: 2026-10-06T12:03:22.500Z",
      "X-Voxpost-Caller-Number: %2B49%2030%20123456",
      "Date: Tue, 06 Oct 2026 12:03:22 +0000",
      "From: =?UTF-8?Q?Erika_M=C3=BCller?= <non-mail-user@pbx.example.org>",
      `To: ${mailbox.mailbox}@pbx.example.org`,
      "Subject: Voice Message (0:25)",
      `Message-ID: <${id}@pbx.example.org>`,
      "MIME-Version: 1.0",
      'Content-Type: multipart/mixed; boundary="BOUNDARY"',
      "",
      "--BOUNDARY",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Disposition: inline; handling=optional",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      `Voice message for mailbox ${mailbox.mailbox}, 0:25 long,`,
      "from Erika M=C3=BCller (+49 30 123456),",
      "left on Tue, 06 Oct 2026 12:03:22 +0000.",
      "",
      "--BOUNDARY",
      'Content-Type: audio/wav; name="msg0000.wav"',
      "Content-Transfer-Encoding: base64",
      "Content-Disposition: inline; voice=Voice-Message; handling=required;",
      ' filename="msg0000.wav"',
      "Content-Duration: 25",
      "",
      "dm9pY2U=",
      "--BOUNDARY",
      'Content-Type: audio/wav; name="msgintro0000.wav"',
      "Content-Transfer-Encoding: base64",
      "Content-Disposition: inline; voice=Voice-Message; handling=required;",
      ' filename="msgintro0000.wav"',
      "Content-Duration: 4",
      "",
      "Y29tbWVudA==",
      "--BOUNDARY--",
      "",
    ]);
  });

  test("lies below a parent folder where the options say so", async () => {
    const { mailbox, user } = freshMailbox();
    const engine = await server.engine({ folders: { parent: ["Voicemail", "Box"], trash: "Bin" } });
    const { ref } = await engine.append("Work", newMessage(mailbox));
    await engine.move(ref, "Trash");
    const client = await server.client(user);
    const paths = (await client.list()).map(({ path, delimiter }) => path.replaceAll(delimiter, "/"));
    expect(paths).toEqual(expect.arrayContaining(["Voicemail/Box/Work", "Voicemail/Box/Bin"]));
    await client.logout();
    await engine.close();
  });
});

describe("a server without UIDPLUS and MOVE", () => {
  test("loses nothing: no EXPUNGE is sent, and what is removed is only marked", async () => {
    const proxy = await startImapProxy(server.port, { hide: ["UIDPLUS", "MOVE", "APPENDUID", "COPYUID"] });
    const { mailbox, user } = freshMailbox();
    const client = await server.client(user);
    await client.append("INBOX", ORDINARY, ["\\Deleted"]);
    const engine = await server.engine({ port: proxy.port });
    const one = await engine.append("INBOX", newMessage(mailbox));
    const two = await engine.append("INBOX", newMessage(mailbox));
    await engine.remove(one.ref);
    const moved = await engine.move(two.ref, "Work");
    expect((await engine.list(mailbox, "INBOX", ALL)).total).toBe(0);
    expect((await engine.list(mailbox, "Work", ALL)).entries.map(({ ref }) => ref)).toEqual([moved]);
    expect(await engine.find(mailbox, { id: two.envelope.id })).toHaveLength(1);
    expect(proxy.commands.filter((command) => /EXPUNGE|MOVE/.test(command))).toEqual([]);
    expect(await client.status("INBOX", { messages: true })).toMatchObject({ messages: 3 });
    await client.logout();
    await engine.close();
    await proxy.close();
  });
});

describe("logging in", () => {
  test("a wrong PIN, and a mailbox that does not exist, are false alike", async () => {
    const engine = await server.engine();
    const { mailbox } = freshMailbox();
    expect(await engine.authenticate(mailbox, PIN)).toBe(true);
    expect(await engine.authenticate(mailbox, "1")).toBe(false);
    expect(await engine.authenticate({ mailbox: "4711", context: "nowhere" }, PIN)).toBe(false);
    await engine.close();
  });

  test("passwords of mailboxes work instead of a proxy", async () => {
    const { mailbox } = freshMailbox();
    const name = `${mailbox.mailbox}@default`;
    const engine = await server.engine({ proxy: undefined, passwords: { [name]: PIN } });
    await engine.append("INBOX", newMessage(mailbox));
    const other = { ...mailbox, context: "sales" };
    await expect(engine.count(other, "INBOX")).rejects.toMatchObject({ code: "MAILBOX_UNKNOWN" });
    await engine.close();
  });

  test("a wrong proxy password costs no message: the fault may be tried again, and shows no secret", async () => {
    const engine = await server.engine({ proxy: { user: "voxpost", password: "not-the-secret" } });
    const appended = engine.append("INBOX", newMessage(freshMailbox().mailbox));
    const error = await appended.catch((fault: unknown) => fault);
    expect(error).toMatchObject({ code: "STORE_REFUSED", retryable: true });
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain("not-the-secret");
    await engine.close();
  });

  test("a server that offers no way to act for others gets no mail into the proxy's own account", async () => {
    const proxy = await startImapProxy(server.port, { hide: ["AUTH=PLAIN", "AUTH=LOGIN"] });
    const engine = await server.engine({
      port: proxy.port,
      proxy: { user: `${server.freshNumber()}-default`, password: PIN },
    });
    await expect(engine.append("INBOX", newMessage(freshMailbox().mailbox))).rejects.toMatchObject({
      code: "STORE_REFUSED",
      retryable: true,
    });
    await engine.close();
    await proxy.close();
  });

  test.each(["tls", "starttls"] as const)("%s: only with a certificate that is trusted", async (tls) => {
    const { tls: offered } = server.lab.imap ?? {};
    if (!offered) throw new Error("the lab's Dovecot has no TLS");
    const port = tls === "tls" ? offered.port : offered.startTlsPort;
    const ca = `${server.lab.folder}/dovecot/cert.pem`;
    const { mailbox } = freshMailbox();
    const trusting = await server.engine({ host: offered.host, port, tls, ca });
    await trusting.check();
    await trusting.append("INBOX", newMessage(mailbox));
    await trusting.close();
    const strict = await server.engine({ host: offered.host, port, tls });
    await expect(strict.count(mailbox, "INBOX")).rejects.toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringContaining("set ca"),
    });
    await strict.close();
  });
});

test("a mailbox that is full says so", async () => {
  const { mailbox } = freshMailbox();
  const engine = await server.engine();
  const { usedBytes, limitBytes } = (await engine.quota(mailbox)) ?? {};
  expect([usedBytes, limitBytes]).toEqual([0, 40 * 1024 * 1024]);
  const audio = [sound(Buffer.alloc(31 * 1024 * 1024))];
  await expect(engine.append("INBOX", newMessage(mailbox, { audio }))).rejects.toMatchObject({
    code: "STORE_FULL",
    retryable: true,
  });
  await engine.append("INBOX", newMessage(mailbox));
  await engine.close();
});

function withoutRecent(flags: Set<string> | undefined): string[] {
  return [...(flags ?? [])].filter((flag) => flag !== "\\Recent");
}
