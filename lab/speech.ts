import { existsSync } from "node:fs";
import { execaSync } from "execa";
import { RATE } from "../src/model/wav.ts";
import { ROOTS } from "./paths.ts";
import { decodeWav } from "./wav.ts";

/** First three formants in Hz of five vowels. */
const VOWELS = [
  [730, 1090, 2440],
  [530, 1840, 2480],
  [270, 2290, 3010],
  [570, 840, 2410],
  [300, 870, 2240],
] as const;

/**
 * Audio that sounds like somebody speaking, made of vowels and hisses with the melody and the pauses of speech.
 * The same seed gives the same samples, on any machine; two seeds give two messages. 8 kHz, mono.
 */
export function speechLike(seed: number, seconds = 4): Int16Array {
  const random = generator(seed);
  const samples = new Float64Array(Math.round(seconds * RATE));
  const pitch = 95 + 110 * random();
  let position = Math.round(0.05 * RATE);
  while (position < samples.length) {
    const syllables = 2 + Math.floor(4 * random());
    for (let count = 0; count < syllables; count++) position = addSyllable(samples, position, pitch, random);
    position += Math.round((0.06 + 0.22 * random()) * RATE);
  }
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-9);
  return Int16Array.from(samples, (sample) => Math.round((sample / loudest) * 20_000));
}

/**
 * Has a text spoken by espeak-ng, from the unpacked system or this machine; without it, `speechLike` audio that depends on the text
 * only. 8 kHz, mono.
 */
export function sayText(text: string, voice = "en"): Int16Array {
  const root = `${ROOTS}/asterisk`;
  const args = ["-v", voice, "-s", "150", "--stdout", text];
  const unpacked = process.getuid?.() === 0 && existsSync(`${root}/usr/bin/espeak-ng`);
  const spoken = unpacked
    ? execaSync("chroot", [root, "espeak-ng", ...args], {
        encoding: "buffer",
        reject: false,
        timeout: 20_000,
      })
    : execaSync("espeak-ng", args, { encoding: "buffer", reject: false, timeout: 20_000 });
  if (!spoken.failed) return decodeWav(streamed(Buffer.from(spoken.stdout as Uint8Array)), "espeak-ng");
  const seed = [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0, 7);
  return speechLike(seed, Math.min(6, Math.max(3, text.length / 14)));
}

/** A pipe cannot be wound back, so the lengths in a streamed wav are not true; they end at the end of the data. */
function streamed(wav: Buffer): Buffer {
  const at = wav.indexOf("data", 12, "latin1");
  if (at > 0) wav.writeUInt32LE(wav.length - at - 8, at + 4);
  return wav;
}

function addSyllable(samples: Float64Array, start: number, pitch: number, random: () => number): number {
  let position = start;
  if (random() < 0.5) {
    const length = Math.round((0.03 + 0.05 * random()) * RATE);
    const hiss = resonator(1_800 + 1_600 * random(), 700);
    for (let n = 0; n < length && position + n < samples.length; n++) {
      samples[position + n] = 0.25 * Math.sin((Math.PI * n) / length) * hiss(2 * random() - 1);
    }
    position += length;
  }
  const vowel = VOWELS[Math.floor(random() * VOWELS.length)] ?? VOWELS[0];
  const filters = vowel.map((formant, index) =>
    resonator(formant * (0.95 + 0.1 * random()), 70 + 40 * index),
  );
  const length = Math.round((0.09 + 0.13 * random()) * RATE);
  const [from, to] = [pitch * (0.85 + 0.4 * random()), pitch * (0.8 + 0.3 * random())];
  const loudness = 0.5 + 0.5 * random();
  let phase = random();
  for (let n = 0; n < length && position + n < samples.length; n++) {
    phase += (from + ((to - from) * n) / length) / RATE;
    // A glottal pulse: one open phase in each period, closed for the rest.
    const opening = phase % 1;
    const pulse = opening < 0.4 ? Math.sin((Math.PI * opening) / 0.4) ** 2 - 0.2 : -0.2;
    const envelope = Math.min(1, n / 120, (length - n) / 200);
    const voice = filters.reduce((sum, filter, index) => sum + filter(pulse) / (index + 1), 0);
    samples[position + n] = (samples[position + n] ?? 0) + loudness * envelope * voice;
  }
  return position + length;
}

/** A second-order resonance: frequency and bandwidth in Hz. */
function resonator(frequency: number, bandwidth: number): (input: number) => number {
  const radius = Math.exp((-Math.PI * bandwidth) / RATE);
  const a = 2 * radius * Math.cos((2 * Math.PI * frequency) / RATE);
  const b = -radius * radius;
  let [last, before] = [0, 0];
  return (input) => {
    const output = (1 - radius) * input + a * last + b * before;
    before = last;
    last = output;
    return output;
  };
}

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
