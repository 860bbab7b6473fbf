import type { Folder, View } from "../../model/folder.ts";
import type { MailboxAddress } from "../../model/mailbox.ts";
import type { Engine, Entry } from "../engine.ts";
import { inView } from "../view.ts";
import type { Place } from "./cursor.ts";

/** One of the engines whose messages are shown as one folder. */
export interface Source {
  readonly engine: Engine;
  /** How a message of its is shown; undefined hides it. Left out, all are as they are, which costs much less. */
  readonly show?: ((entry: Entry) => Entry | undefined) | undefined;
}

export interface Listing {
  readonly mailbox: MailboxAddress;
  readonly folder: Folder;
  readonly view: View;
  /** Entries asked for at once. */
  readonly size: number;
  readonly signal: AbortSignal | undefined;
}

/** Reads one engine's listing from a place on, entry by entry, a page at a time. */
export class Reader {
  readonly #source: Source;
  readonly #listing: Listing;
  readonly #shownUntil: number;
  #entries: readonly Entry[] = [];
  #index = 0;
  #after: string | undefined;
  #next: string | undefined;
  #taken: string[];
  #resumed: Place | undefined;
  #total = 0;

  constructor(source: Source, listing: Listing, place: Place, shownUntil: number) {
    this.#source = source;
    this.#listing = listing;
    this.#after = place.after;
    this.#taken = [...place.taken];
    this.#shownUntil = shownUntil;
    this.#resumed = place;
  }

  /** Messages in the view, as the engine tells; of a source that hides some it is not known. */
  get total(): number {
    return this.#total;
  }

  get head(): Entry | undefined {
    return this.#entries[this.#index];
  }

  get place(): Place {
    return {
      ...(this.#after === undefined ? {} : { after: this.#after }),
      taken: this.#taken,
      ...(this.head ? { head: this.head.envelope.id } : {}),
    };
  }

  async open(): Promise<void> {
    await this.#fetch();
    await this.#settle();
  }

  async take(): Promise<void> {
    this.#pass();
    await this.#settle();
  }

  #pass(): void {
    const entry = this.#entries[this.#index++];
    if (entry) this.#taken.push(entry.envelope.id);
  }

  /** Moves on to the next entry that is to be shown. */
  async #settle(): Promise<void> {
    for (;;) {
      const entry = this.head;
      if (entry) {
        const shown = this.#shown(entry);
        if (shown) {
          this.#entries = this.#entries.with(this.#index, shown);
          return;
        }
        this.#pass();
      } else if (this.#next === undefined) return;
      else {
        const read = new Set(this.#entries.map(({ envelope }) => envelope.id));
        this.#taken = this.#taken.filter((id) => !read.has(id));
        this.#after = this.#next;
        await this.#fetch();
      }
    }
  }

  #shown(entry: Entry): Entry | undefined {
    const { show } = this.#source;
    if (!show) return entry;
    const shown = show(entry);
    return shown && inView(shown.envelope, this.#listing.view) ? shown : undefined;
  }

  async #fetch(): Promise<void> {
    const { mailbox, folder, view, size, signal } = this.#listing;
    const after = this.#after === undefined ? {} : { after: this.#after };
    const asked = { view: this.#source.show ? "all" : view, limit: size, ...after } as const;
    const { entries, total, next } = await this.#source.engine.list(mailbox, folder, asked, signal);
    this.#entries = entries;
    this.#next = next;
    this.#total = total;
    this.#index = this.#resumed ? this.#resume(entries, this.#resumed) : 0;
    if (this.#index < entries.length) this.#resumed = undefined;
  }

  /**
   * Where to go on in the page in which the one before ended: after the last that was taken of it, or else at the one
   * that was next. When both are gone, what has come since at an earlier time is passed over, as any engine would.
   */
  #resume(entries: readonly Entry[], { head }: Place): number {
    const taken = new Set(this.#taken);
    const last = entries.findLastIndex(({ envelope }) => taken.has(envelope.id));
    if (last >= 0) return last + 1;
    const next = entries.findIndex(({ envelope }) => envelope.id === head);
    if (next >= 0) return next;
    const later = entries.findIndex(({ envelope }) => envelope.receivedAt.getTime() >= this.#shownUntil);
    return later < 0 ? entries.length : later;
  }
}
