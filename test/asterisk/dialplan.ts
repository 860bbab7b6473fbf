import { formatName, newId } from "../../src/custody/name.ts";
import { isMailboxName, parseMailbox } from "../../src/model/mailbox.ts";
import type { Channel } from "./channel.ts";
import { Playback } from "./playback.ts";
import { Recording } from "./recording.ts";
import type { Sounds } from "./sounds.ts";
import type { Spool } from "./spool.ts";

/**
 * What config/asterisk/extensions-voxpost.conf does, modelled and not parsed: entries, instances tried in turn, the dead
 * man's switch, and the recording without the program. test/asterisk/compare.test.ts holds it against the real one.
 */
interface DialplanOptions {
  /** Stasis applications, in the order in which they are tried. */
  readonly instances: readonly string[];
  /** Seconds after which a caller whose program is silent is led on. */
  readonly watchdog: number;
  /** The site's own extensions, by `context/extension`. */
  readonly site: ReadonlyMap<string, SiteExtension>;
}

export type SiteExtension = (line: Line) => Promise<void>;

interface Parts {
  readonly sounds: Sounds;
  readonly spool: Spool;
  readonly isActive: (app: string) => boolean;
  readonly options: DialplanOptions;
}

/** Entries of the subroutine, each with what its result variables are before the program sets them. */
const RESULTS = {
  deposit: { VMSTATUS: "FAILED" },
  retrieve: {},
  authenticate: { AUTH_MAILBOX: "", AUTH_CONTEXT: "" },
  play: { VOICEMAIL_PLAYBACKSTATUS: "FAILED" },
  directory: { DIRECTORY_RESULT: "FAILED", DIRECTORY_EXTEN: "" },
  sayname: {},
} as const;
export type Entry = keyof typeof RESULTS;

/** The caller has gone: nothing further of the dialplan runs. */
class Gone extends Error {}

/** A call in the dialplan, with the applications that its extensions use. */
export class Line {
  readonly channel: Channel;
  readonly #parts: Parts;

  constructor(channel: Channel, parts: Parts) {
    this.channel = channel;
    this.#parts = parts;
  }

  /** Runs the extension that was dialled, and hangs up behind it. */
  async run(): Promise<void> {
    try {
      await this.goto(this.channel.place.context, this.channel.place.extension);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    } finally {
      this.channel.hangUp();
    }
  }

  exists(context: string, extension: string): boolean {
    return this.#parts.options.site.has(`${context}/${extension}`);
  }

  async goto(context: string, extension: string): Promise<void> {
    this.channel.place = { context, extension };
    await this.#parts.options.site.get(`${context}/${extension}`)?.(this);
  }

  /** True when the application had the call and gave it back. */
  async stasis(app: string, args: readonly string[]): Promise<boolean> {
    if (!this.#parts.isActive(app)) return false;
    const way = await this.channel.stasis(app, args);
    this.#check();
    return way === "continued";
  }

  async wait(seconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await this.channel.enqueue({
      run: () =>
        new Promise((resolve) => {
          timer = setTimeout(resolve, seconds * 1_000);
        }),
      interrupt: () => clearTimeout(timer),
    });
    this.#check();
  }

  async playback(...media: string[]): Promise<void> {
    const { length } = this.#parts.sounds;
    const options = {
      id: newId(),
      media: media.map((sound) => `sound:${sound}`),
      length: (uri: string) => length.call(this.#parts.sounds, uri, (name) => this.#parts.spool.read(name)),
    };
    await this.channel.enqueue(new Playback(this.channel, options));
    this.#check();
  }

  async record(name: string, maxSeconds: number): Promise<void> {
    const options = { name, format: "wav", maxSeconds, maxSilence: 0, terminateOn: "#" };
    await this.channel.enqueue(new Recording(this.channel, this.#parts.spool, options));
    this.#check();
  }

  /** `Gosub(voxpost,ENTRY,1(MAILBOX,OPTIONS,DETAIL))`. */
  async gosub(entry: Entry, mailbox: string, options = "", detail = ""): Promise<void> {
    const { channel } = this;
    channel.variables.set("VOXPOST_CONTEXT", channel.place.context).set("VOXPOST_UNTIL", "0");
    channel.variables.set("VOXPOST_WATCHDOG", String(this.#parts.options.watchdog));
    for (const [name, value] of Object.entries(RESULTS[entry])) channel.variables.set(name, value);
    const harmless = /^[0-9A-Za-z_.+@&-]*$/.test(mailbox);
    if (!harmless && entry === "deposit") return;
    const args = [entry, harmless ? mailbox : "", options.replace(/[^0-9A-Za-z_.+@/()-]/g, ""), detail];
    if (await this.#tryInstances(args)) {
      await this.#back();
      if (entry === "authenticate" && channel.variables.get("AUTH_MAILBOX") === "") {
        await this.playback("vm-goodbye");
        throw new Gone();
      }
    } else {
      channel.setTimeout(0);
      channel.variables.set("VOXPOST_STATUS", "FALLBACK");
      if (entry === "deposit") await this.#recordHere(mailbox);
      else await this.playback("im-sorry", "please-try-call-later");
    }
  }

  /** Whether one of the instances served the call. */
  async #tryInstances(args: readonly string[]): Promise<boolean> {
    const { channel } = this;
    const { instances, watchdog } = this.#parts.options;
    for (const app of instances) {
      channel.variables.set("VOXPOST_STATUS", "").set("VOXPOST_GOTO", "");
      channel.setTimeout(watchdog);
      if (!this.#parts.isActive(app)) continue;
      const way = await channel.stasis(app, args);
      this.#check();
      const status = channel.variables.get("VOXPOST_STATUS");
      if (way === "timeout" ? status === "SERVED" : status !== "DECLINED") return true;
    }
    return false;
  }

  /** Behind the Gosub, or where the program said. */
  async #back(): Promise<void> {
    this.channel.setTimeout(0);
    const [context = "", extension = ""] = (this.channel.variables.get("VOXPOST_GOTO") ?? "").split(",");
    if (!this.exists(context, extension)) return;
    await this.goto(context, extension);
    throw new Gone();
  }

  /** Records without the program, under a name that its sweep delivers by. */
  async #recordHere(mailbox: string): Promise<void> {
    const recipients = mailbox
      .split("&")
      .filter((one) => one.split("@").every(isMailboxName))
      .map((one) => parseMailbox(one));
    const [first] = recipients;
    if (!first) return;
    const { channel } = this;
    await this.playback(
      "vm-theperson",
      ...[...first.mailbox].map((digit) => `digits/${digit}`),
      "vm-isunavail",
    );
    await this.playback("vm-intro");
    channel.answer();
    await this.playback("beep");
    channel.variables.set("VMSTATUS", "SUCCESS");
    const name = formatName({
      state: "deposit",
      recipients,
      id: newId(),
      channel: channel.id,
      startedAt: new Date(),
      caller: channel.caller,
      urgent: false,
      priority: false,
      take: 0,
      part: 0,
    });
    await this.record(name, 600);
    await this.playback("auth-thankyou");
  }

  #check(): void {
    if (this.channel.gone) throw new Gone();
  }
}
