import type { Directory, DirectoryResult } from "../directory-session.ts";
import type { Action, Outcome } from "../menu.ts";
import { type Person, search as searchFor } from "../people.ts";

/** What keys do in the directory. */

export const search: Action<Directory> = {
  name: "search",
  title: "look for a name by its first letters",
  leadsTo: ["person", "people"],
  run(directory, { entry = "" }) {
    directory.hits = entry === "" ? [] : searchFor(directory.people, entry);
    directory.at = 0;
    if (directory.hits.length === 0) return { next: "repeat", say: ["dir-nomatch"] };
    return { next: "menu", menu: directory.asMenu ? "people" : "person" };
  },
};

export const select: Action<Directory> = {
  name: "select",
  title: "take this person",
  leaves: true,
  run: (directory) => take(directory, directory.page[0]),
};

/** One for each of the people who are heard together. */
export const pick: readonly Action<Directory>[] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
  name: `pick-${index + 1}`,
  title: `take person ${index + 1}`,
  leaves: true,
  available: ({ page }) => page[index] !== undefined,
  run: (directory) => take(directory, directory.page[index]),
}));

export const other: Action<Directory> = {
  name: "other",
  title: "hear the next person",
  leadsTo: ["directory"],
  run: goOn,
};

export const more: Action<Directory> = {
  name: "more",
  title: "hear more people",
  leadsTo: ["directory"],
  announced: ({ hits, at, page }) => at + page.length < hits.length,
  run: goOn,
};

export const operator: Action<Directory> = {
  name: "operator",
  title: "leave to extension o",
  leaves: true,
  available: (directory) => directory.operator !== undefined,
  run: (directory) => end(directory, "OPERATOR"),
};

export const assistant: Action<Directory> = {
  name: "assistant",
  title: "leave to extension a",
  leaves: true,
  available: (directory) => directory.assistant !== undefined,
  run: (directory) => end(directory, "ASSISTANT"),
};

export const leave: Action<Directory> = {
  name: "leave",
  title: "leave the directory",
  leaves: true,
  run: (directory) => end(directory, "USEREXIT"),
};

function goOn(directory: Directory): Outcome {
  directory.at += directory.page.length;
  if (directory.page.length > 0) return { next: "repeat" };
  return { next: "menu", menu: "directory", say: ["dir-nomore"] };
}

function take(directory: Directory, person: Person | undefined): Outcome {
  if (!person) return { next: "repeat" };
  directory.selected = person;
  return end(directory, "SELECTED");
}

function end(directory: Directory, result: DirectoryResult): Outcome {
  directory.result = result;
  return { next: "exit" };
}
