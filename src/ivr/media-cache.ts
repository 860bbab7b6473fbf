import { isCode } from "../errors.ts";
import type { Asterisk } from "./asterisk.ts";
import type { Media, Published } from "./media.ts";
import type { SoundUrls } from "./prompts.ts";

/**
 * Audio for one Asterisk, and what it must not keep of it.
 *
 * Asterisk's HTTP media cache keeps every file that it fetched, even over a restart. It removes a file when the same URL is
 * asked for again, is stale (`no-store`), and the new fetch fails; so a withdrawn URL is played once more, to an
 * empty bridge, and answered with 410. A withdrawal has worked when that request arrived here.
 */
export class MediaCache implements SoundUrls {
  readonly #asterisk: Asterisk;
  readonly #media: Media;
  readonly #bridge: string;
  /** Withdrawn while Asterisk was away; tried again after the next connect. */
  readonly #left = new Set<Withdrawal>();

  constructor(asterisk: Asterisk, media: Media) {
    this.#asterisk = asterisk;
    this.#media = media;
    this.#bridge = `${asterisk.app}-forget`;
    asterisk.onUp(async () => {
      const left = [...this.#left];
      this.#left.clear();
      await Promise.all(left.map((withdrawal) => this.#forget(withdrawal)));
    });
  }

  siteSound(prompt: string): string | undefined {
    return this.#media.siteSound(prompt);
  }

  ourSound(language: string, name: string): string {
    return this.#media.ourSound(language, name);
  }

  silence(milliseconds: number): string {
    return this.#media.silence(milliseconds);
  }

  publish(path: string, contentType: string): Published {
    const published = this.#media.publish(path, contentType);
    return {
      url: published.url,
      get bytesServed() {
        return published.bytesServed;
      },
      get served() {
        return published.served;
      },
      fetched: () => published.fetched(),
      withdraw: async () => {
        const told = published.withdraw();
        // Also when the caller went just as Asterisk had asked: it fetches to the end, and keeps what it got.
        if (await published.fetched()) await this.#forget({ url: published.url, told });
      },
    };
  }

  async #forget(withdrawal: Withdrawal): Promise<void> {
    const { requests, log } = this.#asterisk;
    const play = () =>
      requests.post(`/bridges/${this.#bridge}/play`, { query: { media: `sound:${withdrawal.url}` } });
    try {
      await play().catch(async (error: unknown) => {
        if (!isCode(error, "ASTERISK_REFUSED") || error.context.status !== 404) throw error;
        await requests.post(`/bridges/${this.#bridge}`, { query: { name: this.#bridge } });
        await play();
      });
      await within(FORGET_MS, withdrawal.told);
    } catch (error) {
      this.#left.add(withdrawal);
      log.warn(
        { err: error },
        "Asterisk may keep a copy of a message in its media cache until the next connect",
      );
    }
  }
}

interface Withdrawal {
  readonly url: string;
  readonly told: Promise<void>;
}

const FORGET_MS = 10_000;

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not asked for within ${milliseconds} ms`)), milliseconds);
  });
  await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
