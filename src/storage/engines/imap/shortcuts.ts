import type { ImapFlow, NamespaceObject } from "imapflow";
import { type Attribute, inOneWord } from "./wording.ts";

type Command = (client: ImapFlow, ...args: never[]) => Promise<unknown>;

/** What imapflow has inside and does not document. Its version is pinned, and tests count what is sent. */
interface Inside {
  commands: Map<string, Command>;
  run(command: string): Promise<unknown>;
  exec(command: string, attributes: readonly Attribute[], options: object): Promise<unknown>;
  readonly streamer: { push(item: { payload: Buffer } | null): boolean };
}

/**
 * imapflow asks four to six questions when it connects, of which one or two are needed; with a slow server each is a wait that a
 * caller hears. Without these shortcuts everything works as well, only later. `forPin`: nothing is asked after the login.
 */
export function takeShortcuts(client: ImapFlow, { forPin }: { forPin: boolean }): void {
  const inside = client as unknown as Inside;
  const commands = new Map(inside.commands);
  const [authenticate, id, namespace] = ["AUTHENTICATE", "ID", "NAMESPACE"].map((name) => commands.get(name));
  if (authenticate) commands.set("AUTHENTICATE", withInitialResponse(authenticate));
  // Only a login for a PIN says who asks, and only before it; imapflow would say it once more afterwards.
  commands.delete("ID");
  if (forPin && id) commands.set("ID", async (self, ...args) => !self.authenticated && id(self, ...args));
  // While it connects it is not usable yet: only who needs a folder's name asks, and that is not who opens INBOX.
  if (namespace) commands.set("NAMESPACE", async (self, ...args) => self.usable && namespace(self, ...args));
  inside.commands = commands;
  const exec = inside.exec.bind(client);
  inside.exec = (command, attributes, options) =>
    exec(command, WORDY.test(command) ? inOneWord(attributes) : attributes, options);
  shortenEcho(inside.streamer);
}

/** Questions of many words. */
const WORDY = /^(UID )?(FETCH|SEARCH)$/;

/** What imapflow would have asked when it connected. False when the server refuses to tell. */
export async function askNamespace(client: ImapFlow): Promise<NamespaceObject | false> {
  const inside = client as unknown as Inside;
  const answer = (await inside.run("NAMESPACE")) as (NamespaceObject & { error?: boolean }) | false;
  return answer && !answer.error && answer;
}

interface Credentials {
  readonly password?: string;
  readonly authzid?: string;
}

/** SASL-IR (RFC 4959): the password goes with the question, not after the server's answer to it. */
function withInitialResponse(authenticate: Command): Command {
  return (client: ImapFlow, ...args: never[]) => {
    const [user, { password, authzid = "" }] = args as unknown as [string, Credentials];
    if (!client.capabilities.has("SASL-IR")) return authenticate(client, ...args);
    const secret = Buffer.from([authzid, user, password].join("\0")).toString("base64");
    const inside = client as unknown as Inside;
    const exec: Inside["exec"] = (command, attributes, options) =>
      inside.exec(command, [...attributes, { type: "ATOM", value: secret, sensitive: true }], options);
    return authenticate(Object.create(client, { exec: { value: exec } }) as ImapFlow, ...args);
  };
}

/** The names of headers that were asked for, which a server repeats for each message. Header texts are not in these lines. */
const ECHO = /BODY\[HEADER\.FIELDS \([^)]*\)\]/;

/** imapflow reads and writes each of those names three times, which is half of all that a page of envelopes costs us. */
function shortenEcho(streamer: Inside["streamer"]): void {
  const push = streamer.push.bind(streamer);
  streamer.push = (item) => {
    if (!item?.payload.includes("BODY[HEADER.FIELDS")) return push(item);
    const line = item.payload.toString("latin1").replace(ECHO, "BODY[HEADER]");
    return push({ ...item, payload: Buffer.from(line, "latin1") });
  };
}
