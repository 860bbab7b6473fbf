import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../ivr/call.ts";
import type { Enqueue } from "../jobs/enqueue.ts";
import type { Counts } from "../model/folder.ts";
import type { Subscriber, Subscribers } from "../model/subscriber.ts";
import type { Snapshots } from "../storage/snapshot.ts";
import type { Store } from "../storage/store.ts";
import { countInbox, type FirstLook, firstLook, type ReadAhead } from "./ahead.ts";
import type { AudioCache } from "./audio.ts";
import type { MenusOf } from "./classes.ts";
import { applyMarks, RETRY_DELAYS } from "./closing.ts";
import type { Ending } from "./ending.ts";
import { type Item, Listing } from "./listing.ts";
import type { Outgoing } from "./outgoing.ts";
import type { SiteMenus } from "./overrides.ts";
import { OwnGreetings } from "./own-greetings.ts";
import { NEW, type Place } from "./place.ts";
import type { Settings } from "./settings.ts";
import { patiently, STORE_WAIT } from "./wait.ts";

export interface RetrievalDeps {
  readonly store: Store;
  readonly enqueue: Enqueue;
  readonly subscribers: Subscribers;
  readonly snapshots: Pick<Snapshots, "get">;
  readonly settings: Settings;
  /** Menus as this site wants them. Default: as shipped. */
  readonly menus?: MenusOf;
  /** Leaves a message for these, in the same call (`leaveMessage`). */
  leave(call: Call, recipients: readonly Subscriber[]): Promise<Ending>;
  /** Removes a recording from an Asterisk's disk. */
  discard(asterisk: string, recording: string): Promise<void>;
  /** Before each try again to carry out marks, milliseconds. */
  readonly retryDelays?: readonly number[];
}

/** An owner at the telephone: the open folders, the message they are at, and what they marked. */
export class Retrieval {
  readonly call: Call;
  readonly subscriber: Subscriber;
  readonly store: Store;
  readonly audio: AudioCache;
  readonly deps: RetrievalDeps;
  readonly greetings: OwnGreetings;
  /** Those of the owner's class. */
  readonly menus: SiteMenus;
  /** Option `r`: nothing is deleted. */
  readonly readOnly: boolean;
  /** As of login or the last change of folder; undefined while the store has not answered. */
  counts: Counts | undefined;
  place: Place = NEW;
  /** Position in the open folder; -1 until a message was asked for. */
  index = -1;
  /** New PINs of this call that were not taken. */
  refusedPins = 0;
  /** What the owner is about to send. */
  outgoing: Outgoing | undefined;

  /** The counts have come, or have not come in time. */
  ready: Promise<void> = Promise.resolve();

  /** Urgent and new ones follow each other, so both stay open until the owner changes the folder. */
  #listings = new Map<Place, Listing>();
  /** Folders that are being closed; the last wait is for these. */
  readonly #writing = new Set<Promise<void>>();
  readonly #closing = new Set<Promise<void>>();

  constructor(
    call: Call,
    subscriber: Subscriber,
    audio: AudioCache,
    deps: RetrievalDeps,
    options: { readOnly: boolean; menus: SiteMenus },
  ) {
    this.call = call;
    this.subscriber = subscriber;
    this.store = deps.store;
    this.audio = audio;
    this.menus = options.menus;
    this.readOnly = options.readOnly;
    this.deps = deps;
    this.greetings = new OwnGreetings(subscriber, deps.snapshots);
  }

  /**
   * Goes to the folder with which the owner starts, and fetches its first message while the owner is still being greeted. What was
   * read while the PIN was entered need not be asked for again. Returns at once.
   */
  begin(ahead?: ReadAhead): void {
    this.ready = this.#start(ahead);
    this.ready
      .then(() => this.#foresee())
      .catch((error) => {
        this.call.log.warn({ err: error }, "A mailbox could not be read ahead");
      });
  }

  async #foresee(): Promise<void> {
    const item = await this.listing.at(0, this.call.signal);
    if (item && !this.call.signal.aborted) this.audio.ahead(item.entry);
  }

  async #start(ahead: ReadAhead | undefined): Promise<void> {
    const look: FirstLook =
      (await ahead?.take()) ?? (await firstLook(this.store, this.subscriber, this.call));
    this.counts = look.counts;
    this.place = look.listing.place;
    this.#listings.set(this.place, look.listing);
  }

  async #count(): Promise<void> {
    this.counts = await countInbox(this.store, this.subscriber.address, this.call.signal);
  }

  get listing(): Listing {
    return this.listingOf(this.place);
  }

  listingOf(place: Place): Listing {
    const known = this.#listings.get(place);
    if (known) return known;
    const listing = new Listing(this.store, this.subscriber.address, place);
    this.#listings.set(place, listing);
    return listing;
  }

  /** The message that was asked for last; undefined before the first. */
  get current(): Item | undefined {
    return this.listing.items[this.index];
  }

  /** Where an owner listens, and comes back to from wherever a key led: after a message, or the main menu. */
  get home(): "main" | "message" {
    return this.current ? "message" : "main";
  }

  /** The open folder has no messages, as far as is known without asking the store. */
  get isEmpty(): boolean {
    return this.listing.isOpen && this.listing.total === 0;
  }

  /** Fetches what stands at a position of a folder, telling the caller to wait if it takes long. */
  at(place: Place, index: number): Promise<Item | undefined> {
    return patiently(this.call, this.listingOf(place).at(index, this.call.signal));
  }

  /** How many messages a folder has as far as it is known without asking the store. */
  known(place: Place): number {
    const listing = this.#listings.get(place);
    if (listing?.isOpen) return listing.total;
    return place.folder === "INBOX" && place.view !== "all" ? (this.counts?.[place.view] ?? 0) : 0;
  }

  goTo(place: Place, index: number): void {
    this.place = place;
    this.index = index;
  }

  /** Closes the open folders and opens another; waits for the marks for a bounded time. */
  async change(place: Place): Promise<void> {
    const done = this.close();
    await patiently(this.call, Promise.race([done, sleep(STORE_WAIT, undefined, { ref: false })]));
    this.goTo(place, -1);
    const counted = this.#count().catch(() => undefined);
    await this.at(place, 0);
    await counted;
  }

  /** A change that must be finished before folders are closed, even if the caller hangs up meanwhile. */
  async write(work: Promise<void>): Promise<void> {
    const settled = work.catch(() => undefined);
    this.#writing.add(settled);
    try {
      await patiently(this.call, work);
    } finally {
      void settled.then(() => this.#writing.delete(settled));
    }
  }

  /** Carries out all marks. Goes on after a hang-up; never rejects. */
  close(): Promise<void> {
    const items = [...this.#listings.values()].flatMap((listing) => listing.items);
    this.#listings = new Map();
    this.index = -1;
    this.counts = undefined;
    const work = this.#carryOut(items);
    this.#closing.add(work);
    void work.finally(() => this.#closing.delete(work));
    return work;
  }

  async #carryOut(items: readonly Item[]): Promise<void> {
    await Promise.all(this.#writing);
    const { retryDelays: delays = RETRY_DELAYS } = this.deps;
    await applyMarks(this.store, items, this.call.log, { delays, moveHeard: this.subscriber.moveHeard });
    // Saving changes counts as well, and an owner who looked in expects a lamp that is right.
    if (items.length > 0) await this.#lamp();
  }

  /** After the call: everything that was marked is carried out, and no file is left. Never rejects. */
  async finish(): Promise<void> {
    void this.close();
    await Promise.all(this.#closing);
    await this.audio.dispose().catch((error) => {
      this.call.log.warn({ err: error }, "The files of a call could not be removed");
    });
  }

  async #lamp(): Promise<void> {
    try {
      await this.deps.enqueue.mwi(this.subscriber.address);
    } catch (error) {
      this.call.log.warn({ err: error }, "A mailbox's lamp could not be refreshed");
    }
  }
}
