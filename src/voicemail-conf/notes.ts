import { namesOf } from "../names-of.ts";

/** What was not taken over, or differs: where, and what to do. The same of many mailboxes is one line. */
export class Notes {
  readonly #places = new Map<string, string[]>();

  /** `what` never holds a PIN or a password. */
  add(where: string, what: string): void {
    const places = this.#places.get(what) ?? [];
    places.push(where);
    this.#places.set(what, places);
  }

  lines(): string[] {
    return [...this.#places].map(([what, places]) => `${namesOf([...new Set(places)])}: ${what}`);
  }
}
