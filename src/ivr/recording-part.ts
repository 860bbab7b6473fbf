import { isCode, VoxpostError } from "../errors.ts";
import { RATE, wavHeader } from "../model/wav.ts";
import type { AriRecording } from "./ari-events.ts";
import { isNotFound } from "./ari-requests.ts";
import type { Asterisk } from "./asterisk.ts";
import type { RecordOptions } from "./call.ts";

/** How often a recording is asked for whose end was not reported. */
const WATCH_MS = 15_000;
/** How long after a hang-up Asterisk may take to report the end, and after a stop until it is asked once more. */
const END_MS = 2_000;
/** How long a recording's file may take to exist. */
const BEGIN_MS = 2_000;
/** Everything is recorded in the format that needs no decoding; the deposit chooses what is stored. */
const FORMAT = "wav";

export interface RecordedCall {
  readonly asterisk: Asterisk;
  readonly channel: string;
  /** Aborted when the caller has hung up. */
  readonly signal: AbortSignal;
}

export interface PartOptions extends Pick<RecordOptions, "maxSeconds" | "maxSilence"> {
  readonly overwrite: boolean;
  readonly onBegun: () => void;
}

export interface PartEnd {
  /** Whether a file was left on Asterisk's disk. */
  readonly exists: boolean;
  /** Asterisk said that there is no audio in it. */
  readonly isEmpty: boolean;
  readonly isGone: boolean;
  /** Whole seconds, rounded down; undefined when nobody reported the end. */
  readonly duration: number | undefined;
  readonly talking?: number;
}

/**
 * One ARI recording from its request to its end, which `stop` brings about. Resolves also when the end was never reported.
 * @throws VoxpostError RECORDING_NOT_STARTED; ASTERISK_UNREACHABLE
 */
export async function recordPart(
  call: RecordedCall,
  name: string,
  options: PartOptions,
  stop: AbortSignal,
): Promise<PartEnd> {
  const { requests, events } = call.asterisk;
  const path = encodeURIComponent(name);
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let isOver = false;
  let report: (recording: AriRecording | undefined) => void = () => {};
  const ended = new Promise<AriRecording | undefined>((resolve) => {
    report = (recording) => {
      isOver = true;
      resolve(recording);
    };
  });
  const look = async () => {
    // Without an answer nothing is known; it is asked again.
    const live = await requests.find(`/recordings/live/${path}`).catch(() => null);
    if (live === undefined) report(undefined);
  };
  const askToStop = async () => {
    await requests.post(`/recordings/live/${path}/stop`).catch((error: unknown) => {
      if (!isNotFound(error)) call.asterisk.log.warn({ err: error, name }, "recording not stopped");
    });
  };
  // Until it is over: whoever is still being recorded goes on to speak, and would be heard by nobody.
  const stopIt = async () => {
    await begun;
    while (!isOver) {
      await askToStop();
      await Promise.race([ended, after(END_MS)]);
      if (!isOver) await look();
    }
  };
  const off = [
    events.on(`recording:${name}`, ({ type, recording }) => {
      if (type === "RecordingFinished" || type === "RecordingFailed") report(recording);
    }),
    // Before it has begun it is not live either. Nobody waits for that here: connecting would.
    call.asterisk.onUp(async () => void begun.then(look)),
    onAbort(stop, () => void stopIt()),
    // RecordingFinished comes before the end of the call is reported, but either may be missing.
    onAbort(call.signal, () => void after(END_MS).then(() => report(undefined))),
  ];
  try {
    const ask = () =>
      requests.post(`/channels/${encodeURIComponent(call.channel)}/record`, {
        query: {
          name,
          format: FORMAT,
          maxDurationSeconds: options.maxSeconds,
          maxSilenceSeconds: options.maxSilence,
          ifExists: options.overwrite ? "overwrite" : "fail",
          terminateOn: "#",
          beep: false,
        },
      });
    // Two that make the first folder of a mailbox in the same moment are in each other's way. The name is nobody else's.
    const asked = ask().catch((error: unknown) => {
      if (call.signal.aborted || !isCode(error, "ASTERISK_REFUSED") || isNotFound(error)) throw error;
      return ask();
    });
    // No answer is no refusal: a busy Asterisk may record all the same.
    await asked.catch(onlyUnreachable);
    const exists = await fileExists(call, path);
    if (!exists && !call.signal.aborted) {
      void askToStop();
      throw notStarted(call, name, "says that it records, but has no file");
    }
    if (exists) options.onBegun();
    begin();
    const watch = setInterval(() => void look(), WATCH_MS);
    const recording = await ended.finally(() => clearInterval(watch));
    return {
      exists: exists || (await fileExists(call, path)),
      isEmpty: recording?.duration === 0,
      isGone: false,
      duration: recording?.duration,
      ...(recording?.talking_duration === undefined ? {} : { talking: recording.talking_duration }),
    };
  } catch (error) {
    if (isCode(error, "ASTERISK_REFUSED")) throw notStarted(call, name, "refuses to record", error);
    // The caller went before it began: what there is counts.
    if (!isCode(error, "CALL_GONE")) throw error;
    return { exists: false, isEmpty: true, isGone: true, duration: 0 };
  } finally {
    for (const each of off) each();
  }
}

/**
 * Asterisk says 201 before there is a file, and also when there will never be one. While it does not answer, the recording goes
 * on without us, so the file is believed in: it would be worse to forget one.
 */
async function fileExists(call: RecordedCall, path: string): Promise<boolean> {
  const deadline = Date.now() + BEGIN_MS;
  for (;;) {
    const found = await call.asterisk.requests.find(`/recordings/stored/${path}`).catch(onlyUnreachable);
    if (found !== undefined) return true;
    if (Date.now() > deadline || call.signal.aborted) return false;
    await after(20);
  }
}

/**
 * What lies on Asterisk's disk of a part that is over, below 0 when that is not even a header; undefined where it cannot be known.
 * A disk that is full ends a recording like any other end, or is told of by nothing at all, when it only cost the last two seconds.
 */
export async function secondsWritten({ asterisk }: RecordedCall, name: string): Promise<number | undefined> {
  const path = `/recordings/stored/${encodeURIComponent(name)}/file`;
  const file = await asterisk.requests.stream("GET", path).catch(() => undefined);
  const bytes = file?.headers.get("content-length");
  await file?.body?.cancel();
  return bytes ? (Number(bytes) - wavHeader(0).length) / (2 * RATE) : undefined;
}

function notStarted({ asterisk }: RecordedCall, name: string, what: string, cause?: unknown): VoxpostError {
  const text = `Asterisk ${asterisk.name} ${what} "${name}": check its recording folder and the disk that it is on`;
  return new VoxpostError("RECORDING_NOT_STARTED", text, { context: { name }, cause });
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** Nothing is known of a recording while Asterisk does not answer; `null` is "unknown". */
function onlyUnreachable(error: unknown): null {
  if (isCode(error, "ASTERISK_UNREACHABLE")) return null;
  throw error;
}
