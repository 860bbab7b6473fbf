import { readFileSync, writeFileSync } from "node:fs";
import { RATE, wavHeader } from "../src/model/wav.ts";
import { decodeAlaw, decodeUlaw } from "./phone/g711.ts";

/** Writes mono PCM of 16 bits. */
export function writeWav(path: string, samples: Int16Array, rate = RATE): void {
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  writeFileSync(path, Buffer.concat([wavHeader(data.length, rate), data]));
}

/** Reads a mono wav of PCM 16, µ-law or A-law at 8 kHz; other rates are converted. Throws for anything else. */
export function readWav(path: string): Int16Array {
  return decodeWav(readFileSync(path), path);
}

/** The same from bytes. A length of 0, as a recording in progress has, means "to the end". */
export function decodeWav(file: Buffer, name = "wav"): Int16Array {
  if (file.toString("latin1", 0, 4) !== "RIFF") throw new Error(`${name} is no wav file`);
  let format = 0;
  let rate = RATE;
  for (let at = 12; at + 8 <= file.length; ) {
    const id = file.toString("latin1", at, at + 4);
    const length = file.readUInt32LE(at + 4);
    if (id === "fmt ") {
      format = file.readUInt16LE(at + 8);
      rate = file.readUInt32LE(at + 12);
      if (file.readUInt16LE(at + 10) !== 1) throw new Error(`${name} is not mono`);
    }
    if (id === "data") {
      const end = length === 0 ? file.length : Math.min(at + 8 + length, file.length);
      return resample(decode(file.subarray(at + 8, end), format, name), rate);
    }
    at += 8 + length + (length % 2);
  }
  throw new Error(`${name} holds no audio`);
}

function decode(data: Buffer, format: number, name: string): Int16Array {
  if (format === 7) return decodeUlaw(data);
  if (format === 6) return decodeAlaw(data);
  if (format !== 1) throw new Error(`${name}: format ${format} is not PCM, µ-law or A-law`);
  return Int16Array.from({ length: data.length >> 1 }, (_, index) => data.readInt16LE(2 * index));
}

/** Averages below the new rate's grid, which is filter enough for speech. */
function resample(samples: Int16Array, from: number): Int16Array {
  if (from === RATE) return samples;
  const step = from / RATE;
  return Int16Array.from({ length: Math.floor(samples.length / step) }, (_, index) => {
    const first = Math.floor(index * step);
    const last = Math.max(first + 1, Math.floor((index + 1) * step));
    let sum = 0;
    for (let at = first; at < last; at++) sum += samples[at] ?? 0;
    return Math.round(sum / (last - first));
  });
}
