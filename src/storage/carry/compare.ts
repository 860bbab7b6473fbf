import { createHash } from "node:crypto";
import type { ByteSource, Envelope, NewMessage } from "../../model/message.ts";
import type { Engine, Entry } from "../engine.ts";
import { splitExtras } from "../mime/extras.ts";
import { unfolded } from "../mime/head.ts";
import { cutOnAbort } from "../streams.ts";
import { readBeside } from "./carry.ts";
import { type PartWeight, sameAudio, weighMessage } from "./weigh.ts";

/** All that a message is compared by. */
export interface Weighed extends Pick<NewMessage, "text" | "extras"> {
  readonly envelope: Omit<Envelope, "folder">;
  readonly audio: readonly PartWeight[];
}

/** What a copy may lack beside fields of the envelope, in words for a person. */
export const AUDIO = "audio";
export const TEXT = "text";
export const EXTRAS = "headers and parts of a mail";

/** Reads a stored message to its end. @throws MESSAGE_UNKNOWN, MESSAGE_MALFORMED */
export async function weighEntry(
  engine: Engine,
  { ref, envelope }: Entry,
  signal?: AbortSignal,
): Promise<Weighed> {
  const audio = await weighMessage(engine, ref, signal);
  return { envelope, audio, ...(await readBeside(engine, ref, signal)) };
}

/**
 * What a copy has not got as the original has it; empty when nothing is lost. Folder, flags and keywords are left out: they
 * change. What a server has added of its own is no fault.
 */
export async function differences(original: Weighed, copy: Weighed, signal?: AbortSignal): Promise<string[]> {
  const { text, extras } = original;
  return [
    ...envelopeDifferences(original.envelope, copy.envelope),
    ...(sameAudio(original.audio, copy.audio) ? [] : [AUDIO]),
    ...(text === undefined || plain(text) === plain(copy.text) ? [] : [TEXT]),
    ...(extras && !(await holds(copy.extras, extras, signal)) ? [EXTRAS] : []),
  ];
}

function envelopeDifferences(a: Omit<Envelope, "folder">, b: Omit<Envelope, "folder">): string[] {
  const pairs: Array<[what: string, a: unknown, b: unknown]> = [
    ["id", a.id, b.id],
    ["caller's number", a.caller.number, b.caller.number],
    ["caller's name", a.caller.name, b.caller.name],
    // To the second: mail has no more.
    ["time", Math.floor(a.receivedAt.getTime() / 1000), Math.floor(b.receivedAt.getTime() / 1000)],
    ["length", a.duration, b.duration],
    ["priority", a.priority, b.priority],
    ["privacy", a.private, b.private],
    ["category", a.category, b.category],
    // Remote stores of an older version have no place for it, and a message is not refused for it.
    ["dialplan context", a.dialplanContext, b.dialplanContext ?? a.dialplanContext],
    ["call id", a.callId, b.callId],
  ];
  return pairs.filter(([, one, other]) => one !== other).map(([what]) => what);
}

/** Mail has line ends of its own, no trailing blanks and no control characters; half a surrogate pair is nothing anywhere. */
function plain(text = ""): string {
  return Buffer.from(text)
    .toString()
    .replace(/[\s\p{C}\uFFFD]+/gu, " ")
    .trim();
}

async function holds(
  copy: ByteSource | undefined,
  original: ByteSource,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const [wanted, found] = [await digestOf(original, signal), copy && (await digestOf(copy, signal))];
  if (wanted.fields.length > 0 && !found) return false;
  const there = new Set(found?.fields);
  return wanted.fields.every((field) => there.has(field)) && (!wanted.body || wanted.body === found?.body);
}

async function digestOf(source: ByteSource, signal: AbortSignal | undefined) {
  const stream = cutOnAbort(await source.open(signal), signal);
  const { fields, contentType, body } = await splitExtras(stream);
  const hash = createHash("sha256");
  // Where a part ends, servers differ by a line's end.
  let held = Buffer.alloc(0);
  for await (const chunk of body) {
    const bytes = Buffer.concat([held, chunk]);
    const end = bytes.length - (/[\r\n]*$/.exec(bytes.subarray(-8).toString("latin1"))?.[0].length ?? 0);
    hash.update(bytes.subarray(0, end));
    held = bytes.subarray(end);
  }
  return { fields: fields.map(unfolded), ...(contentType && { body: hash.digest("hex") }) };
}
