import { VoxpostError } from "../errors.ts";

/**
 * Where a message lies. New, Old and Urgent are not folders but views on INBOX by flags (`View` below), so that a
 * message changes its view without being moved.
 */
export const FOLDERS = [
  "INBOX",
  "Work",
  "Family",
  "Friends",
  "Cust1",
  "Cust2",
  "Cust3",
  "Cust4",
  "Cust5",
  "Trash",
] as const;

export type Folder = (typeof FOLDERS)[number];

/** What the telephone user interface calls a folder. `new` excludes urgent ones, as app_voicemail counts them. */
export type View = "urgent" | "new" | "old" | "all";

/** @throws VoxpostError FOLDER_UNKNOWN */
export function parseFolder(text: string): Folder {
  const folder = FOLDERS.find((name) => name.toLowerCase() === text.toLowerCase());
  if (!folder) {
    throw new VoxpostError("FOLDER_UNKNOWN", `"${text}" is not a folder: one of ${FOLDERS.join(", ")}`);
  }
  return folder;
}

/** MWI's counts of one mailbox (RFC 3842 counts urgent ones within the new ones; here the three are disjoint). */
export interface Counts {
  /** Not heard and urgent. */
  readonly urgent: number;
  /** Not heard and not urgent. */
  readonly new: number;
  /** Heard. */
  readonly old: number;
}

export function sameCounts(a: Counts, b: Counts): boolean {
  return a.urgent === b.urgent && a.new === b.new && a.old === b.old;
}
