import { VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { NewMessage } from "../../../model/message.ts";
import { flagNames, inFolder, searchById } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { uidKey } from "./listing.ts";
import type { OutgoingMail } from "./outgoing.ts";
import { upload } from "./upload.ts";

/**
 * Stores a mail with the time of the call as INTERNALDATE and returns its key. The server has it when it says so; whether
 * it has it after a connection broke off only a search can tell, so this is never repeated here.
 */
export async function appendMail(
  connection: Connection,
  message: NewMessage,
  { path, mail, keywords }: { path: string; mail: OutgoingMail; keywords: readonly string[] },
  log: Logger,
): Promise<string> {
  const flags = [...flagNames(message), ...keywords];
  const whole = { path, mail, flags, date: message.receivedAt };
  const stored = await inFolder(connection, path, () =>
    upload(connection, "the message cannot be stored", whole, log).catch((error: unknown) => {
      throw isAboutTheMail(error)
        ? new VoxpostError("STORE_REFUSED", error.message, { cause: error })
        : error;
    }),
  );
  if (stored.uid !== undefined && stored.uidValidity !== undefined) {
    return uidKey(stored.uidValidity, stored.uid);
  }
  const key = await searchById(connection, path, message.id); // a server without UIDPLUS
  if (key) return key;
  throw new VoxpostError("STORE_REFUSED", `"${path}" has not got the message that was just stored`, {
    retryable: true,
  });
}

/** Elsewhere LIMIT (RFC 5530) may be one of connections, say, and be over soon; said of an APPEND it is the mail's size, for good. */
function isAboutTheMail(error: unknown): error is VoxpostError {
  const cause =
    error instanceof VoxpostError ? (error.cause as { serverResponseCode?: string } | undefined) : undefined;
  return cause?.serverResponseCode === "LIMIT";
}
