import { KEYS, type Key } from "./phrase.ts";

/** Receives keys, oldest first; true means "enough": the keys after this one are kept for whoever asks next. */
export type KeyListener = (key: Key) => boolean;

/** More than anybody types ahead; what comes on top of it is noise. */
const MAX_KEPT = 80;

/** The keys of one call: those pressed while nobody listens are kept (type-ahead). One listener at a time. */
export class Keys {
  #kept: Key[] = [];
  #listener: KeyListener | undefined;

  /** From Asterisk; what is no key is ignored. */
  press(digit: string | undefined): void {
    const key = KEYS.find((known) => known === digit);
    if (!key) return;
    if (this.#listener) this.#hear(this.#listener, key);
    else if (this.#kept.length < MAX_KEPT) this.#kept.push(key);
  }

  /** Hands over the kept keys at once, then each new one, until the listener has enough. Returns the way to stop. */
  listen(listener: KeyListener): () => void {
    this.#listener = listener;
    while (this.#listener === listener) {
      const key = this.#kept.shift();
      if (!key) break;
      this.#hear(listener, key);
    }
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  /** The next key, kept or pressed within the time; undefined when it runs out or the signal aborts. */
  next(waitMs: number, signal: AbortSignal): Promise<Key | undefined> {
    return new Promise((resolve) => {
      let stop = () => {};
      const done = (key: Key | undefined) => {
        stop();
        clearTimeout(timer);
        signal.removeEventListener("abort", aborted);
        resolve(key);
      };
      const aborted = () => done(undefined);
      const timer = setTimeout(aborted, Math.max(waitMs, 0));
      signal.addEventListener("abort", aborted);
      stop = this.listen((key) => {
        done(key);
        return true;
      });
    });
  }

  clear(): void {
    this.#kept = [];
  }

  #hear(listener: KeyListener, key: Key): void {
    if (listener(key) && this.#listener === listener) this.#listener = undefined;
  }
}
