import type { Counts } from "../../src/model/folder.ts";
import type { Request, Route } from "./api.ts";
import { Applications } from "./applications.ts";
import { Channel } from "./channel.ts";
import { Line, type SiteExtension } from "./dialplan.ts";
import { Faults } from "./faults.ts";
import type { Playback } from "./playback.ts";
import type { Recording } from "./recording.ts";
import { channelRoutes } from "./routes-channels.ts";
import { playbackRoutes, recordingRoutes } from "./routes-media.ts";
import { systemRoutes } from "./routes-system.ts";
import { type AriServer, startAriServer } from "./server.ts";
import { Sounds } from "./sounds.ts";
import { Spool } from "./spool.ts";

export interface SimulationOptions {
  /** Stasis applications that the dialplan tries, in this order. Default: `voxpost-lab`. */
  readonly instances?: readonly string[];
  /** Seconds of the dead man's switch. Default 15. */
  readonly watchdog?: number;
  /** Whether `/mailboxes` works. Default: it does not, as in most builds. */
  readonly mailboxes?: boolean;
}

/**
 * An Asterisk without telephones: ARI over real HTTP and WebSocket, a spool, and the dialplan that Voxpost ships. It lives
 * by the global timers and Date, so with those faked (clock.ts) a test says what time it is, and without it runs in real time.
 */
export class SimulatedAsterisk {
  readonly options: Required<SimulationOptions>;
  readonly faults = new Faults();
  readonly applications = new Applications(this.faults);
  readonly sounds = new Sounds();
  readonly spool = new Spool();
  readonly channels = new Map<string, Channel>();
  readonly playbacks = new Map<string, Playback>();
  readonly recordings = new Map<string, Recording>();
  /** The site's dialplan, by `context/extension`. */
  readonly site = new Map<string, SiteExtension>();
  /** What phones that subscribed to a mailbox show. */
  readonly lamps = new Map<string, Counts>();
  readonly bridges = new Set<string>();
  readonly startedAt = new Date();
  #calls = 0;

  constructor(options: SimulationOptions = {}) {
    this.options = { instances: ["voxpost-lab"], watchdog: 15, mailboxes: false, ...options };
  }

  routes(): Route[] {
    return [...systemRoutes(this), ...channelRoutes(this), ...playbackRoutes(this), ...recordingRoutes(this)];
  }

  hasExtension(context: string, extension: string): boolean {
    return this.site.has(`${context}/${extension}`);
  }

  /** A call arrives in the dialplan. */
  call(
    context: string,
    extension: string,
    caller: { name: string; number: string },
    onHeard: (media: string) => void = () => {},
  ): Channel {
    const serial = this.#calls++;
    const channel = new Channel({
      id: `${Math.floor(Date.now() / 1_000)}.${serial}`,
      name: `PJSIP/phone-${serial.toString(16).padStart(8, "0")}`,
      caller,
      context,
      extension,
      send: (...event) => this.applications.send(...event),
      onHeard,
      onGone: () => this.channels.delete(channel.id),
    });
    this.channels.set(channel.id, channel);
    const { instances, watchdog } = this.options;
    const isActive = (app: string) => this.applications.isActive(app);
    const options = { instances, watchdog, site: this.site };
    const line = new Line(channel, { sounds: this.sounds, spool: this.spool, isActive, options });
    void line.run();
    return channel;
  }

  /** What the program originates: Local channels into `[voxpost-internal]`. */
  originate(request: Request): unknown {
    const { variables } = request;
    const extension = request.get("extension") || request.get("endpoint").replace(/^Local\/([^@]*).*$/, "$1");
    if (extension === "mwi") {
      const count = (name: string) => Number(variables[name] ?? 0);
      this.setLamp(variables.VOXPOST_MAILBOX ?? "", {
        urgent: count("VOXPOST_URGENT"),
        new: count("VOXPOST_NEW"),
        old: count("VOXPOST_OLD"),
      });
    }
    if (extension === "forget")
      void this.sounds.length(`sound:${variables.VOXPOST_MEDIA}`, () => Buffer.alloc(0));
    const id = `${Math.floor(Date.now() / 1_000)}.${this.#calls++}`;
    return new Channel({
      id,
      name: `Local/${extension}@voxpost-internal-00000001;1`,
      caller: { name: "", number: "" },
      context: "voxpost-internal",
      extension,
      send: () => {},
    });
  }

  setLamp(mailbox: string, counts: Counts): void {
    this.lamps.set(mailbox, counts);
  }
}

/** Starts a simulated Asterisk's ARI on a free port of 127.0.0.1. */
export async function startSimulatedAsterisk(
  options: SimulationOptions = {},
): Promise<{ asterisk: SimulatedAsterisk; ari: AriServer }> {
  const asterisk = new SimulatedAsterisk(options);
  const ari = await startAriServer(asterisk.routes(), asterisk.applications, asterisk.faults);
  return { asterisk, ari };
}
