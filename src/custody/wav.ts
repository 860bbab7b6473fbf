import { createReadStream, createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { VoxpostError } from "../errors.ts";
import { wavHeader } from "../model/wav.ts";

/**
 * What a RIFF/WAVE file holds, judged by the bytes that are there: Asterisk fills in the lengths only when a recording
 * ends, so after its death both are 0, and a file that was cut promises more than it has. Where the disk was full when it began, and
 * was not when it ended, the lengths are all that there is of the header.
 */
export interface Wav {
  readonly path: string;
  /** The content of the `fmt ` chunk; files with equal ones can be joined. */
  readonly format: Buffer;
  readonly dataStart: number;
  /** Whole blocks only. */
  readonly dataBytes: number;
  readonly seconds: number;
}

const HEAD_BYTES = 4096;

/**
 * Reads the head of a file.
 * @returns undefined when there is no audio in it: not even a header, or no whole block behind it
 * @throws VoxpostError MESSAGE_MALFORMED when it holds something else than RIFF/WAVE
 */
export async function readWav(path: string): Promise<Wav | undefined> {
  const { size } = await stat(path);
  const head = await readHead(path);
  if (size < 12) return undefined;
  if (isLost(head, size)) {
    const [format, start] = [RECORDED.subarray(20, 36), RECORDED.length];
    return describe(path, format, start, head.readUInt32LE(start - 4), size);
  }
  if (head.toString("latin1", 0, 4) !== "RIFF" || head.toString("latin1", 8, 12) !== "WAVE") {
    throw malformed(path, "it is not a RIFF/WAVE file");
  }
  let format: Buffer | undefined;
  for (let at = 12; at + 8 <= head.length; ) {
    const chunk = head.toString("latin1", at, at + 4);
    const length = head.readUInt32LE(at + 4);
    if (chunk === "data" && format) return describe(path, format, at + 8, length, size);
    if (chunk === "fmt " && length >= 16) format = head.subarray(at + 8, at + 8 + length);
    // Chunks begin at even places.
    at += 8 + length + (length % 2);
  }
  if (size <= 44) return undefined;
  throw malformed(path, "it has no audio chunk");
}

/**
 * Writes one file with correct lengths from one or more of the same format, in the given order.
 * @throws VoxpostError MESSAGE_MALFORMED when the formats differ
 */
export async function joinWavs(wavs: readonly [Wav, ...Wav[]], target: string): Promise<void> {
  const [{ format }] = wavs;
  const other = wavs.find((wav) => !wav.format.equals(format));
  if (other) throw malformed(other.path, "its audio format is not that of the part before it");
  await pipeline(joined(wavs), createWriteStream(target));
}

async function* joined(wavs: readonly [Wav, ...Wav[]]): AsyncGenerator<Buffer> {
  const dataBytes = wavs.reduce((sum, wav) => sum + wav.dataBytes, 0);
  yield header(wavs[0].format, dataBytes);
  for (const { path, dataStart, dataBytes } of wavs) {
    yield* createReadStream(path, { start: dataStart, end: dataStart + dataBytes - 1 });
  }
  if (dataBytes % 2) yield Buffer.alloc(1);
}

/** The header of what we have Asterisk record. */
const RECORDED = wavHeader(0);

/**
 * Whether the header was never written. Asterisk writes the two lengths into it all the same when it closes the file, over what stands there: nothing, or
 * the first few samples.
 */
function isLost(head: Buffer, size: number): boolean {
  const { length } = RECORDED;
  if (head.length < length || head.toString("latin1", 0, 4) === "RIFF") return false;
  if (head.readUInt32LE(4) === size - 8 && head.readUInt32LE(length - 4) === size - length) return true;
  return [...head.subarray(0, 4), ...head.subarray(8, length - 4)].every((byte) => byte === 0);
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function describe(
  path: string,
  format: Buffer,
  dataStart: number,
  promised: number,
  size: number,
): Wav | undefined {
  const [bytesPerSecond, blockBytes] = [format.readUInt32LE(8), format.readUInt16LE(12) || 1];
  const present = size - dataStart;
  const bytes = promised === 0 ? present : Math.min(promised, present);
  const dataBytes = bytes - (bytes % blockBytes);
  if (dataBytes <= 0) return undefined;
  if (bytesPerSecond === 0) throw malformed(path, "its format chunk says 0 bytes a second");
  return { path, format, dataStart, dataBytes, seconds: dataBytes / bytesPerSecond };
}

function header(format: Buffer, dataBytes: number): Buffer {
  const text = (value: string) => Buffer.from(value, "latin1");
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const padding = Buffer.alloc(format.length % 2);
  const formatChunk = [text("fmt "), number(format.length), format, padding];
  const dataChunk = [text("data"), number(dataBytes)];
  const length = 4 + 8 + format.length + padding.length + 8 + dataBytes + (dataBytes % 2);
  return Buffer.concat([text("RIFF"), number(length), text("WAVE"), ...formatChunk, ...dataChunk]);
}

function malformed(path: string, why: string): VoxpostError {
  return new VoxpostError("MESSAGE_MALFORMED", `${path} cannot be delivered as audio: ${why}`, {
    context: { path },
  });
}
