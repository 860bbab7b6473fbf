import { createHash } from "node:crypto";
import { VoxpostError } from "../../../errors.ts";
import type { AudioSource, ByteSource } from "../../../model/message.ts";
import { Spooled } from "../../spooled.ts";
import { ByteReader } from "./bytes.ts";
import { beginning, type Frame, frame, READABLE, VERSION } from "./format.ts";

type Head = Extract<Frame, { is: "message" | "greeting" }>;

export type Item =
  /** Whole, and its checksum is right. Its bytes are there until the next item is asked for. */
  | {
      readonly is: "entry";
      readonly head: Head;
      readonly audio: readonly AudioSource[];
      readonly extras?: ByteSource;
    }
  /** What could not be read; reading goes on with the next entry that can. */
  | { readonly is: "damaged"; readonly what: string }
  | { readonly is: "end"; readonly messages: number; readonly greetings: number; readonly faults: number };

/**
 * Reads a backup from its beginning. Ends after `end`, or without one where the stream is cut off.
 * @throws VoxpostError MESSAGE_MALFORMED when it is no backup, or one of a later version
 */
export async function* readBackup(stream: AsyncIterable<Buffer>, signal?: AbortSignal): AsyncGenerator<Item> {
  const reader = new ByteReader(stream, signal);
  const boundary = readBeginning(await reader.line());
  let line = await reader.line();
  while (line !== undefined) {
    const head = parse(line, boundary);
    if (head?.is === "end") {
      const { messages, greetings, faults } = head;
      yield { is: "end", messages, greetings, faults };
      return;
    }
    if (head?.is !== "message" && head?.is !== "greeting") {
      yield { is: "damaged", what: "bytes that are no entry of a backup" };
      line = await nextHead(reader, boundary);
      continue;
    }
    const entry = await readEntry(reader, line, boundary);
    if (entry === "cut off") return;
    if (typeof entry !== "string") {
      try {
        yield { is: "entry", head, ...sourcesOf(entry) };
      } finally {
        await removeAll(entry);
      }
    } else if (entry !== "abandoned") {
      // What was abandoned comes again later, or is among the faults that `end` tells.
      yield { is: "damaged", what: `${nameOf(head)}: ${entry}` };
    }
    line = entry === "its lines are damaged" ? await nextHead(reader, boundary) : await reader.line();
  }
}

/** What lies between the head of an entry and its seal. */
interface Part {
  readonly line: Extract<Frame, { is: "audio" | "extras" }>;
  /** Kept until the checksum is known and its store has it: nothing of an entry that is damaged may reach a store. */
  readonly spooled: Spooled;
}

function sourcesOf(parts: readonly Part[]): { audio: AudioSource[]; extras?: ByteSource } {
  const audio = parts.flatMap(({ line, spooled }): AudioSource[] => {
    if (line.is !== "audio") return [];
    const { kind, contentType, duration } = line;
    return [{ kind, contentType, ...(duration === undefined ? {} : { duration }), ...spooled.source }];
  });
  const extras = parts.find(({ line }) => line.is === "extras")?.spooled.source;
  return { audio, ...(extras && { extras }) };
}

/** The parts of one entry; or why there are none. */
async function readEntry(reader: ByteReader, headLine: Buffer, boundary: string): Promise<Part[] | string> {
  const parts: Part[] = [];
  let fault: string | undefined = "it cannot be read";
  try {
    fault = await readParts(reader, headLine, boundary, parts);
  } finally {
    if (fault !== undefined) await removeAll(parts);
  }
  return fault ?? parts;
}

/** Undefined when all of them are there as they were sealed; else why they are not. */
async function readParts(
  reader: ByteReader,
  headLine: Buffer,
  boundary: string,
  parts: Part[],
): Promise<string | undefined> {
  const hash = createHash("sha256").update(headLine).update("\n");
  for (;;) {
    const line = await reader.line();
    if (line === undefined) return "cut off";
    const next = parse(line, boundary);
    if (next?.is === "abandoned") return "abandoned";
    if (next?.is === "sealed") {
      return hash.digest("hex") === next.sha256 ? undefined : "its checksum is wrong";
    }
    hash.update(line).update("\n");
    const last = parts.at(-1);
    if (next?.is === "audio" || next?.is === "extras") {
      parts.push({ line: next, spooled: new Spooled() });
    } else if (next?.is === "data" && last) {
      const bytes = await reader.take(next.bytes + 1);
      if (!bytes) return "cut off";
      hash.update(bytes);
      await last.spooled.write(bytes.subarray(0, next.bytes));
    } else {
      return "its lines are damaged";
    }
  }
}

/** The next line that begins an entry, whatever lies before it. */
async function nextHead(reader: ByteReader, boundary: string): Promise<Buffer | undefined> {
  for (;;) {
    const line = await reader.line();
    const found = line && parse(line, boundary)?.is;
    if (!line || found === "message" || found === "greeting" || found === "end") return line;
  }
}

function parse(line: Buffer, boundary: string): Frame | undefined {
  try {
    const parsed = frame.safeParse(JSON.parse(line.toString())).data;
    return parsed?.at === boundary ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** How zstd, gzip, xz and bzip2 begin. */
const COMPRESSED = /^(?:28b52ffd|1f8b|fd377a585a|425a68)/;

function readBeginning(line: Buffer | undefined): string {
  const refuse = (what: string) => new VoxpostError("MESSAGE_MALFORMED", `What comes in is ${what}`);
  if (line && COMPRESSED.test(line.toString("hex"))) {
    throw refuse("compressed: pipe it through zstd -d, gzip -d, … first");
  }
  let found: ReturnType<typeof beginning.safeParse>["data"];
  try {
    found = beginning.safeParse(JSON.parse(line?.toString() ?? "")).data;
  } catch {
    throw refuse("no backup of Voxpost");
  }
  if (!found) throw refuse("no backup of Voxpost");
  if (!READABLE.includes(found.version)) {
    throw refuse(`a backup of version ${found.version}; this program understands ${VERSION}`);
  }
  return found.boundary;
}

export function nameOf(head: Head): string {
  const { mailbox, context } = head.is === "message" ? head.envelope.mailbox : head.mailbox;
  const what =
    head.is === "message" ? `${head.envelope.folder} ${head.envelope.id}` : `greeting "${head.greeting}"`;
  return `${mailbox}@${context} ${what}`;
}

async function removeAll(parts: readonly Part[]): Promise<void> {
  for (const { spooled } of parts) await spooled.remove();
}
