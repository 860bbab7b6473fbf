import type { GreetingKind } from "../model/greeting.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { Snapshot, Snapshots } from "../storage/snapshot.ts";
import { readSnapshot } from "./greeting.ts";

/** What callers hear of the owner at this moment, from this machine's disk. */
export class OwnGreetings {
  /** The one that a menu is about. */
  chosen: GreetingKind = "unavailable";
  #known: Snapshot["greetings"] = {};
  readonly #owner: Subscriber;
  readonly #snapshots: Pick<Snapshots, "get">;

  constructor(owner: Subscriber, snapshots: Pick<Snapshots, "get">) {
    this.#owner = owner;
    this.#snapshots = snapshots;
  }

  get known(): Snapshot["greetings"] {
    return this.#known;
  }

  async load(): Promise<void> {
    this.#known = (await readSnapshot(this.#owner, this.#snapshots)).greetings;
  }
}
