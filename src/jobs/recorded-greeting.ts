import type { RecordedMessage, Take } from "../custody/takes.ts";
import type { GreetingKind } from "../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";

/** What is recorded under a name with the kind `greeting`: docs/custody.md. */
export interface GreetingPlace {
  readonly mailbox: MailboxAddress;
  readonly kind: GreetingKind;
  /** Of the lock, and of what is known of the newest one. */
  readonly key: string;
}

/** Undefined when it is a message. */
export function greetingOf({ all }: RecordedMessage): GreetingPlace | undefined {
  const [first] = all;
  const [mailbox] = first?.name.recipients ?? [];
  if (!mailbox || first?.name.kind?.is !== "greeting") return undefined;
  const kind = first.name.kind.greeting;
  return { mailbox, kind, key: greetingKey(mailbox, kind) };
}

export function greetingKey(mailbox: MailboxAddress, kind: GreetingKind): string {
  return `greeting-${formatMailbox(mailbox)}-${kind}`;
}

/**
 * A greeting counts when its owner has accepted it: then a part of the take is in `deposit`, also if the program died
 * while it renamed the others. The highest first.
 */
export function acceptedTakes({ takes }: RecordedMessage): Take[] {
  return takes.filter(({ parts }) =>
    parts.some(({ copies }) => copies.some(({ name }) => name.state === "deposit")),
  );
}

/** When its last take was begun. */
export function recordedAt({ all }: RecordedMessage): Date {
  return new Date(Math.max(...all.map(({ name }) => name.startedAt.getTime())));
}
