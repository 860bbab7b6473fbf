import { WebSocket } from "ws";
import type { AsteriskLab } from "../lab/asterisk.ts";
import { waitUntil } from "../lab/processes.ts";
import { Sipp } from "../test/sipp/sipp.ts";

/** Caller numbers, one for each call, by which it is known in Asterisk and in the mail. */
const FIRST_NUMBER = 5_550_000_000;

/** How long after the last call Asterisk may take to tell of its end, milliseconds. */
const TOLD_MS = 15_000;

/** When each call was gone, milliseconds since 1970, by caller number. */
export type Ends = ReadonlyMap<string, number>;

/**
 * Telephones by the hundred: SIPp, which is none of ours and costs Asterisk what real ones cost. (Local channels cost it seven times
 * as much, as it must play the caller too.)
 */
export class Switchboard {
  readonly #asterisk: AsteriskLab;
  readonly #ends = new Map<string, number>();
  readonly #sipp: Sipp;
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(asterisk: AsteriskLab, sipp: Sipp) {
    const { url, user, password } = asterisk.ari;
    this.#asterisk = asterisk;
    this.#sipp = sipp;
    const query = new URLSearchParams({
      app: "bench",
      subscribeAll: "true",
      api_key: `${user}:${password}`,
    });
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/ari/events?${query}`);
    this.#socket.on("message", (data) => {
      const text = String(data);
      // Most events are of no use, and there are thousands.
      if (!text.includes('"ChannelDestroyed"')) return;
      const { channel } = JSON.parse(text) as { channel?: { caller: { number: string } } };
      if (channel) this.#ends.set(channel.caller.number, Date.now());
    });
  }

  /** Listens to Asterisk, which tells of the end of every call. @throws where there is no SIPp */
  static async open(asterisk: AsteriskLab): Promise<Switchboard> {
    const sipp = await Sipp.find(asterisk.sip, asterisk.spool);
    if (!sipp) throw new Error("this measurement needs SIPp, which is in the unpacked system only");
    const switchboard = new Switchboard(asterisk, sipp);
    const socket = switchboard.#socket;
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    socket.on("error", () => {}); // calls that are not seen to end are counted as faults
    return switchboard;
  }

  close(): void {
    this.#socket.terminate();
  }

  /** Makes an extension in the context of the lab's telephones, of one application a step. */
  async extension(name: string, steps: readonly string[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      const escaped = step.replaceAll(",", "\\,");
      await this.#asterisk.console(`dialplan add extension ${name},${index + 1},${escaped} into lab`);
    }
  }

  /**
   * Calls to each of `to`, `rate` of them begun in each second; `steps` are SIPp's. Resolves when all are over, to when each of them ended;
   * `told` hears what SIPp complains of, and such calls may be missing.
   */
  async calls(
    to: readonly string[],
    { steps, rate }: { steps: readonly string[]; rate: number },
    told: (words: string) => void,
  ): Promise<Ends> {
    const dials = to.map((extension) => ({ to: extension, caller: String(FIRST_NUMBER + this.#calls++) }));
    await this.#sipp
      .call(dials, steps, "call", rate)
      .catch((error: Error) => told(error.message.slice(0, 200)));
    // Asterisk tells of the last ones a little later.
    const isTold = () => dials.every(({ caller }) => this.#ends.has(caller));
    await waitUntil(isTold, TOLD_MS, "the ends of all calls").catch((error: Error) => told(error.message));
    const ends = dials.flatMap(({ caller }): [string, number][] => {
      const at = this.#ends.get(caller);
      return at === undefined ? [] : [[caller, at]];
    });
    for (const [caller] of ends) this.#ends.delete(caller);
    return new Map(ends);
  }
}
