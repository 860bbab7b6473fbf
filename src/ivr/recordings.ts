import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { isCode, VoxpostError } from "../errors.ts";
import { isNotFound } from "./ari-requests.ts";
import type { Asterisk } from "./asterisk.ts";

/** The recordings on one Asterisk's disk, as jobs and the sweep need them. Names as in custody/name.ts, without ending. */
export class Recordings {
  readonly #asterisk: Pick<Asterisk, "name" | "requests">;

  constructor(asterisk: Pick<Asterisk, "name" | "requests">) {
    this.#asterisk = asterisk;
  }

  /** Names of all finished and unfinished recordings below a folder. Cheap: 20,000 take 0.1 s. */
  async list(folder: string, signal?: AbortSignal): Promise<string[]> {
    const stored = await this.#asterisk.requests.get<{ name: string }[]>(
      "/recordings/stored",
      optional(signal),
    );
    return stored.map(({ name }) => name).filter((name) => name.startsWith(`${folder}/`));
  }

  async exists(name: string, signal?: AbortSignal): Promise<boolean> {
    return (await this.#asterisk.requests.find(stored(name), optional(signal))) !== undefined;
  }

  /** Being recorded over ARI at this moment. The dialplan's `Record()` does not show here: ask for its channel. */
  async isLive(name: string, signal?: AbortSignal): Promise<boolean> {
    const path = `/recordings/live/${encodeURIComponent(name)}`;
    return (await this.#asterisk.requests.find(path, optional(signal))) !== undefined;
  }

  async channelExists(id: string, signal?: AbortSignal): Promise<boolean> {
    const path = `/channels/${encodeURIComponent(id)}`;
    return (await this.#asterisk.requests.find(path, optional(signal))) !== undefined;
  }

  /** Ids of all channels that exist. */
  async channels(signal?: AbortSignal): Promise<string[]> {
    const channels = await this.#asterisk.requests.get<{ id: string }[]>("/channels", optional(signal));
    return channels.map(({ id }) => id);
  }

  /** The audio as it lies there; the stream must be read or destroyed. @throws RECORDING_GONE */
  async fetch(name: string, signal?: AbortSignal): Promise<Readable> {
    const response = await this.#about(name, () =>
      this.#asterisk.requests.stream("GET", `${stored(name)}/file`, optional(signal)),
    );
    return response.body ? Readable.fromWeb(response.body as ReadableStream) : Readable.from([]);
  }

  /** While the old one exists the new one is not to be trusted: Asterisk shows it before it is whole. @throws RECORDING_GONE */
  async copy(name: string, to: string, signal?: AbortSignal): Promise<void> {
    await this.#about(name, () =>
      this.#asterisk.requests.post(`${stored(name)}/copy`, {
        // Asterisk cuts what follows the last dot, of which names have many; without this it would cut a name in two.
        query: { destinationRecordingName: `${to}.wav` },
        ...optional(signal),
      }),
    );
  }

  /**
   * A copy to the new name, then removal of the old. After a failure both may exist, and whoever delivers takes the longer
   * one; the same renaming may be tried again. @throws RECORDING_GONE
   */
  async rename(name: string, to: string, signal?: AbortSignal): Promise<void> {
    // Done before, and only the answer was lost: what lies there is all that there is.
    if (!(await this.exists(name, signal)) && (await this.exists(to, signal))) return;
    // An interrupted attempt may have left half a copy.
    await this.remove(to, signal);
    await this.copy(name, to, signal);
    if (!(await this.exists(to, signal))) {
      throw new VoxpostError("RECORDING_GONE", `The copy of "${name}" is not where it was asked for`);
    }
    await this.remove(name, signal);
  }

  /**
   * For good. Removing what is gone succeeds.
   * @throws LOCKED when it is being recorded: Asterisk would destroy it without a word
   */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    if (await this.isLive(name, signal)) {
      throw new VoxpostError("LOCKED", `"${name}" is still being recorded`, { context: { name } });
    }
    await this.#asterisk.requests.delete(stored(name), optional(signal)).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  async #about<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isCode(error, "ASTERISK_REFUSED") || !isNotFound(error)) throw error;
      throw new VoxpostError(
        "RECORDING_GONE",
        `"${name}" is not on the disk of Asterisk ${this.#asterisk.name}`,
        {
          cause: error,
          context: { name, asterisk: this.#asterisk.name },
        },
      );
    }
  }
}

function stored(name: string): string {
  return `/recordings/stored/${encodeURIComponent(name)}`;
}

function optional(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
