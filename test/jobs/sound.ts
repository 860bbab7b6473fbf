import { wavHeader } from "../../src/model/wav.ts";

/** A wav file as Asterisk records it: 16 bits, mono, 8 kHz. A number makes so many samples of silence. */
export function wav(content: number | Int16Array, lengths: { riff?: number; data?: number } = {}): Buffer {
  const samples = typeof content === "number" ? new Int16Array(content) : content;
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const header = wavHeader(data.length);
  if (lengths.riff !== undefined) header.writeUInt32LE(lengths.riff, 4);
  if (lengths.data !== undefined) header.writeUInt32LE(lengths.data, 40);
  return Buffer.concat([header, data]);
}

/** One second that can be told from others. */
export function second(value: number): Int16Array {
  return new Int16Array(8000).fill(value);
}
