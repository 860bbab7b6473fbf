import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Part, Recording, Take } from "../custody/takes.ts";
import { joinWavs, readWav, type Wav } from "../custody/wav.ts";
import { isCode, VoxpostError } from "../errors.ts";
import type { AudioSource } from "../model/message.ts";
import type { Recordings } from "./recordings.ts";

/** A take's audio in a file on this machine: parts joined, header repaired. */
export interface TakeAudio {
  readonly take: Take;
  /** The copies that the audio came from, one of each part that holds any. */
  readonly recordings: readonly [Recording, ...Recording[]];
  readonly source: AudioSource;
  readonly seconds: number;
}

/** A recording that is not RIFF/WAVE. */
export interface Broken {
  readonly recording: Recording;
  readonly error: VoxpostError;
}

/**
 * Fetches one take into a folder, which the caller removes. What is broken is told, and does not keep the rest from being heard.
 * @returns undefined when it holds no audio
 * @throws VoxpostError ASTERISK_UNREACHABLE
 */
export async function fetchTake(
  recordings: Recordings,
  take: Take,
  folder: string,
  onBroken: (broken: Broken) => void,
  signal: AbortSignal,
): Promise<TakeAudio | undefined> {
  const spoken: { recording: Recording; wav: Wav }[] = [];
  for (const part of take.parts) {
    const path = join(folder, `${take.number}-${part.number}`);
    const whole = await fetchPart(recordings, part, path, onBroken, signal);
    if (whole) spoken.push(whole);
  }
  const [first, ...more] = spoken;
  if (!first) return undefined;
  const path = join(folder, `${take.number}.wav`);
  await joinWavs([first.wav, ...more.map(({ wav }) => wav)], path);
  const seconds = spoken.reduce((sum, { wav }) => sum + wav.seconds, 0);
  return {
    take,
    recordings: [first.recording, ...more.map(({ recording }) => recording)],
    seconds,
    source: {
      kind: "voice",
      contentType: "audio/wav",
      duration: Math.round(seconds),
      open: async () => createReadStream(path),
    },
  };
}

/** The longest of a part's copies: a shorter one was interrupted. */
async function fetchPart(
  recordings: Recordings,
  part: Part,
  path: string,
  onBroken: (broken: Broken) => void,
  signal: AbortSignal,
): Promise<{ recording: Recording; wav: Wav } | undefined> {
  let best: { recording: Recording; wav: Wav } | undefined;
  for (const [index, recording] of part.copies.entries()) {
    const wav = await fetchWav(recordings, recording, `${path}-${index}.wav`, signal).catch((error) => {
      if (!(error instanceof VoxpostError) || error.code !== "MESSAGE_MALFORMED") throw error;
      onBroken({ recording, error });
    });
    if (wav && wav.dataBytes > (best?.wav.dataBytes ?? 0)) best = { recording, wav };
  }
  return best;
}

async function fetchWav(
  recordings: Recordings,
  recording: Recording,
  path: string,
  signal: AbortSignal,
): Promise<Wav | undefined> {
  try {
    await pipeline(await recordings.fetch(recording.text, signal), createWriteStream(path), { signal });
  } catch (error) {
    // Another worker has delivered and removed it since it was listed.
    if (isCode(error, "RECORDING_GONE")) return undefined;
    throw error;
  }
  return await readWav(path);
}
