import type { Folder } from "../../../model/folder.ts";
import type { ImapOptions } from "./options.ts";

/**
 * Names of a folder from the root down. INBOX is the account's own; the others lie beside it under their own names, as
 * app_voicemail has them, or below `folders.parent`.
 */
export function folderNames({ folders }: Pick<ImapOptions, "folders">, folder: Folder): string[] {
  if (folder === "INBOX") return [folders.inbox];
  return [...folders.parent, folder === "Trash" ? folders.trash : folder];
}

export function greetingFolderNames({ folders }: Pick<ImapOptions, "folders">): string[] {
  return [...folders.parent, folders.greetings];
}
