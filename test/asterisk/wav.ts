import { RATE, wavHeader } from "../../src/model/wav.ts";

/** Audio is signed 16-bit linear, one channel, as in Asterisk's `wav`. */
const BYTES_A_SECOND = RATE * 2;

/** A sine wave: words of one caller that can be told from another's by their frequency. */
export function tone(hertz: number, seconds: number): Buffer {
  const pcm = Buffer.alloc(Math.round(seconds * RATE) * 2);
  for (let at = 0; at < pcm.length; at += 2) {
    pcm.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * hertz * (at / 2)) / RATE)), at);
  }
  return wav(pcm);
}

/** `live` leaves the lengths 0, as Asterisk does until the recording has ended. */
export function wav(pcm: Buffer, live = false): Buffer {
  return Buffer.concat([wavHeader(live ? 0 : pcm.length), pcm]);
}

/** The samples of a RIFF file, found by its chunks. Throws when it is none, or of another form. */
export function samples(file: Buffer): Buffer {
  if (file.toString("latin1", 0, 4) !== "RIFF") throw new Error("not a RIFF file");
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.readUInt32LE(at + 4);
    if (file.toString("latin1", at, at + 4) === "data") return file.subarray(at + 8, at + 8 + length);
    if (file.toString("latin1", at, at + 4) === "fmt " && file.readUInt32LE(at + 12) !== RATE) {
      throw new Error(`sampled at ${file.readUInt32LE(at + 12)} Hz, not ${RATE}`);
    }
    at += 8 + length + (length % 2);
  }
  throw new Error("a RIFF file without data");
}

export function secondsOf(pcm: Buffer): number {
  return pcm.length / BYTES_A_SECOND;
}

/** The part between two moments, in milliseconds. */
export function slice(pcm: Buffer, fromMs: number, toMs: number): Buffer {
  const at = (ms: number) => Math.floor((ms * RATE) / 1_000) * 2;
  return pcm.subarray(at(fromMs), at(toMs));
}

export function silence(ms: number): Buffer {
  return Buffer.alloc(Math.floor((ms * RATE) / 1_000) * 2);
}

/** The frequency that a recording is made of: counts how often it rises through zero. */
export function frequencyOf(file: Buffer): number {
  const pcm = samples(file);
  let crossings = 0;
  let sounding = 0;
  for (let at = 2; at + 1 < pcm.length; at += 2) {
    const before = pcm.readInt16LE(at - 2);
    const now = pcm.readInt16LE(at);
    if (before !== 0 || now !== 0) sounding++;
    if (before < 0 && now >= 0) crossings++;
  }
  return sounding === 0 ? 0 : Math.round((crossings * RATE) / sounding);
}
