import { afterAll, beforeAll, beforeEach } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { type Phone, startPhone } from "../../lab/phone.ts";
import type { VoxpostError } from "../../src/errors.ts";
import type { CallHandler } from "../../src/ivr/app.ts";
import type { AriEvent } from "../../src/ivr/ari-events.ts";
import type { Call } from "../../src/ivr/call.ts";
import { createIvr, type Ivr } from "../../src/ivr/ivr.ts";
import { Media } from "../../src/ivr/media.ts";
import { createLogger } from "../../src/log.ts";
import { startWire, type Wire } from "./wire.ts";

/** A call that entered the program, handed to the test instead of to menus. */
interface HandedCall {
  readonly entry: string;
  readonly args: readonly string[];
  readonly call: Call;
  /** Ends the handler, so that the call is given back. */
  done(): void;
}

/** Our side of a real Asterisk, with a phone that rings it. */
export interface Rig {
  readonly lab: Lab;
  readonly asterisk: AsteriskLab;
  readonly media: Media;
  readonly ivr: Ivr;
  /** What our requests and events go through. */
  readonly wire: Wire;
  readonly phone: Phone;
  readonly events: AriEvent[];
  readonly replaced: VoxpostError[];
  /** Dials and resolves with the call that came in. */
  ring(extension?: string): Promise<HandedCall>;
  /** What the handler does with the next call, when it is not handed to the test. */
  handler: CallHandler | undefined;
  close(): Promise<void>;
}

/** One rig for all tests of the block. Where no Asterisk is to be had they are skipped, and say why. */
export function rigForAllTests(use: (rig: Rig) => void | Promise<void>): void {
  let started: Rig | { missing: string } | undefined;
  beforeAll(async () => {
    started = await startRig();
    if (!("missing" in started)) await use(started);
  });
  beforeEach(({ skip }) => {
    if (started && "missing" in started) skip(started.missing);
  });
  afterAll(async () => {
    if (started && "close" in started) await started.close();
  });
}

async function startRig(): Promise<Rig | { missing: string }> {
  const lab = await startLab({ servers: ["asterisk"] });
  if (!lab.asterisk) {
    await lab.stop();
    return { missing: lab.asteriskMissing ?? "no Asterisk" };
  }
  const { asterisk } = lab;
  const log = createLogger(process.env.VOXPOST_TEST_LOG ?? "silent");
  const media = new Media({ host: "127.0.0.1", port: 0, log });
  await media.listen();
  const wire = await startWire(asterisk.ari.url);
  const waiting: ((call: HandedCall) => void)[] = [];
  const events: AriEvent[] = [];
  const replaced: VoxpostError[] = [];
  const ivr = createIvr({
    server: { name: "lab", ...asterisk.ari, url: wire.url },
    instance: "lab",
    media,
    log,
    retryMs: [20, 500],
    timeoutMs: 1_000,
    onReplaced: (error) => replaced.push(error),
    handler: (entry, args, call) =>
      rig.handler?.(entry, args, call) ??
      new Promise<void>((done) => {
        call.signal.addEventListener("abort", () => done(), { once: true });
        waiting.shift()?.({ entry, args, call, done });
      }),
  });
  for (const type of ["PlaybackStarted", "PlaybackFinished", "StasisEnd"]) {
    ivr.asterisk.events.on(`type:${type}`, (event) => events.push(event));
  }
  ivr.start();
  await ivr.asterisk.whenUp(AbortSignal.timeout(10_000));
  const phone = await startPhone({ sip: asterisk.sip, number: "1002" });
  const rig: Rig = {
    lab,
    asterisk,
    media,
    ivr,
    wire,
    phone,
    events,
    replaced,
    handler: undefined,
    async ring(extension = "1001") {
      const coming = new Promise<HandedCall>((resolve) => waiting.push(resolve));
      await Promise.all([phone.dial(extension), coming.then(({ call }) => call.answer())]);
      return coming;
    },
    async close() {
      await phone.close();
      await ivr.close();
      await media.close();
      await wire.close();
      await lab.stop();
    },
  };
  return rig;
}

/** Media URIs that began to be heard since the list was last emptied. */
export function heard(rig: Rig): string[] {
  return rig.events.flatMap(({ type, playback }) =>
    type === "PlaybackStarted" && playback ? [playback.media_uri] : [],
  );
}
