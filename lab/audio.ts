import { RATE } from "../src/model/wav.ts";
import { fft, powerOfTwo } from "./fft.ts";
import { readWav } from "./wav.ts";

/** A wav file, or samples at 8 kHz. */
export type Audio = string | Int16Array;

export interface Comparison {
  /** Where in `heard` the spoken audio begins, in ms; negative when its beginning is missing. */
  offsetMs: number;
  /** 1 for the same audio, above 0.9 for the same through a telephone, below 0.6 for another message. */
  similarity: number;
}

/** Silence. */
export function silence(seconds: number): Int16Array {
  return new Int16Array(Math.round(seconds * RATE));
}

/** Pieces of audio, one after the other. */
export function join(...pieces: Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    all.set(piece, position);
    position += piece.length;
  }
  return all;
}

/** The length in seconds. */
export function secondsOf(audio: Audio): number {
  return samplesOf(audio).length / RATE;
}

const PIECE = RATE / 2;
/** How far a piece of half a second may have slipped against the whole: a lost or doubled RTP packet or two. */
const SLIP = 0.04 * RATE;

/**
 * Looks for what was spoken in what was heard. The whole is aligned first; then each half second is compared for itself, within 40 ms
 * of its place, and counts with its energy. So a lost packet costs little, and other speech does not pass.
 */
export function compareAudio(spoken: Audio, heard: Audio): Comparison {
  const said = samplesOf(spoken);
  const all = samplesOf(heard);
  if (energy(said, 0, said.length) === 0 || energy(all, 0, all.length) === 0)
    return { offsetMs: 0, similarity: 0 };
  const offset = align(said, all);
  let [sum, weights] = [0, 0];
  for (let start = 0; start < said.length; start += PIECE) {
    const piece = said.subarray(start, start + PIECE);
    const weight = energy(piece, 0, piece.length);
    if (weight === 0) continue;
    sum += weight * bestNear(piece, all, offset + start);
    weights += weight;
  }
  return { offsetMs: (1_000 * offset) / RATE, similarity: Math.max(0, sum / weights) };
}

function samplesOf(audio: Audio): Int16Array {
  return typeof audio === "string" ? readWav(audio) : audio;
}

function energy(samples: Int16Array, from: number, to: number): number {
  let sum = 0;
  for (let n = Math.max(0, from); n < Math.min(to, samples.length); n++) sum += (samples[n] ?? 0) ** 2;
  return sum;
}

/** The offset of the highest correlation of the whole, by Fourier transform. */
function align(said: Int16Array, all: Int16Array): number {
  const size = powerOfTwo(said.length + all.length);
  const [realA, imaginaryA] = [new Float64Array(size), new Float64Array(size)];
  const [realB, imaginaryB] = [new Float64Array(size), new Float64Array(size)];
  realA.set(all);
  realB.set(said);
  fft(realA, imaginaryA);
  fft(realB, imaginaryB);
  for (let k = 0; k < size; k++) {
    const [a, b] = [realA[k] ?? 0, imaginaryA[k] ?? 0];
    const [c, d] = [realB[k] ?? 0, -(imaginaryB[k] ?? 0)];
    realA[k] = a * c - b * d;
    imaginaryA[k] = a * d + b * c;
  }
  fft(realA, imaginaryA, true);
  let best = 0;
  for (let k = 1; k < size; k++) if ((realA[k] ?? 0) > (realA[best] ?? 0)) best = k;
  return best >= all.length ? best - size : best;
}

function bestNear(piece: Int16Array, all: Int16Array, place: number): number {
  let best = 0;
  for (let at = place - SLIP; at <= place + SLIP; at++) best = Math.max(best, correlation(piece, all, at));
  return best;
}

function correlation(piece: Int16Array, all: Int16Array, place: number): number {
  let [product, a, b] = [0, 0, 0];
  for (let n = 0; n < piece.length; n++) {
    const x = piece[n] ?? 0;
    const y = all[place + n] ?? 0;
    product += x * y;
    a += x * x;
    b += y * y;
  }
  return b === 0 ? 0 : product / Math.sqrt(a * b);
}
