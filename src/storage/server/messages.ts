import type { z } from "zod";
import { mend } from "../checks.ts";
import type { Entry } from "../engine.ts";
import { defined, type messageSchema } from "../engines/http/protocol.ts";
import { etagOf } from "./conditions.ts";
import { toWireKey } from "./requests.ts";

type Message = z.input<typeof messageSchema>;

/** Longest text of a caller that the protocol carries. */
const LONGEST_TEXT = 100_000;

/** An entry as the protocol tells it. An envelope with nonsense in it must not spoil the page that it is on. */
export function toMessage(entry: Entry): Message {
  const { ref, envelope } = mend(entry).entry;
  const { mailbox: _, caller, category, dialplanContext, callId, receivedAt, ...rest } = envelope;
  return defined({
    key: toWireKey(ref.key),
    ...rest,
    folder: ref.folder,
    etag: etagOf(envelope),
    caller: defined({ number: cut(caller.number), name: cut(caller.name) }),
    receivedAt: receivedAt.toISOString(),
    category: cut(category),
    dialplanContext: cut(dialplanContext),
    callId: cut(callId),
  });
}

/**
 * One page of what was found. Engines find all at once and in any order, so the order is made here; a cursor is the
 * place of the last message shown, and means the same place when others come and go.
 */
export function pageOfFound(
  entries: readonly Entry[],
  { limit, after = "" }: { limit: number; after?: string | undefined },
): { messages: Message[]; next?: string } {
  const placed = entries
    .map(toMessage)
    .map((message) => ({ message, place: placeOf(message) }))
    .filter(({ place }) => place > after)
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  const shown = placed.slice(0, limit);
  const last = shown.at(-1);
  return {
    messages: shown.map(({ message }) => message),
    ...(last && shown.length < placed.length ? { next: last.place } : {}),
  };
}

function placeOf({ receivedAt, id, folder, key }: Message): string {
  return `${receivedAt}~${id}~${folder}~${key}`;
}

function cut(text: string | undefined): string | undefined {
  return text?.slice(0, LONGEST_TEXT);
}
