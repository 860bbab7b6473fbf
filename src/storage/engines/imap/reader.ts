import type { Readable } from "node:stream";
import { VoxpostError } from "../../../errors.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart } from "../../../model/message.ts";
import type { Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import { cutOnAbort } from "../../streams.ts";
import type { Access } from "./access.ts";
import { type FetchPiece, type FoundPart, fetchPiece, findParts, openPart } from "./audio.ts";
import { locate, selectFolderOf } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { findExtras, openExtras } from "./extras.ts";
import { pathOf } from "./folders.ts";
import type { ImapOptions } from "./options.ts";
import { fetchText } from "./text.ts";

/** What is inside a mail: its audio, its text, and what it has beyond our model. */
export class Reader {
  readonly #access: Access;
  readonly #options: ImapOptions;

  constructor(access: Access, options: ImapOptions) {
    this.#access = access;
    this.#options = options;
  }

  async read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]> {
    const find = async (connection: Connection) => {
      const path = await pathOf(connection, this.#options, ref.folder);
      const uid = await selectFolderOf(ref, connection, path);
      const parts = uid === undefined ? undefined : await findParts(connection, uid);
      // A mail that nobody can take apart is broken, not gone.
      const isThere = parts !== undefined || (await locate(connection, path, ref)) !== undefined;
      if (uid === undefined || !isThere) throw messageUnknown(ref);
      return { path, uid, parts: parts ?? [] };
    };
    const { path, uid, parts } = await this.#access.use(ref.mailbox, find, { signal, repeat: true });
    if (parts.length === 0) {
      const where = `${ref.folder} of ${formatMailbox(ref.mailbox)}`;
      throw new VoxpostError(
        "MESSAGE_MALFORMED",
        `message ${ref.key} in ${where} has no audio that can be found`,
      );
    }
    return parts.map((part) => this.open(part, ref.mailbox, { path, uid }, signal));
  }

  readText(ref: Ref, signal?: AbortSignal): Promise<string | undefined> {
    const read = async (connection: Connection) => {
      const path = await pathOf(connection, this.#options, ref.folder);
      const message = await locate(connection, path, ref);
      if (!message) throw messageUnknown(ref);
      return fetchText(connection, message.uid);
    };
    return this.#access.use(ref.mailbox, read, { signal, repeat: true });
  }

  async readExtras(ref: Ref, signal?: AbortSignal): Promise<Readable | undefined> {
    const find = async (connection: Connection) => {
      const path = await pathOf(connection, this.#options, ref.folder);
      const message = await locate(connection, path, ref);
      if (!message) throw messageUnknown(ref);
      const extras = await findExtras(connection, message.uid, ref, this.#options);
      return { path, uid: message.uid, extras };
    };
    const { path, uid, extras } = await this.#access.use(ref.mailbox, find, { signal, repeat: true });
    const fetch = this.#fetcher(ref.mailbox, { path, uid }, signal);
    return extras && cutOnAbort(openExtras(extras, fetch), signal);
  }

  /** Audio that is fetched piece by piece, each over whatever connection is free. */
  open(
    part: FoundPart,
    mailbox: MailboxAddress,
    { path, uid }: { path: string; uid: number },
    signal: AbortSignal | undefined,
  ): AudioPart {
    const opened = openPart(part, this.#fetcher(mailbox, { path, uid }, signal));
    return { ...opened, stream: cutOnAbort(opened.stream, signal) };
  }

  #fetcher(
    mailbox: MailboxAddress,
    { path, uid }: { path: string; uid: number },
    signal: AbortSignal | undefined,
  ): FetchPiece {
    return (piece) =>
      this.#access.use(mailbox, (connection) => fetchPiece(connection, path, uid, piece), {
        signal,
        repeat: true,
      });
  }
}
