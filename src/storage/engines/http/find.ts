import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Entry, FindQuery } from "../../engine.ts";
import { wordsOf } from "../../match.ts";
import { notTheProtocol } from "./faults.ts";
import type { Link } from "./link.ts";
import { foundSchema, mailboxPath, PAGE, toEntry } from "./protocol.ts";

/**
 * All that the server finds, page by page. It may give more than fits (whoever calls checks again), but has to heed
 * `words`, because the texts are there and not here.
 */
export async function searchPages(
  link: Link,
  mailbox: MailboxAddress,
  query: FindQuery,
  { keepsTexts, signal }: { keepsTexts: boolean; signal: AbortSignal | undefined },
): Promise<Entry[]> {
  const words = wordsOf(query.words).join(" ");
  if (query.folders?.length === 0 || (words && !keepsTexts)) return [];
  const path = `${mailboxPath(mailbox)}/messages`;
  const asked = {
    id: query.id,
    receivedSince: query.receivedSince?.toISOString(),
    receivedBefore: query.receivedBefore?.toISOString(),
    folders: query.folders?.join(","),
    caller: query.caller || undefined,
    minDuration: query.minDuration?.toString(),
    maxDuration: query.maxDuration?.toString(),
    heard: query.heard?.toString(),
    urgent: query.urgent?.toString(),
    words: words || undefined,
    limit: String(PAGE),
  };
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (let after: string | undefined; ; ) {
    const found = await link.ask(foundSchema, { method: "GET", path, query: { ...asked, after } }, signal);
    entries.push(...found.messages.map((message) => toEntry(mailbox, message)));
    after = found.next;
    if (after === undefined) return entries;
    if (seen.has(after)) throw notTheProtocol(path, "its pages run in a circle");
    seen.add(after);
  }
}
