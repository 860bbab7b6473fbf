import type { ESearchResult, SearchObject } from "imapflow";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { FindQuery } from "../../engine.ts";
import { wordsOf } from "../../match.ts";
import { CALLER_HEADERS, VOICE_MARKS } from "../../mime/headers.ts";
import { mayBeForeign } from "../../mime/id.ts";
import type { Connection } from "./connection.ts";

/**
 * What a voice message is to the server's search. Ordinary mail in the same folder is never touched, and what another
 * client marked as deleted is gone for us.
 */
export function voiceMail(shared: MailboxAddress | undefined): SearchObject {
  const marked = VOICE_MARKS.map(({ header, value = true, without }) => ({
    header: { [header]: value },
    ...(without && { not: { header: { [without]: true } } }),
  }));
  return {
    deleted: false,
    or: marked,
    // Substrings: 10 finds 100 too, so whoever uses this compares exactly afterwards.
    ...(shared
      ? { header: { "X-Asterisk-VM-Extension": shared.mailbox, "X-Asterisk-VM-Context": shared.context } }
      : {}),
  };
}

/** Search keys compare days, some in the server's zone, and clocks may differ a little. */
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * A query as far as a server can answer it: what it finds is at least all that fits, and is compared exactly afterwards.
 * Lengths no server knows. Of texts only a run of ASCII is asked for, which every server finds, whatever its character sets.
 */
export function searchKeys(query: FindQuery, shared: MailboxAddress | undefined): SearchObject {
  const { id, caller, receivedSince, receivedBefore, heard, urgent } = query;
  const voice = voiceMail(shared);
  const callers = callerKeys(longestRun([caller ?? ""]));
  const word = longestRun(wordsOf(query.words));
  // The time of the call is INTERNALDATE in our mail; in others' it may be earlier than that, so its end is in their Date.
  const since = receivedSince && new Date(receivedSince.getTime() - DAY_MS);
  const before = receivedBefore && new Date(receivedBefore.getTime() + 2 * DAY_MS);
  return {
    ...(id === undefined || mayBeForeign(id) ? voice : { deleted: false, header: { "Message-ID": id } }),
    ...(callers.length > 0 && { or: (voice.or ?? []).map((mark) => ({ ...mark, or: callers })) }),
    ...(since && since.getTime() < Date.now() && { since }),
    ...(before && { not: { sentSince: before } }),
    ...(heard === undefined ? {} : { seen: heard }),
    ...(urgent === undefined ? {} : { flagged: urgent }),
    ...(word && { body: word }),
  };
}

function callerKeys(run: string): SearchObject[] {
  if (!run) return [];
  return CALLER_HEADERS.map(({ name, isEncoded }) => ({ header: { [name]: isEncoded ? true : run } }));
}

/** Letters and digits are the same in every encoding of a header or text that servers look into. */
function longestRun(texts: readonly string[]): string {
  const runs = texts.flatMap((text) => text.match(/[A-Za-z0-9]+/g) ?? []);
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), "");
}

/** UIDs in ascending order. Where the server has ESEARCH, it sends ranges: `1:10000` instead of 49 kB. */
export async function searchUids(connection: Connection, query: SearchObject): Promise<number[]> {
  const found = await connection.ask("the folder cannot be searched", (client) =>
    client.search(query, { uid: true, returnOptions: ["ALL"] }),
  );
  return Array.isArray(found) ? found.sort((a, b) => a - b) : expand(found);
}

function expand({ all }: ESearchResult): number[] {
  const uids: number[] = [];
  for (const range of all ? all.split(",") : []) {
    const [first = 0, last = first] = range.split(":").map(Number);
    for (let uid = Math.min(first, last); uid <= Math.max(first, last); uid++) uids.push(uid);
  }
  return uids.sort((a, b) => a - b);
}

/** A sequence set as short as it gets. `uids` ascend. */
export function toRange(uids: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const uid of uids) {
    const range = ranges.at(-1);
    if (range && uid === range[1] + 1) range[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}:${last}`)).join(",");
}
