import { isCode, VoxpostError } from "../errors.ts";
import { RATE, wavHeader } from "../model/wav.ts";
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

/** When no RTP comes, as from phones with silence suppression, we go on for so long. */
const PATIENCE_SECONDS = 180;
/** Shorter than any word. */
const WORD_SECONDS = 0.1;
/** How often a recording is asked for whose end was not reported. */
const WATCH_MS = 15_000;
/** How long after a hang-up or a stop Asterisk may take to report the end. */
const END_MS = 2_000;
/** How long a recording's file may take to exist. */
const BEGIN_MS = 2_000;
/** Asterisk ends a recording for want of RTP after this many seconds, and not before. */
const PAUSE_SECONDS = 4;

/**
 * Records one take, in as many parts as the phone's pauses make of it. Asterisk does not say why a recording ended, and cuts
 * silence off its end; so the cause is told from the keys, the call, and the time that passed without sound.
 */
export async function record(
  call: RecorderCall,
  options: RecordOptions,
  onBegun: () => void,
): Promise<RecordResult> {
  const started = Date.now();
  const stopKey = listenForStopKey(call.keys, ["#", ...(options.stopKeys ?? [])]);
  const parts: string[] = [];
  let duration: number | undefined = 0;
  let talking: number | undefined;
  let isTalkKnown = true;
  let silence = 0;
  let isEmpty = false;
  const result = (ended: RecordResult["ended"]): RecordResult => ({
    parts,
    ended,
    duration,
    ...(ended === "key" ? { key: stopKey.key ?? "#" } : {}),
    ...(talking === undefined || !isTalkKnown ? {} : { talking }),
  });

  try {
    for (;;) {
      const name = options.name(parts.length);
      const left = options.maxSeconds - (Date.now() - started) / 1_000;
      const maxSeconds = options.maxSeconds === 0 ? 0 : Math.max(Math.ceil(left), 1);
      const partStarted = Date.now();
      const asked: PartOptions = { ...options, maxSeconds, overwrite: isEmpty, onBegun };
      const end: PartEnd | undefined = await recordPart(call, name, asked, stopKey.pressed).catch(
        (error: unknown) => {
          if (parts.length === 0 || !isCode(error, "RECORDING_NOT_STARTED")) throw error;
          return tellFault(call, error);
        },
      );
      if (!end) return result("fault");
      // Nobody reported the end, as while our socket was down: the file tells.
      const isUnreported = end.duration === undefined && !call.signal.aborted;
      let written = isUnreported ? await secondsWritten(call, name) : undefined;
      const length = end.duration ?? (written === undefined ? undefined : Math.max(written, 0));
      if (end.talking !== undefined) talking = (talking ?? 0) + end.talking;
      else isTalkKnown &&= length === 0;
      const lasted = (Date.now() - partStarted) / 1_000;
      const soundless = lasted - (length ?? lasted);
      silence = length === 0 ? silence + soundless : soundless;

      const cause = causeOf(end, {
        key: stopKey.key,
        isGone: call.signal.aborted,
        maxSeconds,
        seconds: length ?? lasted,
        silence,
        options,
      });
      // After a hang-up there is nobody to tell.
      const isMeasured = cause ? cause !== "hangup" : end.isEmpty;
      if (isMeasured) written ??= await secondsWritten(call, name);
      // An empty part is recorded over, or a long pause would leave a file every five seconds. Asterisk calls a single word empty, too.
      isEmpty = end.isEmpty && cause === undefined && written !== undefined && written < WORD_SECONDS;
      // With a limit of silence Asterisk counts up to a second that it has cut off again.
      const least = Math.max((end.duration ?? 0) - (options.maxSilence > 0 ? 1 : 0), 0);
      const isCut = isMeasured && written !== undefined && written < least;
      if (end.exists && (isCut || !isEmpty)) parts.push(name);
      const seconds = isCut ? Math.max(Math.floor(written ?? 0), 0) : (written ?? (length || undefined));
      duration = duration === undefined || seconds === undefined ? undefined : duration + seconds;
      if (isCut) {
        tellFault(call, cutShort(call, name, written ?? 0));
        return result("fault");
      }
      if (cause) return result(cause);
      call.asterisk.log.info({ channel: call.channel, part: name }, "pause in the audio; recording goes on");
    }
  } finally {
    stopKey.stopListening();
  }
}

interface PartOptions extends RecordOptions {
  readonly overwrite: boolean;
  readonly onBegun: () => void;
}

interface PartEnd {
  /** Whether a file was left on Asterisk's disk. */
  readonly exists: boolean;
  /** Asterisk said that there is no audio in it. */
  readonly isEmpty: boolean;
  readonly isGone: boolean;
  /** Seconds, rounded up; undefined when nobody reported the end. */
  readonly duration: number | undefined;
  readonly talking?: number;
}

interface Situation {
  readonly key: Key | undefined;
  readonly isGone: boolean;
  readonly maxSeconds: number;
  /** Of this part. */
  readonly seconds: number;
  /** Seconds without sound at the end of what was recorded so far. */
  readonly silence: number;
  readonly options: RecordOptions;
}

/** Undefined when it was only a pause. */
function causeOf(
  end: PartEnd,
  { key, isGone, maxSeconds, seconds, silence, options }: Situation,
): RecordResult["ended"] | undefined {
  if (key) return "key";
  if (isGone || end.isGone) return "hangup";
  if (maxSeconds > 0 && seconds + silence >= maxSeconds) return "limit";
  // Too soon for a pause: a key that was not reported either.
  if (end.duration === undefined && silence < PAUSE_SECONDS) return "key";
  // Durations are rounded up.
  if (options.maxSilence > 0 && silence >= options.maxSilence - 1) return "silence";
  return silence > PATIENCE_SECONDS ? "silence" : undefined;
}

function listenForStopKey(keys: Keys, stopKeys: readonly Key[]) {
  const pressed = new AbortController();
  const listening = {
    key: undefined as Key | undefined,
    pressed: pressed.signal,
    stopListening: keys.listen((key) => {
      if (!stopKeys.includes(key)) return false;
      listening.key = key;
      pressed.abort();
      return true;
    }),
  };
  return listening;
}

/** One ARI recording from its request to its end. Resolves also when the end was never reported. */
async function recordPart(
  call: RecorderCall,
  name: string,
  options: PartOptions,
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
    const asked = requests.post(`/channels/${encodeURIComponent(call.channel)}/record`, {
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
    // No answer is no refusal: a busy Asterisk may record all the same.
    await asked.catch(onlyUnreachable);
    const exists = await fileExists(call, path);
    if (!exists && !call.signal.aborted) {
      stopNow();
      throw notStarted(call, name, "says that it records, but has no file");
    }
    if (exists) options.onBegun();
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

/** Everything is recorded in the format that needs no decoding; the deposit chooses what is stored. */
const FORMAT = "wav";

/**
 * Asterisk says 201 before there is a file, and also when there will never be one. While it does not answer, the recording goes
 * on without us, so the file is believed in: it would be worse to forget one.
 */
async function fileExists(call: RecorderCall, path: string): Promise<boolean> {
  const deadline = Date.now() + BEGIN_MS;
  for (;;) {
    const found = await call.asterisk.requests.find(`/recordings/stored/${path}`).catch(onlyUnreachable);
    if (found !== undefined) return true;
    if (Date.now() > deadline || call.signal.aborted) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * What lies on Asterisk's disk of a part that is over, below 0 when that is not even a header; undefined where it cannot be known.
 * A disk that is full ends a recording like any other end, or is told of by nothing at all, when it only cost the last two seconds.
 */
async function secondsWritten({ asterisk }: RecorderCall, name: string): Promise<number | undefined> {
  const path = `/recordings/stored/${encodeURIComponent(name)}/file`;
  const file = await asterisk.requests.stream("GET", path).catch(() => undefined);
  const bytes = file?.headers.get("content-length");
  await file?.body?.cancel();
  return bytes ? (Number(bytes) - wavHeader(0).length) / (2 * RATE) : undefined;
}

function notStarted({ asterisk }: RecorderCall, name: string, what: string, cause?: unknown): VoxpostError {
  const text = `Asterisk ${asterisk.name} ${what} "${name}": check its recording folder and the disk that it is on`;
  return new VoxpostError("RECORDING_NOT_STARTED", text, { context: { name }, cause });
}

function cutShort({ asterisk }: RecorderCall, name: string, written: number): VoxpostError {
  const text = `Asterisk ${asterisk.name} wrote only ${Math.max(written, 0)} s of "${name}": is the disk full that it records to?`;
  return new VoxpostError("RECORDING_CUT", text, { context: { name } });
}

/** What was written before counts. */
function tellFault({ asterisk, channel }: RecorderCall, error: VoxpostError): undefined {
  asterisk.log.error(
    { err: error, call: channel },
    "Asterisk does not write what is said; the caller is told",
  );
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
