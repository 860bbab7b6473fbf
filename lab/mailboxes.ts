/** The subscribers of every lab. */
export const MAILBOXES = { context: "default", first: 1001, last: 1100, pin: "471147" } as const;

/** What a caller dials. A mailbox number leads to a deposit as well. */
export const EXTENSIONS = { deposit: "1001", retrieve: "*98", own: "*97" } as const;

/** Every phone registers with its mailbox number and this password; `trunk` has the same and may claim any caller id. */
export const PHONE_PASSWORD = "lab-phone";

export const TRUNK = "trunk";

/** The mailbox numbers, as strings. */
export function mailboxNumbers(): string[] {
  const { first, last } = MAILBOXES;
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}
