/** Samples a second of everything that a telephone says. */
export const RATE = 8_000;

const HEADER_BYTES = 44;

/**
 * What stands before 16-bit mono PCM in the WAV file that every Asterisk plays. `dataBytes` of 0 is what a recording in
 * progress says.
 */
export function wavHeader(dataBytes: number, rate: number = RATE): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(dataBytes === 0 ? 0 : HEADER_BYTES - 8 + dataBytes, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
