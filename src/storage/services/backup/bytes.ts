import { throwIfAborted } from "../../faults.ts";
import { LONGEST_LINE } from "./format.ts";

const LINE_FEED = 0x0a;

/** Lines and pieces of a stream, in turn; holds one chunk of it and the line that is being read. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #signal: AbortSignal | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>, signal?: AbortSignal) {
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /** Without its line feed; empty for one that is too long to be a line of ours, undefined at the end of the stream. */
  async line(): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      const end = this.#rest.indexOf(LINE_FEED);
      const piece = end < 0 ? this.#rest : this.#rest.subarray(0, end);
      length += piece.length;
      if (length <= LONGEST_LINE) pieces.push(piece);
      else pieces.length = 0;
      if (end >= 0) {
        this.#rest = this.#rest.subarray(end + 1);
        return Buffer.concat(pieces);
      }
      // A line that was cut off is no line.
      if (!(await this.#more())) return undefined;
    }
  }

  /** Exactly so many bytes; undefined when the stream ends before. */
  async take(count: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#more())) return undefined;
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async #more(): Promise<boolean> {
    throwIfAborted(this.#signal);
    const { value, done } = await this.#chunks.next();
    throwIfAborted(this.#signal);
    this.#rest = done ? Buffer.alloc(0) : value;
    return !done;
  }
}
