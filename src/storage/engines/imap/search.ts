import type { ESearchResult, SearchObject } from "imapflow";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import { VOICE_MARKS } from "../../mime/headers.ts";
import type { Connection } from "./connection.ts";

/**
 * What a voice message is to the server's search. Ordinary mail in the same folder is never touched, and what another
 * client marked as deleted is gone for us.
 */
export function voiceMail(shared: MailboxAddress | undefined): SearchObject {
  const marked = VOICE_MARKS.map(({ header, value }) => ({ header: { [header]: value } }));
  return {
    deleted: false,
    or: marked,
    // Substrings: 10 finds 100 too, so whoever uses this compares exactly afterwards.
    ...(shared
      ? { header: { "X-Asterisk-VM-Extension": shared.mailbox, "X-Asterisk-VM-Context": shared.context } }
      : {}),
  };
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
