import { isCode, VoxpostError } from "../errors.ts";
import type { AriRecording } from "./ari-events.ts";
import { isNotFound } from "./ari-requests.ts";
import type { Asterisk } from "./asterisk.ts";
import type { RecordOptions, RecordResult } from "./call.ts";
import type { Keys } from "./keys.ts";
import type { Key } from "./phrase.ts";

export interface RecorderCall {
  readonly asterisk: Asterisk;
  readonly channel: string;
  readonly keys: Keys;
  readonly signal: AbortSignal;
}

/** Asterisk ends a recording when no RTP came for 4 s, as from phones with silence suppression; this long we go on. */
const PATIENCE_SECONDS = 180;
/** How often a recording is asked for whose end was not reported. */
const WATCH_MS = 15_000;
/** How long after a hang-up or a stop Asterisk may take to report the end. */
const END_MS = 2_000;
/** How long a recording's file may take to exist. */
const BEGIN_MS = 2_000;

/** Records one take, in as many parts as the phone's pauses make of it. */
export async function record(call: RecorderCall, options: RecordOptions): Promise<RecordResult> {
  const started = Date.now();
  const parts: string[] = [];
  let duration = 0;
  let talking: number | undefined;
  let key: Key | undefined;
  let silentSince = started;
  const stopKeys: readonly Key[] = ["#", ...(options.stopKeys ?? [])];
  const keyPressed = new AbortController();
  const stopListening = call.keys.listen((pressed) => {
    if (!stopKeys.includes(pressed)) return false;
    key = pressed;
    keyPressed.abort();
    return true;
  });
  const result = (ended: RecordResult["ended"]): RecordResult => ({
    parts,
    ended,
    duration,
    ...(key && ended === "key" ? { key } : {}),
    ...(talking === undefined ? {} : { talking }),
  });

  try {
    for (;;) {
      const elapsed = (Date.now() - started) / 1_000;
      const left = options.maxSeconds === 0 ? 0 : Math.ceil(options.maxSeconds - elapsed);
      if (left < 0 || (left === 0 && options.maxSeconds > 0)) return result("limit");
      const name = options.name(parts.length);
      const end = await recordPart(call, name, { ...options, maxSeconds: left }, keyPressed.signal).catch(
        (error: unknown) => {
          // The caller went between two parts: what there is counts.
          if (isCode(error, "CALL_GONE")) return undefined;
          throw error;
        },
      );
      if (!end) return result("hangup");
      if (end.exists) parts.push(name);
      duration += end.duration;
      if (end.talking !== undefined) talking = (talking ?? 0) + end.talking;
      if (key) return result("key");
      if (call.signal.aborted) return result("hangup");
      if (isLimit(end, left)) return result("limit");
      if (isSilence(end, options.maxSilence)) return result("silence");
      if (end.duration > 0) silentSince = Date.now();
      if (Date.now() - silentSince > PATIENCE_SECONDS * 1_000) return result("silence");
      call.asterisk.log.info({ channel: call.channel, part: name }, "pause in the audio; recording goes on");
    }
  } finally {
    stopListening();
  }
}

interface PartEnd {
  /** Whether a file was left on Asterisk's disk. */
  readonly exists: boolean;
  readonly duration: number;
  readonly talking?: number;
  readonly silence?: number;
}

function isLimit(end: PartEnd, maxSeconds: number): boolean {
  return maxSeconds > 0 && end.duration >= maxSeconds;
}

function isSilence(end: PartEnd, maxSilence: number): boolean {
  return maxSilence > 0 && (end.silence ?? 0) >= maxSilence;
}

/** One ARI recording from its request to its end. Resolves also when the end was never reported. */
async function recordPart(
  call: RecorderCall,
  name: string,
  options: RecordOptions,
  stop: AbortSignal,
): Promise<PartEnd> {
  const { requests, events } = call.asterisk;
  const path = encodeURIComponent(name);
  let report: (recording: AriRecording | undefined) => void = () => {};
  const ended = new Promise<AriRecording | undefined>((resolve) => {
    report = resolve;
  });
  const look = async () => {
    const live = await requests.find(`/recordings/live/${path}`).catch(onlyUnreachable);
    if (live === undefined) report(undefined);
  };
  const giveUp = () => setTimeout(() => report(undefined), END_MS);
  const stopNow = () => {
    void requests.post(`/recordings/live/${path}/stop`).catch((error: unknown) => {
      if (!isNotFound(error)) call.asterisk.log.warn({ err: error, name }, "recording not stopped");
    });
    giveUp();
  };
  const off = [
    events.on(`recording:${name}`, ({ type, recording }) => {
      if (type === "RecordingFinished" || type === "RecordingFailed") report(recording);
    }),
    call.asterisk.onUp(look),
    onAbort(stop, stopNow),
    // RecordingFinished comes before the end of the call is reported, but either may be missing.
    onAbort(call.signal, giveUp),
  ];
  try {
    await requests.post(`/channels/${encodeURIComponent(call.channel)}/record`, {
      query: {
        name,
        format: FORMAT,
        maxDurationSeconds: options.maxSeconds,
        maxSilenceSeconds: options.maxSilence,
        ifExists: "fail",
        terminateOn: "#",
        beep: false,
      },
    });
    const exists = await fileExists(call, path);
    if (!exists && !call.signal.aborted) {
      stopNow();
      throw new VoxpostError(
        "RECORDING_NOT_STARTED",
        `Asterisk ${call.asterisk.name} records "${name}", but has no such file: check its recording folder and disk`,
        { context: { name } },
      );
    }
    const watch = setInterval(() => void look(), WATCH_MS);
    const recording = await ended.finally(() => clearInterval(watch));
    return {
      exists: exists || (await fileExists(call, path)),
      duration: recording?.duration ?? 0,
      ...(recording?.talking_duration === undefined ? {} : { talking: recording.talking_duration }),
      ...(recording?.silence_duration === undefined ? {} : { silence: recording.silence_duration }),
    };
  } finally {
    for (const each of off) each();
  }
}

/** Everything is recorded in the format that needs no decoding; the deposit chooses what is stored. */
const FORMAT = "wav";

/** Asterisk says 201 before there is a file, and also when there will never be one. */
async function fileExists(call: RecorderCall, path: string): Promise<boolean> {
  const deadline = Date.now() + BEGIN_MS;
  for (;;) {
    if (await call.asterisk.requests.find(`/recordings/stored/${path}`)) return true;
    if (Date.now() > deadline || call.signal.aborted) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
