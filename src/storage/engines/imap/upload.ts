import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { AppendResponseObject, ImapFlow } from "imapflow";
import { VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { Connection } from "./connection.ts";
import type { OutgoingMail } from "./outgoing.ts";

export interface Upload {
  readonly path: string;
  readonly mail: OutgoingMail;
  readonly flags: readonly string[];
  /** INTERNALDATE. */
  readonly date: Date;
}

/**
 * Stores a mail (APPEND, RFC 9051 6.3.12). A long one is sent as it is read, as fast as the server takes it; nothing of it is stored
 * when the connection breaks off before its end. `what` says for people what cannot be done.
 * @throws VoxpostError as `Connection.ask` does
 */
export function upload(
  connection: Connection,
  what: string,
  { path, mail, flags, date }: Upload,
  log: Logger,
): Promise<AppendResponseObject> {
  return connection.ask(what, async (client) => {
    const { held } = mail;
    if (held) return client.append(path, held, [...flags], date);
    try {
      return await stream(client, { path, mail, flags, date });
    } catch (error) {
      if (!(error instanceof NotAsExpected)) throw error;
      log.debug("imapflow is not as expected inside: a long mail is held in memory while it is stored");
      const whole = await (await mail.open()).toArray();
      return client.append(path, Buffer.concat(whole), [...flags], date);
    }
  });
}

type Attribute = { type?: string; value?: unknown; isLiteral8?: boolean };

/** What imapflow has inside and does not document. Its version is pinned, and a test measures what a long mail costs. */
interface Inside {
  readonly commands?: Map<string, (client: ImapFlow, ...args: unknown[]) => Promise<AppendResponseObject>>;
  /** `onPlusTag` is called when the server asks for what follows the line. */
  exec?(command: string, attributes: readonly Attribute[], options: object): Promise<unknown>;
  readonly writeSocket?: Writable;
}

/** Thrown before anything is sent. */
class NotAsExpected extends Error {}

/**
 * imapflow's own APPEND, with all that it makes of flags, limits and answers, but for its last word: of the literal only the size
 * is given to it, and the bytes go past it when the server asks for them.
 */
async function stream(
  client: ImapFlow,
  { path, mail, flags, date }: Upload,
): Promise<AppendResponseObject | undefined> {
  const inside = client as unknown as Inside;
  const append = inside.commands?.get("APPEND");
  const { writeSocket: socket } = inside;
  if (!append || !inside.exec || !socket) throw new NotAsExpected();
  const sending: { done?: Promise<void>; isWhole?: true; fault?: unknown } = {};
  const send = async () => {
    try {
      await pipeline(literal(await mail.open()), socket, { end: false });
      sending.isWhole = true;
    } catch (error) {
      sending.fault = error;
      client.close(); // there is no other way to say that nothing more will come
    }
  };
  const begin = () => {
    sending.done ??= send();
  };
  const exec: Inside["exec"] = (command, attributes, options) => {
    if (command !== "APPEND") return inside.exec?.(command, attributes, options) as Promise<unknown>;
    const last = attributes.at(-1);
    if (last?.type !== "LITERAL" || last.value !== content) throw new NotAsExpected();
    const size = { type: "TEXT", value: `${last.isLiteral8 ? "~" : ""}{${mail.length}}` };
    const line = [...attributes.slice(0, -1), size];
    return inside.exec?.(command, line, { ...options, onPlusTag: begin }) as Promise<unknown>;
  };
  // All that imapflow looks at in a message is how long it is, and whether there is a NUL in it.
  const content = { length: mail.length, indexOf: () => (mail.hasNul ? 0 : -1) };
  try {
    return await append(Object.create(client, { exec: { value: exec } }), path, content, flags, date);
  } catch (error) {
    throw sending.fault instanceof VoxpostError ? sending.fault : error;
  } finally {
    // Answered too early: whatever is said next on this connection would be taken for the rest of the mail.
    if (sending.done && !sending.isWhole) client.close();
    await sending.done;
  }
}

async function* literal(mail: Readable): AsyncGenerator<Buffer> {
  yield* mail;
  yield Buffer.from("\r\n");
}
