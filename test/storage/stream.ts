import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { createEngine } from "../../src/storage/registry.ts";
import { newMessage, recordingLog } from "./samples.ts";

/**
 * A program of its own, whose memory nobody else uses: brings so many MB into the store of the tree in VOXPOST_TREE and out
 * again, and prints by how many MB what it held at most was more than before.
 */
const megabytes = Number(process.argv[2]);
const mailbox = { mailbox: "1001", context: "default" };
const tree = JSON.parse(process.env.VOXPOST_TREE ?? "");
const engine = createEngine(tree, { folder: tmpdir(), log: recordingLog().log });
await engine.open();
await engine.append("INBOX", newMessage(mailbox));

let most = 0;
const before = held();
const open = async () => Readable.from(pieces(), { objectMode: false });
const audio = [{ kind: "voice" as const, contentType: "audio/wav", open }];
const { ref } = await engine.append("INBOX", newMessage(mailbox, { audio }));
const growthIn = most - before;

most = 0;
let read = 0;
for (const part of await engine.read(ref)) {
  for await (const chunk of part.stream) {
    read += chunk.length;
    if (read % (10 * 2 ** 20) < chunk.length) look();
  }
}
await engine.close();
console.log(JSON.stringify({ read, growth: { in: growthIn, out: most - before } }));

function* pieces(): Generator<Buffer> {
  for (let piece = 0; piece < megabytes * 16; piece++) {
    if (piece % 160 === 0) look();
    yield Buffer.alloc(64 * 1024, piece % 256);
  }
}

function look(): void {
  most = Math.max(most, held());
}

/** Megabytes that are in use; what is garbage by now does not count. Buffers take two rounds to go. */
function held(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
