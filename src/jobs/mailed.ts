import { createHash } from "node:crypto";
import type { Ledger } from "../custody/ledger.ts";
import type { MessageId } from "../model/message.ts";

/** `whole`: accepted, with all of the message. `over`: no mail will come any more, or one without the audio has come. */
type Fate = "whole" | "over";

/** What became of one kind of mail about one message at each of its owner's addresses. */
export class Mailed {
  readonly #ledger: Ledger;
  readonly #message: MessageId;
  readonly #kind: "notice" | "page";

  constructor(ledger: Ledger, message: MessageId, kind: "notice" | "page") {
    this.#ledger = ledger;
    this.#message = message;
    this.#kind = kind;
  }

  /** Those that still wait for theirs. */
  async waiting(addresses: readonly string[]): Promise<string[]> {
    const settled = await Promise.all(
      addresses.map(async (address) => (await this.#is(address, "whole")) || this.#is(address, "over")),
    );
    return addresses.filter((_, index) => !settled[index]);
  }

  /** Whether there are such, and every one of them has all of the message. */
  async isWhole(addresses: readonly string[]): Promise<boolean> {
    const whole = await Promise.all(addresses.map((address) => this.#is(address, "whole")));
    return whole.length > 0 && whole.every(Boolean);
  }

  settle(address: string, fate: Fate): Promise<void> {
    return this.#ledger.add(this.#key(address, fate));
  }

  #is(address: string, fate: Fate): Promise<boolean> {
    return this.#ledger.has(this.#key(address, fate));
  }

  /** Without the address itself, which is nobody's business in Redis. */
  #key(address: string, fate: Fate): string {
    const hash = createHash("sha256").update(address).digest("hex").slice(0, 16);
    return `${this.#kind}-${fate}-${this.#message}-${hash}`;
  }
}
