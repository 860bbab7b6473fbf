import type { Command } from "../hook.ts";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Subscriber } from "../model/subscriber.ts";
import { createPins, hashPin, type PinEntry, type Pins } from "../storage/pins.ts";
import { runPinHook } from "./pin-hook.ts";
import { weaknessOf } from "./pin-policy.ts";
import type { PinRecord, PinRecords } from "./pin-records.ts";

export interface OwnPinsParts {
  readonly records: PinRecords;
  /** What the configuration says. */
  readonly configured: (mailbox: MailboxAddress) => PinEntry | undefined;
  /** The store checks PINs itself: only `change` can change one. */
  readonly storeChecks: boolean;
  /** So many of the ones before may not be chosen again. */
  readonly history: number;
  /** Judges a new PIN: `VALID` on its output takes it, everything else and every failure refuses it. */
  readonly check?: Command;
  /** Changes it where the store checks it. */
  readonly change?: Command;
  /** Is told afterwards. */
  readonly notify?: Command;
  readonly log: Logger;
  readonly now?: () => number;
}

/** PINs of our own: the configuration's until an owner changes it by telephone, hashed, and never empty. */
export class OwnPins implements Pins {
  readonly #parts: OwnPinsParts;
  readonly #now: () => number;
  readonly #pins: Pins;
  /** Whether a record is still younger than the configuration; that never changes while the program runs. */
  readonly #inForce = new Map<string, boolean>();

  constructor(parts: OwnPinsParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
    this.#pins = createPins((mailbox) => this.#entry(mailbox));
  }

  verify(mailbox: MailboxAddress, pin: string): Promise<boolean> {
    return this.#pins.verify(mailbox, pin);
  }

  isPossible(owner: Subscriber): boolean {
    return !owner.pinLocked && (!this.#parts.storeChecks || this.#parts.change !== undefined);
  }

  /** Where the store checks PINs it is not asked: a wrong one counts as an attack there. */
  async isNumber({ address }: Subscriber): Promise<boolean> {
    return !this.#parts.storeChecks && this.verify(address, address.mailbox);
  }

  async isGood(owner: Subscriber, pin: string, signal?: AbortSignal): Promise<boolean> {
    const { check, log, storeChecks } = this.#parts;
    const mailbox = formatMailbox(owner.address);
    const weakness =
      weaknessOf(pin, owner) ??
      (!storeChecks && (await this.#wasUsed(owner, pin)) ? "used before" : undefined);
    if (weakness) {
      log.info({ mailbox, weakness }, "A new PIN was refused");
      return false;
    }
    if (!check) return true;
    try {
      const good = /^\s*VALID\b/.test(await runPinHook(check, owner.address, pin, signal));
      if (!good) log.info({ mailbox, weakness: "externpasscheck" }, "A new PIN was refused");
      return good;
    } catch (error) {
      log.error({ err: error, mailbox }, "A new PIN was refused, because what should judge it failed");
      return false;
    }
  }

  async change(owner: Subscriber, pin: string, signal?: AbortSignal): Promise<void> {
    const { address } = owner;
    const { change, storeChecks, log } = this.#parts;
    if (!storeChecks) await this.#record(address, pin);
    else if (change) await runPinHook(change, address, pin, signal);
    log.info({ mailbox: formatMailbox(address), event: "pin-changed" }, "A PIN was changed by telephone");
    void this.#tell(address, pin);
  }

  /** Nobody waits for it: the PIN is changed. Never rejects. */
  async #tell(mailbox: MailboxAddress, pin: string): Promise<void> {
    const { notify, log } = this.#parts;
    if (!notify) return;
    await runPinHook(notify, mailbox, pin).catch((error) => {
      log.error(
        { err: error, mailbox: formatMailbox(mailbox) },
        "externpassnotify was not told of a new PIN",
      );
    });
  }

  async #record(mailbox: MailboxAddress, pin: string): Promise<void> {
    const { configured, records, history } = this.#parts;
    const before = await this.#current(mailbox);
    const given = configured(mailbox);
    const over = given?.pinHash ?? (given?.pin ? await hashPin(given.pin) : "");
    const used = before ? [before.hash, ...before.history] : over ? [over] : [];
    const hash = await hashPin(pin);
    await records.set(mailbox, {
      hash,
      changedAt: Math.max(this.#now(), (before?.changedAt ?? 0) + 1),
      history: used.slice(0, history),
      over,
    });
  }

  async #wasUsed(owner: Subscriber, pin: string): Promise<boolean> {
    if (await this.verify(owner.address, pin)) return true;
    const record = await this.#current(owner.address);
    for (const hash of record?.history.slice(0, this.#parts.history) ?? []) {
      if (await createPins(() => ({ pinHash: hash })).verify(owner.address, pin)) return true;
    }
    return false;
  }

  async #entry(mailbox: MailboxAddress): Promise<PinEntry | undefined> {
    const record = await this.#current(mailbox);
    return record ? { pinHash: record.hash } : this.#parts.configured(mailbox);
  }

  /** Undefined also when the administrator has set another PIN since. */
  async #current(mailbox: MailboxAddress): Promise<PinRecord | undefined> {
    const record = await this.#parts.records.get(mailbox);
    if (!record) return undefined;
    const key = `${formatMailbox(mailbox)} ${record.over}`;
    const known = this.#inForce.get(key) ?? (await this.#isUnchanged(mailbox, record.over));
    this.#inForce.set(key, known);
    return known ? record : undefined;
  }

  async #isUnchanged(mailbox: MailboxAddress, over: string): Promise<boolean> {
    const given = this.#parts.configured(mailbox);
    if (given?.pinHash !== undefined) return given.pinHash === over;
    if (given?.pin === undefined) return over === "";
    return createPins(() => ({ pinHash: over })).verify(mailbox, given.pin);
  }
}
