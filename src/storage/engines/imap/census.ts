import type { FetchMessageObject } from "imapflow";
import { FOLDERS, type Folder } from "../../../model/folder.ts";
import { formatMailbox, type MailboxAddress, sameMailbox } from "../../../model/mailbox.ts";
import type { Flags } from "../../../model/message.ts";
import { decodeMailbox } from "../../mime/decode.ts";
import type { Placed } from "../../view.ts";
import type { Connection } from "./connection.ts";
import { searchUids, toRange, voiceMail } from "./search.ts";

/**
 * Up to this many voice messages in a folder are put into the order of their calls; more are listed in the order in which the
 * server received them, so that the cost of a page stays that of a page. app_voicemail allows 100 by default.
 */
const ORDERED_UP_TO = 200;

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
  readonly messages: readonly Listed[];
}

interface Listed extends Placed {
  readonly uid: number;
}

/**
 * Two or three questions, whatever the size of the folder. Undefined when the folder does not exist.
 * The search by header is asked once; flags come from one FETCH of a small folder, or two searches in a large one.
 */
export async function takeCensus(
  connection: Connection,
  path: string,
  box: Box,
): Promise<Census | undefined> {
  const folder = await connection.select(path);
  if (!folder) return undefined;
  const { uidValidity } = folder;
  if (folder.exists === 0) return { uidValidity, messages: [] };
  const uids = await searchUids(connection, voiceMail(box.shared ? box.mailbox : undefined));
  const isSmall = uids.length <= ORDERED_UP_TO || box.shared;
  const messages = isSmall ? await fetchFlags(connection, uids, box) : await searchFlags(connection, uids);
  return { uidValidity, messages };
}

async function fetchFlags(connection: Connection, uids: number[], box: Box): Promise<Listed[]> {
  if (uids.length === 0) return [];
  const names = box.shared ? { headers: [...MAILBOX_HEADERS] } : {};
  const mails = await connection.fetch("the messages cannot be listed", toRange(uids), {
    flags: true,
    internalDate: true,
    ...names,
  });
  return mails.filter((mail) => !box.shared || isOf(mail, box.mailbox)).map(toListed);
}

export function isOf({ headers }: FetchMessageObject, mailbox: MailboxAddress): boolean {
  const named = Buffer.isBuffer(headers) ? decodeMailbox(headers) : undefined;
  return named !== undefined && sameMailbox(named, mailbox);
}

async function searchFlags(connection: Connection, uids: number[]): Promise<Listed[]> {
  const unseen = new Set(await searchUids(connection, { deleted: false, seen: false }));
  const urgent = new Set(await searchUids(connection, { deleted: false, seen: false, flagged: true }));
  return uids.map((uid) => ({ uid, key: orderOf(uid), heard: !unseen.has(uid), urgent: urgent.has(uid) }));
}

function toListed(mail: FetchMessageObject): Listed {
  return { uid: mail.uid, key: orderOf(mail.uid, storedAt(mail)), ...flagsOf(mail) };
}

/** Sorts by time of the call (INTERNALDATE, which we set to it), then arrival. */
function orderOf(uid: number, calledAt?: Date): string {
  const arrival = String(uid).padStart(10, "0");
  return calledAt ? `${calledAt.toISOString()}-${arrival}` : arrival;
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
