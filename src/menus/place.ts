import type { Key, Script } from "../ivr/phrase.ts";
import type { Folder, View } from "../model/folder.ts";
import type { Subscriber } from "../model/subscriber.ts";

/**
 * A folder as owners know it: app_voicemail's Urgent, INBOX (new) and Old are views on one folder here. `key` opens it in
 * the list of folders; Urgent has none, as it is entered by itself.
 */
export interface Place {
  readonly name: string;
  readonly folder: Folder;
  readonly view: View;
  /** Spoken name, before `vm-messages`. */
  readonly prompt: string;
  readonly key?: Key;
  /** Spoken name, where it is no folder of app_voicemail's. */
  readonly words?: Script;
}

export const URGENT: Place = { name: "urgent", folder: "INBOX", view: "urgent", prompt: "vm-Urgent" };
export const NEW: Place = { name: "new", folder: "INBOX", view: "new", prompt: "vm-INBOX", key: "0" };
export const OLD: Place = { name: "old", folder: "INBOX", view: "old", prompt: "vm-Old", key: "1" };

/** What was deleted: in no list of folders, and opened by a key of its own. */
export const TRASH: Place = {
  name: "trash",
  folder: "Trash",
  view: "all",
  prompt: "voxpost/deleted",
  words: ["voxpost/deleted", "vm-messages"],
};

/** In the order of their keys, which is that of app_voicemail's folder numbers. */
export const PLACES: readonly Place[] = [
  NEW,
  OLD,
  ...(["Work", "Family", "Friends", "Cust1", "Cust2", "Cust3", "Cust4", "Cust5"] as const).map(
    (folder, index): Place => ({
      name: folder.toLowerCase(),
      folder,
      view: "all",
      prompt: `vm-${folder}`,
      key: String(index + 2) as Key,
    }),
  ),
];

/** Option `a(folder)`: app_voicemail's number 0–9 or folder name; undefined when there is no such folder. */
export function findPlace(text: string): Place | undefined {
  const wanted = text.toLowerCase() === "inbox" ? NEW.name : text.toLowerCase();
  return [...PLACES, URGENT].find((place) => place.key === wanted || place.name === wanted);
}

/** Announced are the first five, as by app_voicemail, and those that the site has named; the others work as well. */
export function isAnnounced(place: Place, { folderSounds }: Pick<Subscriber, "folderSounds">): boolean {
  return PLACES.indexOf(place) < 5 || folderSounds[place.folder] !== undefined;
}

/** "new messages", or the sound that the site has for the folder. */
export function nameOf(place: Place, { folderSounds }: Pick<Subscriber, "folderSounds">): Script {
  const sound = place.view === "all" ? folderSounds[place.folder] : undefined;
  if (place.words) return place.words;
  return [sound === undefined ? { folder: place.prompt } : { sound }];
}
