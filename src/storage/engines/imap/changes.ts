import { isCode } from "../../../errors.ts";
import type { Flags } from "../../../model/message.ts";
import type { Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import type { Connection } from "./connection.ts";
import { hidden } from "./faults.ts";
import { uidKey } from "./listing.ts";
import { searchUids } from "./search.ts";

const FLAGS: readonly { field: keyof Flags; flag: string }[] = [
  { field: "heard", flag: "\\Seen" },
  { field: "urgent", flag: "\\Flagged" },
];

export function flagNames(flags: Flags): string[] {
  return FLAGS.filter(({ field }) => flags[field]).map(({ flag }) => flag);
}

/** Selects the folder of a message and returns its UID; undefined when the folder was made anew since. */
export async function selectFolderOf(
  ref: Ref,
  connection: Connection,
  path: string,
): Promise<number | undefined> {
  const [uidValidity, uid = Number.NaN] = ref.key.split(".").map(Number);
  if (!Number.isSafeInteger(uid)) return undefined;
  const folder = await connection.select(path);
  return folder?.uidValidity === BigInt(uidValidity || 0) ? uid : undefined;
}

/**
 * Selects the folder of a message and returns its UID and Message-ID; undefined when it is not there any more, which is also
 * so when another client marked it as deleted.
 */
export async function locate(
  connection: Connection,
  path: string,
  ref: Ref,
): Promise<{ uid: number; messageId: string } | undefined> {
  const uid = await selectFolderOf(ref, connection, path);
  if (uid === undefined) return undefined;
  const query = { flags: true, headers: ["Message-ID"] };
  const [mail] = await connection.fetch("the message cannot be found", String(uid), query);
  if (!mail || !Buffer.isBuffer(mail.headers) || mail.flags?.has("\\Deleted")) return undefined;
  const messageId = /^message-id:\s*(\S+)/im.exec(mail.headers.toString("latin1"))?.[1] ?? "";
  return { uid, messageId };
}

/** @throws VoxpostError MESSAGE_UNKNOWN */
export async function changeFlags(
  connection: Connection,
  path: string,
  ref: Ref,
  change: Partial<Flags>,
): Promise<void> {
  const found = await locate(connection, path, ref);
  if (!found) throw messageUnknown(ref);
  for (const set of [true, false]) {
    const flags = FLAGS.filter(({ field }) => change[field] === set).map(({ flag }) => flag);
    if (flags.length === 0) continue;
    await connection.ask("the message cannot be marked", (client) =>
      set
        ? client.messageFlagsAdd(String(found.uid), flags, { uid: true })
        : client.messageFlagsRemove(String(found.uid), flags, { uid: true }),
    );
  }
}

/**
 * Moves a message; at every moment it is in at least one of the folders. Returns its new key.
 * @throws VoxpostError MESSAGE_UNKNOWN
 */
export async function moveMessage(
  connection: Connection,
  from: string,
  to: string,
  ref: Ref,
): Promise<string> {
  const found = await locate(connection, from, ref);
  if (!found) throw messageUnknown(ref);
  const uid = String(found.uid);
  const isAtomic = connection.client.capabilities.has("MOVE");
  const moved = await inFolder(connection, to, () =>
    connection.ask("the message cannot be moved", (client) =>
      isAtomic ? client.messageMove(uid, to, { uid: true }) : client.messageCopy(uid, to, { uid: true }),
    ),
  );
  const newUid = moved.uidMap?.get(found.uid);
  if (newUid !== undefined && moved.uidValidity !== undefined) {
    if (!isAtomic) await deleteUid(connection, found.uid);
    return uidKey(moved.uidValidity, newUid);
  }
  // Without UIDPLUS the copy is searched for, and the original goes only after it was seen.
  const copy = await searchById(connection, to, found.messageId);
  if (!copy) throw messageUnknown(ref);
  if (!isAtomic && (await connection.select(from))) await deleteUid(connection, found.uid);
  return copy;
}

/** Removes a message for good; succeeds when it is gone already. */
export async function removeMessage(connection: Connection, path: string, ref: Ref): Promise<void> {
  const found = await locate(connection, path, ref);
  if (found) await deleteUid(connection, found.uid);
}

/**
 * Never a plain EXPUNGE, which would remove what other clients only marked. Without UIDPLUS the message stays marked as
 * deleted, and is in no listing, until the owner's mail client expunges the folder.
 */
export async function deleteUid(connection: Connection, uid: number): Promise<void> {
  const canExpunge = connection.client.capabilities.has("UIDPLUS");
  await connection.ask("the message cannot be removed", (client) =>
    canExpunge
      ? client.messageDelete(String(uid), { uid: true })
      : client.messageFlagsAdd(String(uid), ["\\Deleted"], { uid: true }),
  );
}

/** Runs an action that needs a folder, and once more after making the folder when the server says that there is none. */
export async function inFolder<T>(
  connection: Connection,
  path: string,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isCode(error, "FOLDER_UNKNOWN")) throw error;
  }
  await connection.makeFolder(path);
  try {
    return await action();
  } catch (error) {
    throw isCode(error, "FOLDER_UNKNOWN") ? hidden(path, error) : error;
  }
}

/** Key of the newest message with a Message-ID; leaves its folder selected. */
export async function searchById(
  connection: Connection,
  path: string,
  messageId: string,
): Promise<string | undefined> {
  const folder = await connection.select(path);
  if (!folder || !messageId) return undefined;
  const uids = await searchUids(connection, { deleted: false, header: { "Message-ID": messageId } });
  const newest = uids.at(-1);
  return newest === undefined ? undefined : uidKey(folder.uidValidity, newest);
}
