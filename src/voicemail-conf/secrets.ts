/** A password that a configuration reads from a file of its own. */
export interface Secret {
  /** Relative to the configuration. */
  readonly file: string;
  readonly what: string;
  /** Undefined when it must be written there by hand. */
  readonly value: string | undefined;
}

/** Gives each password a file, so that none stands in a configuration. */
export class Secrets {
  readonly #files = new Map<string, Secret>();

  file(name: string, what: string, value: string | undefined): string {
    const file = `secrets/${name.replace(/[^A-Za-z0-9@_.-]/g, "_")}`;
    this.#files.set(file, { file, what, value });
    return file;
  }

  all(): Secret[] {
    return [...this.#files.values()];
  }
}
