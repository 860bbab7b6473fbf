import { decodeGsm } from "./gsm.ts";

const RATE = 8000;

/** Strongest frequency of a recording at 8 kHz: WAV (PCM 16 bit or GSM 6.10) or raw GSM. */
export function dominantHertz(file: Buffer, contentType: string): number {
  const samples = contentType === "audio/gsm" ? decodeGsm(file, 33) : fromWav(file);
  let best = { hertz: 0, power: 0 };
  for (let hertz = 300; hertz <= 2000; hertz += 10) {
    const power = powerAt(samples, hertz);
    if (power > best.power) best = { hertz, power };
  }
  return best.hertz;
}

function fromWav(file: Buffer): number[] {
  const format = file.readUInt16LE(20);
  const data = file.indexOf("data", 0, "latin1") + 8;
  if (format === 0x31) return decodeGsm(file.subarray(data), 65);
  const body = file.subarray(data);
  return Array.from({ length: Math.floor(body.length / 2) }, (_, index) => body.readInt16LE(index * 2));
}

/** Goertzel's algorithm. */
function powerAt(samples: readonly number[], hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / RATE);
  let [before, last] = [0, 0];
  for (const sample of samples) [before, last] = [last, sample + turn * last - before];
  return before * before + last * last - turn * before * last;
}
