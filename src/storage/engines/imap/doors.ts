import { ImapFlow } from "imapflow";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import { callerLogin } from "./account.ts";
import { clientSettings } from "./client.ts";
import { Connection } from "./connection.ts";
import { isWrongPassword } from "./faults.ts";
import type { ImapOptions } from "./options.ts";
import type { Pool } from "./pool.ts";

/** A connection that has everything behind it but the password. */
interface Door {
  readonly connection: Connection;
  /** Resolves when the account takes the password, one round trip later. @throws what imapflow throws; it is of no use then */
  enter(password: string): Promise<void>;
}

interface HeldDoor extends Door {
  end(): Promise<void>;
}

export interface DoorsParts {
  readonly options: ImapOptions;
  readonly path: (file: string) => string;
  readonly pool: Pool;
}

/**
 * Connections that are opened while callers type their PINs. Without them a right PIN would be followed by five or six round
 * trips of silence: greeting, capabilities, ID, login. They take at most a quarter of all connections, and never the last.
 */
export class Doors {
  readonly #parts: DoorsParts;
  readonly #doors = new Map<string, Promise<HeldDoor>>();

  constructor(parts: DoorsParts) {
    this.#parts = parts;
  }

  /** Opens one for a mailbox, if there is none and there is room; it is closed when the signal fires. Returns at once. */
  open(mailbox: MailboxAddress, signal: AbortSignal): void {
    const { options, pool } = this.#parts;
    const key = formatMailbox(mailbox);
    const isRoom = this.#doors.size < options.max_connections / 4 && pool.size < options.max_connections;
    if (signal.aborted || this.#doors.has(key) || !isRoom) return;
    const opening = this.#open(mailbox, signal);
    this.#doors.set(key, opening);
    const forget = () => {
      if (this.#doors.get(key) !== opening) return;
      this.#doors.delete(key);
      opening.then(({ end }) => end()).catch(() => undefined);
    };
    signal.addEventListener("abort", forget, { once: true });
    // Told to whoever checks a PIN, by the connection that is opened for it instead.
    opening.catch(forget);
  }

  /** Whether the account takes the PIN. Undefined when no door is open for it, or it does not lead in any more. */
  async enter(mailbox: MailboxAddress, pin: string, signal: AbortSignal): Promise<boolean | undefined> {
    const key = formatMailbox(mailbox);
    const opening = this.#doors.get(key);
    this.#doors.delete(key);
    const door = await opening?.catch(() => undefined);
    if (!door) return undefined;
    try {
      await door.connection.bounded(signal, () => door.enter(pin));
      return true;
    } catch (error) {
      if (signal.aborted) throw error;
      return isWrongPassword(error) ? false : undefined;
    } finally {
      void door.end(); // never rejects, and nobody needs to wait for the goodbye
    }
  }

  async #open(mailbox: MailboxAddress, signal: AbortSignal): Promise<HeldDoor> {
    let door: Door | undefined;
    const { end } = await this.#parts.pool.hold(async (inner) => {
      door = await openDoor(this.#parts, mailbox, inner);
      return door.connection;
    }, signal);
    if (!door) throw new Error("a pool that holds what it did not open");
    return { ...door, end };
  }
}

/** Resolves when only the password is missing. It uses that imapflow calls its own `authenticate`; its version is pinned. */
async function openDoor(
  { options, path }: DoorsParts,
  mailbox: MailboxAddress,
  signal: AbortSignal,
): Promise<Door> {
  const complaint: { error?: unknown } = {};
  const settings = await clientSettings(options, path, callerLogin(options, mailbox, "unknown"), complaint);
  const client = new ImapFlow(settings);
  client.on("error", (error) => {
    complaint.error = error;
  });
  const connection = new Connection(client, complaint);
  const internal = client as unknown as { authenticate(): Promise<unknown> };
  const authenticate = internal.authenticate.bind(client);
  let enter: (password: string) => void = () => {};
  const password = new Promise<string>((resolve) => {
    enter = resolve;
  });
  let entered: Promise<void> = Promise.resolve();
  const waiting = new Promise<void>((reached) => {
    entered = new Promise<void>((resolve, reject) => {
      internal.authenticate = async () => {
        reached();
        const pass = await password;
        // imapflow sends no initial response (RFC 4959) with AUTHENTICATE, so that would be two round trips.
        const loginMethod = client.capabilities.has("LOGINDISABLED") ? "AUTH=PLAIN" : "LOGIN";
        Object.assign(settings.auth ?? {}, { pass, loginMethod });
        await authenticate();
        resolve();
      };
      client.connect().catch(reject);
    });
  });
  entered.catch(() => {});
  await connection.bounded(signal, () => Promise.race([waiting, entered]));
  return {
    connection,
    enter: (pin) => {
      enter(pin);
      return entered;
    },
  };
}
