import pg from "pg";
import type { Logger } from "../../../log.ts";
import { toFault } from "./faults.ts";

interface ListenerParts {
  /** The database's, for errors and logs. */
  readonly name: string;
  readonly channel: string;
  readonly client: () => pg.ClientConfig;
  readonly log: Logger;
}

/** A server that went away is looked for again this often, milliseconds. */
const AGAIN_MS = 2_000;

/** One connection that hears of every change (LISTEN), for all watched mailboxes, as long as there are any. */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #watchers = new Map<string, Set<() => void>>();
  #client: Promise<pg.Client> | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /** Resolves once it is listening. @throws VoxpostError STORE_UNREACHABLE and the like */
  async watch(mailbox: string, onChange: () => void, signal: AbortSignal): Promise<void> {
    const watchers = this.#watchers.get(mailbox) ?? new Set();
    // A function of its own for each, so that two who watch with the same one are told apart.
    const own = () => onChange();
    watchers.add(own);
    this.#watchers.set(mailbox, watchers);
    const end = () => {
      watchers.delete(own);
      if (watchers.size === 0 && this.#watchers.get(mailbox) === watchers) this.#watchers.delete(mailbox);
      if (this.#watchers.size === 0) void this.close();
    };
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) return end();
    try {
      await this.#connect();
    } catch (error) {
      signal.removeEventListener("abort", end);
      end();
      throw error;
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#again);
    this.#watchers.clear();
    const client = this.#client;
    this.#client = undefined;
    await client?.then((open) => open.end()).catch(() => {});
  }

  #connect(): Promise<pg.Client> {
    this.#client ??= this.#open();
    return this.#client;
  }

  async #open(): Promise<pg.Client> {
    const { name, channel } = this.#parts;
    const client = new pg.Client(this.#parts.client());
    client.on("notification", ({ payload = "" }) => this.#tell(payload));
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
    } catch (error) {
      this.#client = undefined;
      void client.end().catch(() => {});
      throw toFault(error, name);
    }
    const opening = this.#client;
    client.once("end", () => {
      if (this.#client === opening) this.#lost();
    });
    return client;
  }

  /** What happened meanwhile nobody has told, so afterwards everybody is called. */
  #lost(): void {
    this.#client = undefined;
    this.#parts.log.warn({ store: this.#parts.name }, "Watching was interrupted; connecting again");
    this.#retry();
  }

  #retry(): void {
    if (this.#watchers.size === 0) return;
    const tellAll = () => {
      for (const mailbox of this.#watchers.keys()) this.#tell(mailbox);
    };
    this.#again = setTimeout(() => {
      this.#connect().then(tellAll, () => this.#retry());
    }, AGAIN_MS).unref();
  }

  #tell(mailbox: string): void {
    for (const onChange of this.#watchers.get(mailbox) ?? []) onChange();
  }
}
