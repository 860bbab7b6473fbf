import type { Config } from "../config.ts";
import { hashPin } from "../storage/pins.ts";

/** Contexts whose PINs may be shown and written down: as hashes, each with a salt of its own. Some 40 ms of one processor a PIN. */
export async function withHashedPins(contexts: Config["contexts"]): Promise<Config["contexts"]> {
  const hashed = Object.entries(contexts).map(async ([context, { mailboxes, ...options }]) => {
    const entries = Object.entries(mailboxes).map(async ([number, mailbox]) => {
      const { pin, ...rest } = mailbox ?? {};
      return [number, pin === undefined ? rest : { pin_hash: await hashPin(pin), ...rest }] as const;
    });
    return [context, { ...options, mailboxes: Object.fromEntries(await Promise.all(entries)) }] as const;
  });
  return Object.fromEntries(await Promise.all(hashed));
}
