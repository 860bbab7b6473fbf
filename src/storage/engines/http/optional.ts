import { VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import { type MailboxAddress, parseMailbox } from "../../../model/mailbox.ts";
import type { Capabilities, Engine } from "../../engine.ts";
import type { Link } from "./link.ts";
import {
  headerType,
  mailboxesSchema,
  mailboxPath,
  PAGE,
  quotaSchema,
  refPath,
  type Service,
  spaceSchema,
  textSchema,
  verdictSchema,
} from "./protocol.ts";

/** What not every server does. */
export type Optional = Required<
  Pick<
    Engine,
    | "authenticate"
    | "readGreeting"
    | "writeGreeting"
    | "removeGreeting"
    | "watch"
    | "quota"
    | "readText"
    | "readExtras"
    | "mailboxes"
    | "freeBytes"
  >
>;

type Offered = Service["capabilities"];

/** Which capability brings which methods. */
const METHODS: ReadonlyArray<readonly [keyof Offered, keyof Optional]> = [
  ["authenticate", "authenticate"],
  ["greetings", "readGreeting"],
  ["greetings", "writeGreeting"],
  ["greetings", "removeGreeting"],
  ["watch", "watch"],
  ["quota", "quota"],
  ["texts", "readText"],
  ["extras", "readExtras"],
  ["mailboxes", "mailboxes"],
  ["space", "freeBytes"],
];

/** Those of the methods that a server with these capabilities can answer; the others undefined. */
export function chosen(all: Optional, offered: Offered): Partial<Optional> {
  return Object.fromEntries(
    METHODS.map(([need, method]) => [method, offered[need] ? all[method] : undefined]),
  );
}

/** What a server that has not been heard yet is taken to do: asking one that does not costs a clear UNSUPPORTED. */
export const EVERYTHING: Offered = {
  authenticate: true,
  greetings: true,
  watch: true,
  quota: true,
  search: true,
  move: true,
  writable: true,
  texts: true,
  extras: true,
  mailboxes: true,
  space: true,
};

/** The part of it that the contract of engines knows by name. */
export function capabilitiesOf(offered: Offered): Capabilities {
  const { texts: _, extras: __, mailboxes: ___, space: ____, ...capabilities } = offered;
  return capabilities;
}

export function optionalOf(link: Link, log: Logger): Optional {
  const greeting = (mailbox: MailboxAddress, kind: GreetingKind) =>
    `${mailboxPath(mailbox)}/greetings/${kind}`;
  return {
    async authenticate(mailbox, pin, signal) {
      if (pin.length > LONGEST_PIN) return false;
      const path = `${mailboxPath(mailbox)}/authentication`;
      const { valid } = await link.ask(verdictSchema, { method: "POST", path, json: { pin } }, signal);
      return valid;
    },
    async readGreeting(mailbox, kind, signal) {
      return (await link.download(greeting(mailbox, kind), signal))?.part;
    },
    async writeGreeting(mailbox, kind, audio, signal) {
      const headers = {
        "content-type": headerType(audio.contentType),
        ...(audio.duration === undefined ? {} : { "content-duration": String(audio.duration) }),
      };
      await link.upload(greeting(mailbox, kind), headers, audio, signal);
    },
    removeGreeting: (mailbox, kind, signal) =>
      link.tell({ method: "DELETE", path: greeting(mailbox, kind) }, signal),
    watch: (mailbox, onChange, signal) => link.watch(`${mailboxPath(mailbox)}/events`, onChange, signal),
    quota: (mailbox, signal) =>
      link.askMaybe(quotaSchema, { method: "GET", path: `${mailboxPath(mailbox)}/quota` }, signal),
    async readText(ref, signal) {
      const path = `${refPath(ref)}/text`;
      return (await link.askMaybe(textSchema, { method: "GET", path }, signal))?.text;
    },
    async readExtras(ref, signal) {
      // A server of 1.0 knows no such path, and whoever copied this method asks all the same.
      const { capabilities } = await link.service(signal);
      if (!capabilities.extras) throw new VoxpostError("UNSUPPORTED", "The server keeps no extras");
      return (await link.download(`${refPath(ref)}/extras`, signal))?.part.stream;
    },
    async *mailboxes(signal) {
      let after: string | undefined;
      do {
        const query = { limit: String(PAGE), after };
        const request = { method: "GET", path: "/v1/mailboxes", query } as const;
        const page = await link.ask(mailboxesSchema, request, signal);
        for (const address of page.mailboxes) {
          try {
            yield parseMailbox(address);
          } catch {
            log.warn({ address }, "The storage server has a mailbox with a name that is not allowed");
          }
        }
        after = page.next === after ? undefined : page.next;
      } while (after !== undefined);
    },
    async freeBytes(signal) {
      return (await link.ask(spaceSchema, { method: "GET", path: "/v1/space" }, signal)).freeBytes;
    },
  };
}

/** Nobody has a longer one, and the protocol carries none. */
const LONGEST_PIN = 64;
