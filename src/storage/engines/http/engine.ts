import { randomBytes } from "node:crypto";
import { isCode, VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { Counts, Folder } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart, ByteSource, Flags, NewMessage } from "../../../model/message.ts";
import type { Capabilities, Engine, Entry, FindQuery, ListQuery, Page, Ref } from "../../engine.ts";
import { matches } from "../../match.ts";
import { inHearingOrder } from "../../mime/audio.ts";
import { notTheProtocol } from "./faults.ts";
import { searchPages } from "./find.ts";
import { discard, Link } from "./link.ts";
import { capabilitiesOf, chosen, EVERYTHING, type Optional, optionalOf } from "./optional.ts";
import type { HttpOptions } from "./options.ts";
import * as protocol from "./protocol.ts";

/** At the start a server that is away is not waited for longer than this, milliseconds. */
const PATIENCE_AT_START = 3_000;

/** A store somewhere else that keeps docs/engines/http.openapi.yaml. */
export class HttpEngine implements Engine {
  readonly name: string;
  /**
   * Live: everything that the configuration lets it use until the server was heard, then what the server says. What an
   * engine over this one has copied earlier is safe all the same: the server answers UNSUPPORTED.
   */
  readonly capabilities: Capabilities;
  declare authenticate?: Optional["authenticate"];
  declare readGreeting?: Optional["readGreeting"];
  declare writeGreeting?: Optional["writeGreeting"];
  declare removeGreeting?: Optional["removeGreeting"];
  declare watch?: Optional["watch"];
  declare quota?: Optional["quota"];
  declare readText?: Optional["readText"];
  declare readExtras?: Optional["readExtras"];
  declare mailboxes?: Optional["mailboxes"];
  declare freeBytes?: Optional["freeBytes"];
  readonly #without: HttpOptions["without"];
  readonly #log: Logger;
  readonly #link: Link;
  readonly #optional: Optional;
  #keepsTexts = true;

  constructor(options: HttpOptions, log: Logger) {
    this.name = `http (${options.url})`;
    this.#without = options.without;
    this.#log = log;
    this.#link = new Link(options, log, ({ capabilities }) => this.#offer(capabilities));
    this.#optional = optionalOf(this.#link, log);
    this.capabilities = capabilitiesOf(EVERYTHING);
    this.#offer(EVERYTHING);
  }

  async open(): Promise<void> {
    this.#link.open();
    try {
      await this.#link.meet(AbortSignal.timeout(PATIENCE_AT_START));
    } catch (error) {
      this.#log.warn({ store: this.name, err: error }, "The storage server does not answer yet");
    }
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  async check(signal?: AbortSignal): Promise<void> {
    await this.#link.meet(signal);
    await this.#link.tell({ method: "GET", path: "/v1/health" }, signal);
  }

  count(mailbox: MailboxAddress, folder: Folder, signal?: AbortSignal): Promise<Counts> {
    const path = `${protocol.mailboxPath(mailbox)}/folders/${folder}/counts`;
    return this.#link.ask(protocol.countsSchema, { method: "GET", path }, signal);
  }

  async list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    const { view, limit, after } = query;
    const asked = { view, limit: String(Math.min(limit, protocol.PAGE)), after };
    const request = { method: "GET", path: protocol.messagesPath(mailbox, folder), query: asked } as const;
    const { messages, total, next } = await this.#link.ask(protocol.pageSchema, request, signal);
    const entries = messages.map((message) => protocol.toEntry(mailbox, { ...message, folder }));
    return { entries, total, ...(next === undefined ? {} : { next }) };
  }

  async find(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]> {
    const entries = await searchPages(this.#link, mailbox, query, {
      keepsTexts: this.#keepsTexts,
      signal,
    });
    return entries.filter(({ envelope }) => matches(envelope, query));
  }

  async read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]> {
    const parts: AudioPart[] = [];
    try {
      for (let count = 1; parts.length < count; ) {
        const path = `${protocol.refPath(ref)}/audio/${parts.length + 1}`;
        const got = await this.#link.download(path, signal);
        if (!got) throw notTheProtocol(`GET ${path}`, "there is no audio in it");
        count = got.parts;
        parts.push(got.part);
      }
      return parts;
    } catch (error) {
      discard(parts);
      throw error;
    }
  }

  append(folder: Folder, message: NewMessage, signal?: AbortSignal): Promise<Entry> {
    return this.#link.run(signal, async (alive) => {
      const { mailbox, id, extras } = message;
      const { version } = await this.#link.service(alive);
      const send = async (source: ByteSource) => {
        const upload = randomBytes(16).toString("hex");
        const path = `${protocol.mailboxPath(mailbox)}/uploads/${upload}`;
        return { upload, ...(await this.#link.upload(path, RAW, source, alive)) };
      };
      const parts = [];
      for (const source of inHearingOrder(message.audio)) {
        const { kind, duration } = source;
        const contentType = protocol.headerType(source.contentType);
        parts.push({ kind, contentType, duration, ...(await send(source)) });
      }
      const json = {
        ...protocol.toFields(message, version),
        folder,
        audio: parts,
        ...(extras && this.readExtras && { extras: await send(extras) }),
      };
      const path = `${protocol.mailboxPath(mailbox)}/messages/${id}`;
      const headers = { "if-none-match": "*" };
      const request = { method: "PUT", path, json, headers, stores: true } as const;
      try {
        return protocol.toEntry(mailbox, await this.#link.ask(protocol.messageSchema, request, alive));
      } catch (error) {
        if (!isCode(error, "STORE_REFUSED") || error.context.status !== 412) throw error;
        return await this.#storedBefore(message, error, alive);
      }
    });
  }

  async setFlags(ref: Ref, change: Partial<Flags>, signal?: AbortSignal): Promise<void> {
    await this.#link.tell({ method: "PATCH", path: protocol.refPath(ref), json: change }, signal);
  }

  async move(ref: Ref, to: Folder, signal?: AbortSignal): Promise<Ref> {
    const request = {
      method: "POST",
      path: `${protocol.refPath(ref)}/move`,
      json: { folder: to },
      // Done twice it would say that the message is unknown.
      repeat: false,
    } as const;
    const { key } = await this.#link.ask(protocol.placeSchema, request, signal);
    return { mailbox: ref.mailbox, folder: to, key };
  }

  async remove(ref: Ref, signal?: AbortSignal): Promise<void> {
    try {
      await this.#link.tell({ method: "DELETE", path: protocol.refPath(ref) }, signal);
    } catch (error) {
      if (!isCode(error, "MESSAGE_UNKNOWN")) throw error;
    }
  }

  /** Gives and takes what the capabilities announce. */
  #offer(capabilities: protocol.Service["capabilities"]): void {
    const offered = { ...capabilities };
    for (const declined of this.#without) offered[declined] = false;
    Object.assign(this.capabilities, capabilitiesOf(offered));
    Object.assign(this, chosen(this.#optional, offered));
    this.#keepsTexts = offered.texts;
  }

  /** The answer to an earlier try was lost, or another program stored the same message: either way it is stored. */
  async #storedBefore(
    { mailbox, id }: NewMessage,
    refusal: VoxpostError,
    signal: AbortSignal,
  ): Promise<Entry> {
    const [entry] = await this.find(mailbox, { id }, signal);
    if (entry) return entry;
    throw new VoxpostError("STORE_REFUSED", `${refusal.message}; yet it cannot be found`, {
      cause: refusal,
      retryable: true,
    });
  }
}

const RAW = { "content-type": "application/octet-stream" };
