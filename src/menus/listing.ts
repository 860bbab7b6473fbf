import type { MailboxAddress } from "../model/mailbox.ts";
import type { Entry } from "../storage/engine.ts";
import type { Store } from "../storage/store.ts";
import type { Place } from "./place.ts";
import { STORE_WAIT, within } from "./wait.ts";

/** A message of an open folder, and what the caller did to it. Marks are carried out when the folder is closed. */
export interface Item {
  entry: Entry;
  heard: boolean;
  deleted: boolean;
  /** Saved as new on purpose: hearing it before does not make it old. */
  keptNew: boolean;
}

/** Enough for most mailboxes in one request, and small for the rest. */
const PAGE = 20;

/** An open folder: fetched page by page, as far as the caller goes. Positions do not change while it is open. */
export class Listing {
  readonly place: Place;
  readonly items: Item[] = [];
  readonly #store: Store;
  readonly #mailbox: MailboxAddress;
  #total = 0;
  /** The cursor of the page that comes next, or of the last one, which is read again for messages that came later. */
  #cursor: string | undefined;
  #complete = false;
  #isOpen = false;
  #fetching: Promise<void> | undefined;

  constructor(store: Store, mailbox: MailboxAddress, place: Place) {
    this.#store = store;
    this.#mailbox = mailbox;
    this.place = place;
  }

  /** Fetches the first page: once, and again after a failure. */
  async open(signal: AbortSignal): Promise<void> {
    if (!this.#isOpen) await this.#fetch(signal);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Messages in the folder when it was opened or looked at again. */
  get total(): number {
    return Math.max(this.#total, this.items.length);
  }

  /** The message at a position, fetched if need be; undefined behind the last. */
  async at(index: number, signal: AbortSignal): Promise<Item | undefined> {
    await this.open(signal);
    while (index >= this.items.length && !this.#complete) await this.#fetch(signal);
    return this.items[index];
  }

  /** Finds messages that arrived since. Resolves to how many. */
  async lookAgain(signal: AbortSignal): Promise<number> {
    const before = this.items.length;
    this.#complete = false;
    while (!this.#complete) await this.#fetch(signal);
    return this.items.length - before;
  }

  /** One page at a time: who asks while one is being fetched, perhaps ahead, gets that one. */
  #fetch(signal: AbortSignal): Promise<void> {
    this.#fetching ??= this.#fetchPage(signal).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchPage(signal: AbortSignal): Promise<void> {
    const { folder, view } = this.place;
    const query = { view, limit: PAGE, ...(this.#cursor === undefined ? {} : { after: this.#cursor }) };
    const page = await within(
      STORE_WAIT,
      `Listing ${folder}`,
      (inner) => this.#store.list(this.#mailbox, folder, query, inner),
      signal,
    );
    const known = new Set(this.items.map((item) => item.entry.envelope.id));
    for (const entry of page.entries) {
      if (!known.has(entry.envelope.id)) {
        this.items.push({ entry, heard: false, deleted: false, keptNew: false });
      }
    }
    this.#isOpen = true;
    this.#total = page.total;
    this.#complete = page.next === undefined;
    if (page.next !== undefined) this.#cursor = page.next;
  }
}
