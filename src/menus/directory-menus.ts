import { en } from "../../sounds/en.ts";
import { assistant, leave, more, operator, other, pick, search, select } from "./actions/directory-keys.ts";
import { announcementsOf } from "./announce.ts";
import { type Directory, personWords } from "./directory-session.ts";
import { type Menu, type MenuSet, table } from "./menu.ts";

const searchMenu: Menu = {
  name: "directory",
  title: "Directory: the first letters of a name",
  prompt: [{ sentence: "welcome" }, { sentence: "ask-name" }],
  keys: { "0": "operator", "*": "assistant" },
  entry: { action: "search", maxKeys: 3, betweenMs: 3000 },
  wait: 5000,
  tries: 1,
};

const personMenu: Menu = {
  name: "person",
  title: "Directory: somebody who was found",
  prompt: [{ sentence: "person" }, "dir-instr"],
  keys: { "1": "select", "*": "other", "0": "operator", "#": "leave" },
  wait: 3000,
  tries: 3,
};

/** Up to eight at once (option m). */
const peopleMenu: Menu = {
  name: "people",
  title: "Directory: those who were found",
  prompt: [{ sentence: "people" }, "dir-multi9"],
  keys: {
    ...Object.fromEntries(["1", "2", "3", "4", "5", "6", "7", "8"].map((key) => [key, `pick-${key}`])),
    "9": "more",
    "0": "operator",
    "#": "leave",
  },
  wait: 3000,
  tries: 3,
};

const NAMES = { first: "dir-first", last: "dir-last", both: "dir-firstlast" };

export const directoryMenus: MenuSet<Directory> = {
  menus: { directory: searchMenu, person: personMenu, people: peopleMenu },
  actions: table<Directory>(search, select, other, more, ...pick, operator, assistant, leave),
  sentences: {
    welcome: ({ pauseMs, intro }) => [
      ...(pauseMs > 0 ? [{ silence: pauseMs }] : []),
      intro === undefined ? "dir-welcome" : { sound: intro },
    ],
    "ask-name": ({ digits, part }) => ["dir-pls-enter", { number: digits }, NAMES[part], "dir-usingkeypad"],
    async person(directory) {
      const [hit] = directory.page;
      return hit ? personWords(directory, hit) : [];
    },
    async people(directory) {
      const lines = directory.page.map(async (person, index) => [
        "dir-multi1",
        { number: index + 1 },
        "dir-multi2",
        ...(await personWords(directory, person)),
        { silence: 800 },
      ]);
      return (await Promise.all(lines)).flat();
    },
  },
  announcements: announcementsOf(en.prompts),
};
