import { setTimeout as sleep } from "node:timers/promises";
import { VoxpostError } from "../errors.ts";
import type { Counts } from "../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Asterisk } from "./asterisk.ts";

/** Phones that blink once a second are enough. */
const GAP_MS = 1_000;

interface Lamp {
  wanted: Counts;
  /** What Asterisk was told last. */
  told: Counts | undefined;
  /** When it may be told next, milliseconds since 1970. */
  notBefore: number;
  busy: Promise<void> | undefined;
}

/** The message waiting lamps of one Asterisk. It holds no counts over a restart, so neither do we over a reconnect. */
export class Lamps {
  readonly #asterisk: Asterisk;
  readonly #lamps = new Map<string, Lamp>();
  readonly #closing = new AbortController();
  /** Whether `/mailboxes` answers; often it is not built. Asked anew after each connect. */
  #hasMailboxes: boolean | undefined;

  constructor(asterisk: Asterisk) {
    this.#asterisk = asterisk;
    asterisk.onUp(async () => this.forget());
  }

  /**
   * Resolves when Asterisk has been told these counts, or newer ones. Nothing is sent when they are what it knows; a
   * mailbox is told at most once a second, the last counts win.
   * @throws VoxpostError ASTERISK_UNREACHABLE, ASTERISK_REFUSED, ABORTED after `close`
   */
  publish(mailbox: MailboxAddress, counts: Counts): Promise<void> {
    const name = formatMailbox(mailbox);
    const lamp = this.#lamps.get(name) ?? { wanted: counts, told: undefined, notBefore: 0, busy: undefined };
    lamp.wanted = counts;
    this.#lamps.set(name, lamp);
    lamp.busy ??= this.#tell(name, lamp).finally(() => {
      lamp.busy = undefined;
    });
    return lamp.busy;
  }

  /** Asterisk may have forgotten the counts: the next `publish` of each mailbox is sent whatever it says. */
  forget(): void {
    this.#hasMailboxes = undefined;
    for (const lamp of this.#lamps.values()) lamp.told = undefined;
  }

  close(): void {
    this.#closing.abort();
  }

  async #tell(name: string, lamp: Lamp): Promise<void> {
    while (!lamp.told || !same(lamp.told, lamp.wanted)) {
      await this.#wait(lamp.notBefore - Date.now());
      const counts = lamp.wanted;
      await this.#send(name, counts);
      lamp.told = counts;
      lamp.notBefore = Date.now() + GAP_MS;
    }
  }

  async #wait(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return;
    await sleep(milliseconds, undefined, { signal: this.#closing.signal, ref: false }).catch(
      (error: unknown) => {
        throw VoxpostError.from(error, "ABORTED", "Lamps are no longer lit: the program ends");
      },
    );
  }

  async #send(name: string, counts: Counts): Promise<void> {
    const { requests } = this.#asterisk;
    const signal = this.#closing.signal;
    this.#hasMailboxes ??= (await requests.find("/mailboxes", { signal })) !== undefined;
    if (this.#hasMailboxes) {
      await requests.put(`/mailboxes/${encodeURIComponent(name)}`, {
        query: { newMessages: counts.new + counts.urgent, oldMessages: counts.old },
        signal,
      });
      return;
    }
    await requests.post("/channels", {
      // The other half of the channel is never answered, so its extension is never run.
      query: {
        endpoint: "Local/mwi@voxpost-internal",
        context: "voxpost-internal",
        extension: "mwi",
        timeout: 5,
      },
      body: {
        variables: {
          VOXPOST_MAILBOX: name,
          VOXPOST_URGENT: String(counts.urgent),
          VOXPOST_NEW: String(counts.new),
          VOXPOST_OLD: String(counts.old),
        },
      },
      signal,
    });
  }
}

function same(a: Counts, b: Counts): boolean {
  return a.urgent === b.urgent && a.new === b.new && a.old === b.old;
}
