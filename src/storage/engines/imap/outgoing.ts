import type { Readable } from "node:stream";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import { Spooled } from "../../spooled.ts";
import { cutOnAbort } from "../../streams.ts";
import type { Access } from "./access.ts";
import type { Connection } from "./connection.ts";

/** Slowest link on which a mail is still stored in time, bytes per millisecond. */
const SLOWEST = 20;

/** A whole mail on its way to a server, which wants to know its size before its first byte (RFC 9051 4.3). */
export class OutgoingMail {
  readonly #bytes: Spooled;
  #hasNul = false;

  /** `folder` is where a long one waits. */
  constructor(folder: string) {
    this.#bytes = new Spooled(folder);
  }

  get length(): number {
    return this.#bytes.size;
  }

  /** Only a binary literal (RFC 3516) may have one. */
  get hasNul(): boolean {
    return this.#hasNul;
  }

  /** All of it, when it is short. */
  get held(): Buffer | undefined {
    return this.#bytes.held;
  }

  /** @throws the stream's own error; VoxpostError STORE_FULL, STORE_REFUSED when there is no room for it here */
  async take(stream: Readable): Promise<void> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      this.#hasNul ||= chunk.includes(0);
      await this.#bytes.write(chunk);
    }
  }

  open(): Promise<Readable> {
    return this.#bytes.source.open();
  }

  end(): Promise<void> {
    return this.#bytes.remove();
  }
}

export interface Dispatch<Composed extends { mail: Readable }, Result> {
  readonly mailbox: MailboxAddress;
  /** Where a long mail waits until all of it is there. */
  readonly folder: string;
  compose(limit: AbortSignal): Promise<Composed>;
  send(connection: Connection, mail: OutgoingMail, composed: Composed): Promise<Result>;
}

/** Composes a mail within the time of one operation, and sends it within that of another, which is the longer the larger it is. */
export async function dispatch<Composed extends { mail: Readable }, Result>(
  access: Access,
  { mailbox, folder, compose, send }: Dispatch<Composed, Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const mail = new OutgoingMail(folder);
  try {
    const composed = await access.within(
      async (limit) => {
        const begun = await compose(limit);
        await mail.take(cutOnAbort(begun.mail, limit));
        return begun;
      },
      { signal },
    );
    const extraMs = mail.length / SLOWEST;
    return await access.use(mailbox, (connection) => send(connection, mail, composed), {
      signal,
      repeat: false,
      extraMs,
    });
  } finally {
    await mail.end();
  }
}
