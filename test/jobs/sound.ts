/** A wav file as Asterisk records it: 16 bits, mono, 8 kHz. A number makes so many samples of silence. */
export function wav(content: number | Int16Array, lengths: { riff?: number; data?: number } = {}): Buffer {
  const samples = typeof content === "number" ? new Int16Array(content) : content;
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(lengths.riff ?? 36 + data.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(lengths.data ?? data.length, 40);
  return Buffer.concat([header, data]);
}

/** One second that can be told from others. */
export function second(value: number): Int16Array {
  return new Int16Array(8000).fill(value);
}
