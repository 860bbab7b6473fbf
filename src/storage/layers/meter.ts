import { pipeline, type Readable, Transform } from "node:stream";

/** The same stream, with its bytes counted; `onEnd` is told of them once, when it was read to its end or dropped. */
export function meter(stream: Readable, onEnd: (bytes: number) => void): Readable {
  let bytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  // The reader of the counter is told of an error; here it only ends the counting.
  pipeline(stream, counter, () => {});
  counter.once("close", () => onEnd(bytes));
  return counter;
}
