import { en } from "../../sounds/en.ts";
import type { Key } from "../ivr/phrase.ts";
import { address, extension } from "./actions/address.ts";
import { asis } from "./actions/asis.ts";
import { callback, callnumber, dial, dialout, numberOf, othernumber } from "./actions/call-out.ts";
import { remove } from "./actions/delete.ts";
import { directory } from "./actions/directory.ts";
import { envelope } from "./actions/envelope.ts";
import { first } from "./actions/first.ts";
import { forward } from "./actions/forward.ts";
import { help } from "./actions/help.ts";
import { cancel, exit, main, top } from "./actions/leaving.ts";
import { next } from "./actions/next.ts";
import { openFolder, openTrash } from "./actions/open-folder.ts";
import { prepend } from "./actions/prepend.ts";
import { previous } from "./actions/previous.ts";
import { repeat } from "./actions/repeat.ts";
import { reply } from "./actions/reply.ts";
import { saveTo } from "./actions/save-to.ts";
import { send } from "./actions/send.ts";
import { undelete } from "./actions/undelete.ts";
import { announcementsOf } from "./announce.ts";
import { type KeyMap, type Menu, type MenuSet, type Prompt, table } from "./menu.ts";
import { outgoingMenus } from "./outgoing-menus.ts";
import { PLACES } from "./place.ts";
import { colleagueName, total } from "./sentences.ts";
import type { Retrieval } from "./session.ts";
import { settingsActions, settingsMenus } from "./settings-menus.ts";
import { patiently } from "./wait.ts";

/** The same in the main menu, in the message menu, and while a message plays: owners press them without listening. */
const MESSAGE_KEYS: KeyMap = {
  "1": "first",
  "2": "folders",
  "3": "advanced",
  "4": "previous",
  "5": "repeat",
  "6": "next",
  "7": ["delete", "undelete"],
  "8": "forward",
  "9": "save",
  "0": "options",
  "*": "help",
  "#": "exit",
};

const MESSAGE_PROMPT: Prompt = [
  "vm-prev",
  "vm-advopts",
  "vm-repeat",
  "vm-next",
  "vm-delete",
  "vm-undelete",
  "vm-toforward",
  "vm-savemessage",
  "vm-helpexit",
];

/** Before the first message of a folder. */
const mainMenu: Menu = {
  name: "main",
  title: "Main menu",
  intro: [{ sentence: "inventory" }],
  prompt: ["vm-onefor", "vm-opts", "vm-helpexit"],
  keys: MESSAGE_KEYS,
  tries: 3,
};

/** After a message. */
const messageMenu: Menu = {
  name: "message",
  title: "After a message",
  prompt: MESSAGE_PROMPT,
  help: ["vm-onefor", "vm-opts", ...MESSAGE_PROMPT],
  keys: MESSAGE_KEYS,
  tries: 3,
  silenceEnds: true,
};

const advancedMenu: Menu = {
  name: "advanced",
  title: "Advanced options",
  always: true,
  prompt: [
    "vm-toreply",
    "vm-tocallback",
    "vm-tohearenv",
    "vm-tomakecall",
    "vm-leavemsg",
    "vm-starmain",
    { announce: "trash" },
  ],
  keys: {
    "1": "reply",
    "2": "callback",
    "3": "envelope",
    "4": "dialout",
    "5": "send",
    "6": "trash",
    "*": "main",
  },
};

function folderMenu(name: string, title: string, question: string, verb: string): Menu {
  return {
    name,
    title,
    prompt: [question, ...PLACES.map((place) => ({ announce: `${verb}-${place.name}` })), "vm-tocancel"],
    keys: Object.fromEntries<string>([
      ...PLACES.map((place): [Key, string] => [place.key ?? "0", `${verb}-${place.name}`]),
      ["#", "cancel"],
    ]),
    invalid: [],
    wait: 4000,
  };
}

export const retrievalMenus: MenuSet<Retrieval> = {
  menus: Object.fromEntries(
    [
      mainMenu,
      messageMenu,
      advancedMenu,
      ...outgoingMenus,
      ...settingsMenus,
      folderMenu("folders", "Change folder", "vm-changeto", "open"),
      folderMenu("save", "Save to folder", "vm-savefolder", "save"),
    ].map((menu) => [menu.name, menu]),
  ),
  actions: table<Retrieval>(
    ...[first, previous, repeat, next, remove, undelete, envelope, help, main, top, cancel, exit],
    ...[reply, callback, callnumber, othernumber, dialout, dial],
    ...[forward, send, extension, directory, address, prepend, asis],
    ...settingsActions,
    openTrash,
    ...openFolder,
    ...saveTo,
  ),
  sentences: {
    async number(session) {
      const digits = numberOf(session);
      if (!session.current || digits === undefined) return ["vm-nonumber"];
      return ["vm-num-i-have", (await colleagueName(session, session.current.entry.envelope)) ?? { digits }];
    },
    async inventory(session) {
      await patiently(session.call, session.ready);
      const { counts, subscriber } = session;
      if (!counts) return [];
      const isFull = subscriber.maxMessages > 0 && total(counts) >= subscriber.maxMessages;
      await session.greetings.load();
      const warned = subscriber.warnsOfTemporary && session.greetings.known.temporary;
      return [...(isFull ? ["vm-mailboxfull"] : []), ...(warned ? ["vm-tempgreetactive"] : []), { counts }];
    },
    async temporary({ greetings }) {
      await greetings.load();
      return greetings.known.temporary ? ["vm-tmpexists"] : [];
    },
  },
  announcements: announcementsOf(en.prompts),
};
