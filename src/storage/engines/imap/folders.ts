import type { Folder } from "../../../model/folder.ts";
import type { Connection } from "./connection.ts";
import type { ImapOptions } from "./options.ts";

/**
 * Full path of a folder. INBOX is the account's own; the others lie beside it under their own names, as app_voicemail has
 * them, or below `folders.parent`.
 */
export function pathOf(connection: Connection, { folders }: ImapOptions, folder: Folder): Promise<string> {
  if (folder === "INBOX") return connection.path([folders.inbox]);
  return connection.path([...folders.parent, folder === "Trash" ? folders.trash : folder]);
}

export function greetingPathOf(connection: Connection, { folders }: ImapOptions): Promise<string> {
  return connection.path([...folders.parent, folders.greetings]);
}
