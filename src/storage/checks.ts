import { VoxpostError } from "../errors.ts";
import { FOLDERS, type Folder } from "../model/folder.ts";
import { formatMailbox, isMailboxName, type MailboxAddress } from "../model/mailbox.ts";
import type { NewMessage } from "../model/message.ts";
import type { Entry, FindQuery, ListQuery } from "./engine.ts";

/** Arguments are checked here, once for all engines. */

/** More than a page of the telephone, of the web or of a command needs; asking for more gives this many and a next page. */
const LONGEST_PAGE = 500;

export function isAddress({ mailbox, context }: MailboxAddress): boolean {
  return isMailboxName(mailbox) && isMailboxName(context);
}

/** @throws VoxpostError ADDRESS_INVALID */
export function checkAddress(mailbox: MailboxAddress): void {
  if (isAddress(mailbox)) return;
  const text = JSON.stringify(formatMailbox(mailbox));
  throw new VoxpostError(
    "ADDRESS_INVALID",
    `${text} is not a mailbox: letters, digits and _ . + - only, at most 64`,
  );
}

/** @throws VoxpostError FOLDER_UNKNOWN */
export function checkFolder(folder: Folder): void {
  if (FOLDERS.includes(folder)) return;
  throw new VoxpostError("FOLDER_UNKNOWN", `${JSON.stringify(folder)} is not one of ${FOLDERS.join(", ")}`);
}

/** @throws VoxpostError INTERNAL when the limit is no positive whole number */
export function checkQuery(query: ListQuery): ListQuery {
  if (!Number.isInteger(query.limit) || query.limit < 1) {
    throw new VoxpostError(
      "INTERNAL",
      `A page of ${query.limit} messages was asked for; it needs at least 1`,
    );
  }
  return { ...query, limit: Math.min(query.limit, LONGEST_PAGE) };
}

/** Longer patterns and more words than anybody types would only burden the server. Characters. */
const LONGEST_PATTERN = 200;

/** @throws VoxpostError FOLDER_UNKNOWN; INTERNAL for a pattern that is too long, or a time that is none */
export function checkSearch(query: FindQuery): FindQuery {
  for (const folder of query.folders ?? []) checkFolder(folder);
  const { caller = "", words = "", receivedSince, receivedBefore } = query;
  const faults = [
    ...(Math.max(caller.length, words.length) > LONGEST_PATTERN ? [`longer than ${LONGEST_PATTERN}`] : []),
    ...([receivedSince, receivedBefore].some((date) => date && Number.isNaN(date.getTime()))
      ? ["with a time that is none"]
      : []),
  ];
  if (faults.length === 0) return query;
  throw new VoxpostError("INTERNAL", `A search cannot be made: it is ${faults.join(" and ")}`);
}

/** @throws VoxpostError ADDRESS_INVALID; INTERNAL for what no recording of ours can bring */
export function checkMessage(message: NewMessage): void {
  checkAddress(message.mailbox);
  const faults = [
    ...(/^[0-9a-f]{32}$/.test(message.id) ? [] : ["its id is not 32 hexadecimal digits"]),
    ...(isDate(message.receivedAt) ? [] : ["its time is not between 1970 and 9999"]),
    ...(isDuration(message.duration) ? [] : ["its duration is not whole seconds"]),
    ...(message.audio.length > 0 ? [] : ["it has no audio"]),
  ];
  if (faults.length === 0) return;
  const where = formatMailbox(message.mailbox);
  throw new VoxpostError("INTERNAL", `A message for ${where} cannot be stored: ${faults.join(", ")}`, {
    context: { mailbox: where, id: message.id },
  });
}

function isDate(date: Date): boolean {
  const time = date.getTime();
  return time >= 0 && time < Date.UTC(10_000, 0);
}

function isDuration(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= 0;
}

/** What an engine gives is not trusted either: an envelope with nonsense in it must not break an announcement. */
export function mend(entry: Entry): { entry: Entry; fault?: string } {
  const { envelope } = entry;
  const time = isDate(envelope.receivedAt);
  const duration = isDuration(envelope.duration);
  if (time && duration) return { entry };
  const mended = {
    ...envelope,
    receivedAt: time ? envelope.receivedAt : new Date(0),
    duration: duration ? envelope.duration : Math.max(0, Math.round(envelope.duration)) || 0,
  };
  return { entry: { ref: entry.ref, envelope: mended }, fault: time ? "its duration" : "its time" };
}
