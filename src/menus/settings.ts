import type { GreetingKind } from "../model/greeting.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import type { Subscriber } from "../model/subscriber.ts";

/** What owners may change by telephone besides their messages; src/jobs and src/access do it. */
export interface Settings {
  readonly greetings: GreetingSettings;
  readonly pins: PinSettings;
}

export interface GreetingSettings {
  /** False where the store keeps no greetings: then none is offered. */
  readonly possible: boolean;
  /** Callers hear it from now on. Safe, and in force, when it resolves; may be tried again. @throws ASTERISK_UNREACHABLE */
  accept(asterisk: string, parts: readonly string[]): Promise<void>;
  /** @throws STORE_UNREACHABLE, … : then it stays in force */
  erase(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void>;
  /** Removes a recording that was not accepted. */
  discard(asterisk: string, recording: string): Promise<void>;
}

export interface PinSettings {
  /** Whether this owner's PIN can be changed here at all. */
  isPossible(owner: Subscriber): boolean;
  /** Whether it is still the mailbox's number, as far as that is known without asking the store. */
  isNumber(owner: Subscriber): Promise<boolean>;
  /** Whether a new PIN may be taken: false also when who should judge it does not answer. */
  isGood(owner: Subscriber, pin: string, signal?: AbortSignal): Promise<boolean>;
  /** Durable when it resolves. @throws VoxpostError: then the old one stays */
  change(owner: Subscriber, pin: string, signal?: AbortSignal): Promise<void>;
}
