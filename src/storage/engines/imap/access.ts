import { VoxpostError } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import { aborted } from "../../faults.ts";
import { follow, Operations, orAborted } from "../../signals.ts";
import { callerLogin, type Login, ownLogin, userOf } from "./account.ts";
import { reach } from "./client.ts";
import { Connection } from "./connection.ts";
import { Doors } from "./doors.ts";
import { isWrongPassword, toFault } from "./faults.ts";
import type { ImapOptions } from "./options.ts";
import { Pool } from "./pool.ts";

export interface UseOptions {
  readonly signal?: AbortSignal | undefined;
  /** The operation may run twice without harm: it is tried again when a kept connection turns out to be dead. */
  readonly repeat: boolean;
  /** Added to `operation_ms`, for operations that carry much. */
  readonly extraMs?: number;
}

/** The ways into accounts: every operation of the engine gets its connection, its limit of time and its end here. */
export class Access {
  readonly #options: ImapOptions;
  readonly #path: (file: string) => string;
  readonly #pool: Pool;
  readonly #doors: Doors;
  readonly #operations = new Operations();

  constructor(options: ImapOptions, path: (file: string) => string) {
    this.#options = options;
    this.#path = path;
    this.#pool = new Pool({
      total: options.max_connections,
      perUser: options.max_per_user,
      idleMs: options.idle_ms,
      probeMs: options.connect_ms,
    });
    this.#doors = new Doors({ options, path, pool: this.#pool });
  }

  open(): void {
    this.#operations.open();
  }

  async close(): Promise<void> {
    this.#operations.close();
    await this.#pool.close();
  }

  /** A signal for what goes on after its operation has ended, until the given one fires or the engine is closed. */
  lasting(signal: AbortSignal): AbortSignal {
    return this.#operations.lasting(signal);
  }

  /** Runs an operation within its time. @throws VoxpostError ABORTED, STORE_TIMEOUT */
  within<T>(
    action: (limit: AbortSignal) => Promise<T>,
    { signal, extraMs = 0 }: Omit<UseOptions, "repeat"> = {},
  ): Promise<T> {
    return this.#operations.run(signal, async (alive) => {
      const { controller, release } = follow(alive);
      const ms = this.#options.operation_ms + extraMs;
      const timer = setTimeout(() => controller.abort(timedOut(this.#options.host, ms)), ms);
      try {
        return await orAborted(action(controller.signal), controller.signal);
      } finally {
        clearTimeout(timer);
        release();
      }
    });
  }

  /** Runs an operation with a connection to a mailbox's account, as Voxpost itself. */
  use<T>(
    mailbox: MailboxAddress,
    action: (connection: Connection) => Promise<T>,
    options: UseOptions,
  ): Promise<T> {
    const user = userOf(this.#options, mailbox);
    return this.within(
      (limit) =>
        this.#pool.use(user, (signal) => this.#enter(mailbox, signal), action, {
          signal: limit,
          repeat: options.repeat,
        }),
      options,
    );
  }

  /** A connection that is the caller's alone until he calls `end`. */
  hold(mailbox: MailboxAddress): Promise<{ connection: Connection; end: () => Promise<void> }> {
    return this.within((limit) => this.#pool.hold((signal) => this.#enter(mailbox, signal), limit));
  }

  /** Gets everything ready for `checkPin` but the PIN, until the signal fires. */
  expectPin(mailbox: MailboxAddress, signal: AbortSignal): void {
    this.#doors.open(mailbox, this.#operations.lasting(signal));
  }

  /** Whether the account takes the PIN as its password; nothing of it is kept. */
  checkPin(mailbox: MailboxAddress, pin: string, signal: AbortSignal | undefined): Promise<boolean> {
    const login = callerLogin(this.#options, mailbox, pin);
    return this.within(
      async (limit) => {
        const isRight = await this.#doors.enter(mailbox, pin, limit);
        if (isRight !== undefined) return isRight;
        try {
          const { end } = await this.#pool.hold((inner) => this.#connect(login, inner), limit);
          void end(); // never rejects, and nobody needs to wait for the goodbye
          return true;
        } catch (error) {
          if (isWrongPassword((error as Error).cause)) return false;
          throw error;
        }
      },
      { signal },
    );
  }

  /** Hears the server's greeting, without logging in: whose account would be entered is not known. */
  check(signal: AbortSignal | undefined): Promise<void> {
    return this.within((limit) => this.#named(() => reach(this.#options, this.#path, limit), limit), {
      signal,
    });
  }

  async #enter(mailbox: MailboxAddress, signal: AbortSignal): Promise<Connection> {
    return this.#connect(await ownLogin(this.#options, mailbox, this.#path), signal);
  }

  #connect(login: Login, signal: AbortSignal): Promise<Connection> {
    return this.#named(() => Connection.open(this.#options, this.#path, login, signal), signal);
  }

  async #named<T>(connect: () => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await connect();
    } catch (error) {
      if (signal.aborted) throw aborted(signal);
      const refused = isWrongPassword(error);
      const what = refused ? "refuses the login; check storage.proxy or storage.passwords" : "cannot be used";
      const fault = toFault(error, `the IMAP server ${this.#options.host} ${what}`);
      if (!refused) throw fault;
      // An administrator can correct it, so no message may be given up because of it.
      throw new VoxpostError("STORE_REFUSED", fault.message, { cause: error, retryable: true });
    }
  }
}

function timedOut(host: string, ms: number): VoxpostError {
  return new VoxpostError("STORE_TIMEOUT", `the IMAP server ${host} did not answer within ${ms / 1000} s`);
}
