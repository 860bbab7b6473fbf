import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { z } from "zod";
import { VoxpostError } from "../../errors.ts";
import { FOLDERS, type Folder } from "../../model/folder.ts";
import { GREETINGS, type GreetingKind } from "../../model/greeting.ts";
import { type MailboxAddress, parseMailbox } from "../../model/mailbox.ts";
import type { MessageId } from "../../model/message.ts";
import type { Ref } from "../engine.ts";
import { messageId, wireKey } from "../engines/http/protocol.ts";
import { messageUnknown } from "../faults.ts";
import { badRequest, HttpError } from "./problems.ts";

export interface Env {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** Fires when the client has gone before it had its answer. */
    gone: AbortSignal;
    /** Headers of every answer. */
    common: Readonly<Record<string, string>>;
  };
}

/** Longest request of JSON, bytes: a message with a transcript, and a caller with a very long name. */
const LONGEST_JSON = 4_000_000;

/** A request in our words: every name in its path is checked before anything is done with it. */
export class Asked {
  readonly #context: Context<Env>;

  constructor(context: Context<Env>) {
    this.#context = context;
  }

  get signal(): AbortSignal {
    return this.#context.var.gone;
  }

  /** The body, as it comes. Leaving it half read does not cut the connection: the client must still get its answer. */
  get body(): AsyncIterable<Buffer> {
    return this.#context.env.incoming.iterator({ destroyOnReturn: false });
  }

  /** Where a long answer is written to, beside hono, which would end one that failed as if it were whole. */
  get outgoing(): HttpBindings["outgoing"] {
    return this.#context.env.outgoing;
  }

  /** The head of such an answer. */
  begin(status: number, headers: Readonly<Record<string, string>>): void {
    this.#context.env.outgoing.writeHead(status, { ...this.#context.var.common, ...headers });
  }

  header(name: string): string | undefined {
    return this.#context.req.header(name);
  }

  /** @throws VoxpostError ADDRESS_INVALID */
  get mailbox(): MailboxAddress {
    const address = this.#param("address");
    if (!address.includes("@")) {
      throw new VoxpostError("ADDRESS_INVALID", "Write the mailbox as NUMBER@CONTEXT");
    }
    return parseMailbox(address);
  }

  /** @throws VoxpostError FOLDER_UNKNOWN */
  get folder(): Folder {
    const name = this.#param("folder");
    const folder = FOLDERS.find((one) => one === name);
    if (!folder) {
      throw new VoxpostError("FOLDER_UNKNOWN", `The folder must be one of ${FOLDERS.join(", ")}`);
    }
    return folder;
  }

  get greeting(): GreetingKind {
    const name = this.#param("kind");
    const kind = GREETINGS.find((one) => one === name);
    if (!kind) throw badRequest(`The greeting must be one of ${GREETINGS.join(", ")}`);
    return kind;
  }

  get id(): MessageId {
    return this.#hex("id");
  }

  get upload(): string {
    return this.#hex("upload");
  }

  get part(): number {
    const text = this.#param("part");
    if (!/^([1-9]\d?|100)$/.test(text)) throw badRequest("Parts are numbered from 1 to 100");
    return Number(text);
  }

  /** Where the message is, in the engine's own words. @throws VoxpostError MESSAGE_UNKNOWN */
  get ref(): Ref {
    const place = { mailbox: this.mailbox, folder: this.folder };
    const key = this.#param("key");
    const decoded = Buffer.from(key, "base64url").toString();
    // Only what we have written ourselves is read: one key has one form.
    if (!wireKey.safeParse(key).success || toWireKey(decoded) !== key) {
      throw messageUnknown({ ...place, key: JSON.stringify(key.slice(0, 100)) });
    }
    return { ...place, key: decoded };
  }

  query<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
    const given = Object.entries(this.#context.req.queries());
    const twice = given.find(([, values]) => values.length > 1);
    if (twice) throw badRequest("A query parameter is given twice");
    return checked(schema, Object.fromEntries(given.map(([name, values]) => [name, values[0]])), "query");
  }

  /** @throws HttpError 400, 413, 415 */
  async json<Schema extends z.ZodType>(schema: Schema): Promise<z.output<Schema>> {
    if (!/^application\/json\s*(;|$)/i.test(this.header("content-type") ?? "")) {
      throw new HttpError(415, "The body must be application/json");
    }
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.body) {
      length += chunk.length;
      if (length > LONGEST_JSON) throw new HttpError(413, `The body is longer than ${LONGEST_JSON} bytes`);
      chunks.push(chunk);
    }
    let tree: unknown;
    try {
      tree = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
    } catch {
      throw badRequest("The body is no JSON in UTF-8");
    }
    return checked(schema, tree, "body");
  }

  #param(name: string): string {
    return this.#context.req.param(name) ?? "";
  }

  #hex(name: string): string {
    const text = this.#param(name);
    if (!messageId.safeParse(text).success) {
      throw badRequest(`The ${name} must be 32 hexadecimal digits in lower case`);
    }
    return text;
  }
}

/** An engine's key may be any text; in a path it may not. */
export function toWireKey(key: string): string {
  return Buffer.from(key).toString("base64url");
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 10).map(({ path, message }) => `${path.join(".")}: ${message}`);
  // Zod repeats names of unknown keys, and values never.
  throw badRequest(`The ${where} does not keep the protocol: ${faults.join("; ").slice(0, 1_000)}`);
}
