import type { FetchMessageObject } from "imapflow";
import { FOLDERS, type Folder } from "../../../model/folder.ts";
import { formatMailbox, type MailboxAddress, sameMailbox } from "../../../model/mailbox.ts";
import type { Flags } from "../../../model/message.ts";
import { decodeMailbox } from "../../mime/decode.ts";
import type { Connection } from "./connection.ts";
import { searchUids, toRange, voiceMail } from "./search.ts";

/** What tells whose a mail is. */
export const MAILBOX_HEADERS: readonly string[] = ["X-Asterisk-VM-Extension", "X-Asterisk-VM-Context"];

/** Where messages are looked for; `shared` when the account holds mail of other mailboxes too. */
export interface Box {
  readonly mailbox: MailboxAddress;
  readonly shared: boolean;
}

/** What lies in a folder at one moment: everything that counting and paging need, and no header. */
export interface Census {
  readonly uidValidity: bigint;
  /** In the order of their UIDs, which is that of their arrival. */
  readonly messages: readonly Listed[];
}

interface Listed extends Flags {
  readonly uid: number;
}

/**
 * Three questions, whatever is in the folder; undefined when it does not exist. The answers are ranges of UIDs: what is fetched
 * of messages themselves is left to a page.
 */
export async function takeCensus(
  connection: Connection,
  path: string,
  box: Box,
): Promise<Census | undefined> {
  const folder = await connection.select(path);
  if (!folder) return undefined;
  const { uidValidity, exists } = folder;
  if (exists === 0) return { uidValidity, messages: [] };
  const messages = box.shared ? await searchShared(connection, box) : await searchFlags(connection);
  return { uidValidity, messages: messages.sort((a, b) => a.uid - b.uid) };
}

/**
 * Two sets tell all there is to count: urgent ones are in both, new ones in the first alone, old ones in the second alone. The
 * server looks for the voice headers only in messages whose flags fit, so it looks into each mail about once.
 */
async function searchFlags(connection: Connection): Promise<Listed[]> {
  const voice = voiceMail(undefined);
  const unheard = new Set(await searchUids(connection, { ...voice, seen: false }));
  const settled = await searchUids(connection, { ...voice, not: { seen: false, flagged: false } });
  const urgent = new Set(settled.filter((uid) => unheard.has(uid)));
  const old = settled.filter((uid) => !unheard.has(uid));
  return [
    ...old.map((uid) => ({ uid, heard: true, urgent: false })),
    ...[...unheard].map((uid) => ({ uid, heard: false, urgent: urgent.has(uid) })),
  ];
}

/** A search finds parts of words, and so the mail of others: two headers of all that was found are compared exactly. */
async function searchShared(connection: Connection, { mailbox }: Box): Promise<Listed[]> {
  const uids = await searchUids(connection, voiceMail(mailbox));
  if (uids.length === 0) return [];
  const query = { flags: true, headers: [...MAILBOX_HEADERS] };
  const mails = await connection.fetch("the messages cannot be listed", toRange(uids), query);
  return mails.filter((mail) => isOf(mail, mailbox)).map((mail) => ({ uid: mail.uid, ...flagsOf(mail) }));
}

export function isOf({ headers }: FetchMessageObject, mailbox: MailboxAddress): boolean {
  const named = Buffer.isBuffer(headers) ? decodeMailbox(headers) : undefined;
  return named !== undefined && sameMailbox(named, mailbox);
}

export function flagsOf({ flags }: FetchMessageObject): Flags {
  return { heard: flags?.has("\\Seen") ?? false, urgent: flags?.has("\\Flagged") ?? false };
}

export function storedAt({ internalDate }: FetchMessageObject): Date {
  const date = new Date(internalDate ?? 0);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}

/** A page that is asked for right after the counts is cut from what the counting found. Milliseconds. */
const RECENT_MS = 1_000;

/** The last census of each folder, for a moment. Counting always asks the server; only listing may use it. */
export class CensusCache {
  readonly #kept = new Map<string, { census: Census; takenAt: number }>();

  keep(mailbox: MailboxAddress, folder: Folder, census: Census | undefined): void {
    for (const [key, { takenAt }] of this.#kept) if (!isRecent(takenAt)) this.#kept.delete(key);
    if (census) this.#kept.set(keyOf(mailbox, folder), { census, takenAt: Date.now() });
  }

  recent(mailbox: MailboxAddress, folder: Folder): Census | undefined {
    const kept = this.#kept.get(keyOf(mailbox, folder));
    return kept && isRecent(kept.takenAt) ? kept.census : undefined;
  }

  forget(mailbox: MailboxAddress): void {
    for (const folder of FOLDERS) this.#kept.delete(keyOf(mailbox, folder));
  }
}

function keyOf(mailbox: MailboxAddress, folder: Folder): string {
  return `${formatMailbox(mailbox)}/${folder}`;
}

function isRecent(takenAt: number): boolean {
  return Date.now() - takenAt < RECENT_MS;
}
