import { isCode, VoxpostError } from "../errors.ts";
import type { RecordOptions, RecordResult } from "./call.ts";
import type { Keys } from "./keys.ts";
import type { Key } from "./phrase.ts";
import { type PartEnd, type RecordedCall, recordPart, secondsWritten } from "./recording-part.ts";

export interface RecorderCall extends RecordedCall {
  readonly keys: Keys;
}

/** When no RTP comes, as from phones with silence suppression, we go on for so long. */
const PATIENCE_SECONDS = 180;
/** Shorter than any word. */
const WORD_SECONDS = 0.1;
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
  const take = new Take(call, options, stopKey);
  try {
    for (;;) {
      const name = options.name(take.parts.length);
      const left = options.maxSeconds - secondsSince(started);
      const maxSeconds = options.maxSeconds === 0 ? 0 : Math.max(Math.ceil(left), 1);
      const asked = { maxSeconds, maxSilence: options.maxSilence, overwrite: take.isOpen, onBegun };
      const partStarted = Date.now();
      let end: PartEnd;
      try {
        end = await recordPart(call, name, asked, stopKey.pressed);
      } catch (error) {
        if (take.parts.length === 0 || !isCode(error, "RECORDING_NOT_STARTED")) throw error;
        tellFault(call, error);
        return take.result("fault");
      }
      const ended = await take.add(name, end, { lasted: secondsSince(partStarted), maxSeconds });
      if (ended) return take.result(ended);
      call.asterisk.log.info({ channel: call.channel, part: name }, "pause in the audio; recording goes on");
    }
  } finally {
    stopKey.stopListening();
  }
}

/** What was recorded so far. */
class Take {
  readonly parts: string[] = [];
  /** The last part is empty and is recorded over, or a long pause would leave a file every five seconds. */
  isOpen = false;
  readonly #call: RecorderCall;
  readonly #options: RecordOptions;
  readonly #stop: { readonly key: Key | undefined };
  /** Seconds; undefined when nobody knows. */
  #duration: number | undefined = 0;
  #talking: number | undefined;
  #isTalkKnown = true;
  /** Seconds without sound at its end. */
  #silence = 0;

  constructor(call: RecorderCall, options: RecordOptions, stop: { readonly key: Key | undefined }) {
    this.#call = call;
    this.#options = options;
    this.#stop = stop;
  }

  /** @returns why the take has ended; undefined when it was only a pause */
  async add(
    name: string,
    end: PartEnd,
    { lasted, maxSeconds }: { lasted: number; maxSeconds: number },
  ): Promise<RecordResult["ended"] | undefined> {
    // Nobody reported the end, as while our socket was down: the file tells.
    const isUnreported = end.duration === undefined && !this.#call.signal.aborted;
    let written = isUnreported ? await secondsWritten(this.#call, name) : undefined;
    const length = end.duration ?? (written === undefined ? undefined : Math.max(written, 0));
    if (end.talking !== undefined) this.#talking = (this.#talking ?? 0) + end.talking;
    else this.#isTalkKnown &&= length === 0;
    const soundless = lasted - (length ?? lasted);
    this.#silence = length === 0 ? this.#silence + soundless : soundless;

    const [silence, options, { key }] = [this.#silence, this.#options, this.#stop];
    const cause = causeOf(end, {
      key,
      isGone: this.#call.signal.aborted,
      maxSeconds,
      seconds: length ?? lasted,
      silence,
      options,
    });
    // After a hang-up there is nobody to tell.
    const isMeasured = cause ? cause !== "hangup" : end.isEmpty;
    if (isMeasured) written ??= await secondsWritten(this.#call, name);
    // Asterisk calls a single word empty, too.
    this.isOpen = end.isEmpty && cause === undefined && written !== undefined && written < WORD_SECONDS;
    // With a limit of silence Asterisk counts up to a second that it has cut off again.
    const least = Math.max((end.duration ?? 0) - (options.maxSilence > 0 ? 1 : 0), 0);
    const isCut = isMeasured && written !== undefined && written < least;
    if (end.exists && (isCut || !this.isOpen)) this.parts.push(name);
    // Asterisk rounds down, so 0 is up to a second; where there is no file, as after the end of the call, it is none.
    const reported = end.exists ? length || undefined : 0;
    const seconds = isCut ? Math.max(Math.floor(written ?? 0), 0) : (written ?? reported);
    if (this.#duration !== undefined)
      this.#duration = seconds === undefined ? undefined : this.#duration + seconds;
    if (!isCut) return cause;
    tellFault(this.#call, cutShort(this.#call, name, written ?? 0));
    return "fault";
  }

  result(ended: RecordResult["ended"]): RecordResult {
    return {
      parts: this.parts,
      ended,
      duration: this.#duration,
      ...(ended === "key" ? { key: this.#stop.key ?? "#" } : {}),
      ...(this.#talking === undefined || !this.#isTalkKnown ? {} : { talking: this.#talking }),
    };
  }
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
  // Durations are whole seconds.
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

function cutShort({ asterisk }: RecorderCall, name: string, written: number): VoxpostError {
  const text = `Asterisk ${asterisk.name} wrote only ${Math.max(written, 0)} s of "${name}": is the disk full that it records to?`;
  return new VoxpostError("RECORDING_CUT", text, { context: { name } });
}

/** What was written before counts. */
function tellFault({ asterisk, channel }: RecorderCall, error: VoxpostError): void {
  asterisk.log.error(
    { err: error, call: channel },
    "Asterisk does not write what is said; the caller is told",
  );
}

function secondsSince(start: number): number {
  return (Date.now() - start) / 1_000;
}
