import { FOLDERS, type Folder } from "../../../model/folder.ts";
import type { MarkSet } from "../../marks.ts";

/** A change is under way, or was when the program was killed: the engines may differ in it. */
export const BEGUN = "begun";

/** Fewer engines have the message than have to; whoever stored it was told that it failed. */
export const SHORT = "short";

/** Removed for good: whoever still has it lags behind. */
export const GONE = "gone";

/** Moved to this folder: whoever has it elsewhere lags behind. */
export function inFolder(folder: Folder): string {
  return `in-${folder}`;
}

export const IN_FOLDERS = FOLDERS.map(inFolder);

export function folderIn(marks: MarkSet): Folder | undefined {
  return FOLDERS.find((folder) => marks.has(inFolder(folder)));
}
