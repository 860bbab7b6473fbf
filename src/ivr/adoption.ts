import { channelField, ROOT } from "../custody/name.ts";
import type { AriChannel } from "./ari-events.ts";
import type { Asterisk } from "./asterisk.ts";
import { Recordings } from "./recordings.ts";

/** What a call says that another program has let go of, instead of the entry and its arguments. */
export const ADOPTED = "adopted";

/** How often the calls of other programs are looked at, milliseconds: at least twice while a switch of 9 s or more is overdue. */
const LOOK_MS = 1_500;

/**
 * A program renews the dead man's switch of its calls every third of its time. Where no more than this share of it is left, two
 * renewals are missing: it has died, or stands still.
 */
const OVERDUE = 0.35;

/**
 * Looks after the calls of other programs on the same Asterisk. Of one whose program has died it keeps the dead man's switch from
 * striking while its caller speaks, and takes it over when that ends: `POST /channels/{id}/move` waits for a recording.
 */
export class Adoption {
  readonly #asterisk: Asterisk;
  /** Calls that are being moved to us, and the seconds of their dead man's switch. */
  readonly #coming = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(asterisk: Asterisk) {
    this.#asterisk = asterisk;
    asterisk.events.on("type:StasisStart", ({ application, channel }) => {
      if (application === asterisk.app && channel) this.#coming.delete(channel.id);
    });
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Never rejects: while Asterisk does not answer nothing can be done. */
  async #look(): Promise<void> {
    if (this.#looking || this.#asterisk.state !== "up") return;
    this.#looking = true;
    try {
      const channels = await this.#asterisk.requests.get<AriChannel[]>("/channels");
      const others = channels.filter((channel) => this.#isOfAnother(channel)).map(({ id }) => id);
      for (const id of this.#coming.keys()) if (!others.includes(id)) this.#coming.delete(id);
      for (const id of others) await this.#lookAfter(id);
    } catch (error) {
      this.#asterisk.log.debug({ err: error }, "calls of other programs not looked at");
    } finally {
      this.#looking = false;
    }
  }

  #isOfAnother({ dialplan }: AriChannel): boolean {
    const [app = ""] = dialplan?.app_data.split(",") ?? [];
    return dialplan?.app_name === "Stasis" && app.startsWith("voxpost-") && app !== this.#asterisk.app;
  }

  async #lookAfter(id: string): Promise<void> {
    const known = this.#coming.get(id);
    if (known !== undefined) {
      // It waits for the end of a recording, and for nothing else: otherwise the switch is to strike, or nobody would lead it on.
      if (await this.#isRecorded(id)) await this.#renew(id, known);
      return;
    }
    const [seconds = 0, until, left] = await Promise.all([
      this.#number(id, "VOXPOST_WATCHDOG"),
      this.#number(id, "VOXPOST_UNTIL"),
      this.#number(id, "TIMEOUT(absolute)"),
    ]);
    // The site's own limit comes first, and is nobody's death.
    if (until && until - Date.now() / 1_000 < seconds) return;
    if (!left || left > OVERDUE * seconds) return;
    const { app, log, requests } = this.#asterisk;
    log.warn({ call: id }, "the program of this call does not look after it: taken over");
    // So that others find it renewed.
    await this.#renew(id, seconds);
    this.#coming.set(id, seconds);
    await requests.post(`/channels/${encodeURIComponent(id)}/move`, { query: { app, appArgs: ADOPTED } });
  }

  async #isRecorded(id: string): Promise<boolean> {
    const recordings = new Recordings(this.#asterisk);
    const names = (await recordings.list(ROOT)).filter((name) => name.includes(`~${channelField(id)}~`));
    const live = await Promise.all(names.map((name) => recordings.isLive(name)));
    return live.includes(true);
  }

  /** Read, so that it is done at once, also while the channel is recorded (channel-call.ts). */
  async #renew(id: string, seconds: number): Promise<void> {
    await this.#number(id, `SET(TIMEOUT(absolute)=${seconds})`);
  }

  /** Undefined also where it is 0, or the call is gone. */
  async #number(id: string, variable: string): Promise<number | undefined> {
    const path = `/channels/${encodeURIComponent(id)}/variable`;
    const found = await this.#asterisk.requests.find<{ value: string }>(path, { query: { variable } });
    return Number(found?.value) || undefined;
  }
}
