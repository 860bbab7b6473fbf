import type { Logger } from "../../../log.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart, AudioSource } from "../../../model/message.ts";
import { encodeGreeting, GREETING_NAMES } from "../../mime/greeting.ts";
import type { Access } from "./access.ts";
import { findParts } from "./audio.ts";
import { isOf, MAILBOX_HEADERS } from "./census.ts";
import { deleteUid, inFolder } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { greetingPathOf } from "./folders.ts";
import type { ImapOptions } from "./options.ts";
import { dispatch } from "./outgoing.ts";
import type { Reader } from "./reader.ts";
import { searchUids, toRange } from "./search.ts";
import { upload } from "./upload.ts";

export interface GreetingsParts {
  readonly access: Access;
  readonly options: ImapOptions;
  readonly reader: Reader;
  /** Where a long mail waits until it is sent. */
  readonly spool: string;
  readonly log: Logger;
}

/** One mail for each, in a folder of their own. */
export class Greetings {
  readonly #parts: GreetingsParts;

  constructor(parts: GreetingsParts) {
    this.#parts = parts;
  }

  async read(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal: AbortSignal | undefined,
  ): Promise<AudioPart | undefined> {
    const { access, options, reader } = this.#parts;
    const find = async (connection: Connection) => {
      const uid = (await this.#find(connection, mailbox, kind)).at(-1);
      const parts = uid === undefined ? [] : await findParts(connection, uid);
      return { path: await greetingPathOf(connection, options), uid: uid ?? 0, part: parts?.[0] };
    };
    const { part, ...where } = await access.use(mailbox, find, { signal, repeat: true });
    return part && reader.open(part, mailbox, where, signal);
  }

  /** The new greeting is stored before the old ones go, so that there is one at every moment. */
  async write(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { access, options, spool, log } = this.#parts;
    const date = new Date();
    const compose = async (limit: AbortSignal) => ({
      mail: await encodeGreeting({ mailbox, kind, audio, when: date }, options, limit),
    });
    await dispatch(
      access,
      {
        mailbox,
        folder: spool,
        compose,
        send: async (connection, mail) => {
          const path = await greetingPathOf(connection, options);
          const old = await this.#find(connection, mailbox, kind);
          const greeting = { path, mail, flags: ["\\Seen"], date };
          await inFolder(connection, path, () =>
            upload(connection, "the greeting cannot be stored", greeting, log),
          );
          for (const uid of old) await deleteUid(connection, uid);
        },
      },
      signal,
    );
  }

  async remove(mailbox: MailboxAddress, kind: GreetingKind, signal: AbortSignal | undefined): Promise<void> {
    const remove = async (connection: Connection) => {
      for (const uid of await this.#find(connection, mailbox, kind)) await deleteUid(connection, uid);
    };
    await this.#parts.access.use(mailbox, remove, { signal, repeat: true });
  }

  /** UIDs of the mails that hold a greeting, oldest first; the last one counts. Leaves the folder selected. */
  async #find(connection: Connection, mailbox: MailboxAddress, kind: GreetingKind): Promise<number[]> {
    const { options } = this.#parts;
    if (!(await connection.select(await greetingPathOf(connection, options)))) return [];
    const uids = await searchUids(connection, {
      deleted: false,
      header: { "X-Asterisk-VM-Message-Type": GREETING_NAMES[kind] },
    });
    if (!options.shared || uids.length === 0) return uids;
    const mails = await connection.fetch("the greetings cannot be listed", toRange(uids), {
      headers: [...MAILBOX_HEADERS],
    });
    return mails.filter((mail) => isOf(mail, mailbox)).map(({ uid }) => uid);
  }
}
