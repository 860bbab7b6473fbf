import type { RetrievalExtension } from "../../src/menus/plugin.ts";

/**
 * A plug-in from end to end: owners may delete a whole folder, and are asked once more before it is done. examples/plug-in.yaml loads
 * it and gives it a key; test/menus/examples.test.ts dials it; docs/menus.md explains every part.
 */
export const retrieval: RetrievalExtension = {
  actions: {
    "delete-all": {
      title: "delete all messages of this folder",
      leadsTo: ["main", "message"],
      available: (session) =>
        !session.readOnly && session.place.folder !== "Trash" && session.known(session.place) > 0,
      async run(session) {
        // Only marked, like everything that is deleted: carried out when the folder is closed, and then still in the trash.
        for (let index = 0; ; index++) {
          const item = await session.at(session.place, index);
          if (!item) break;
          item.deleted = true;
        }
        return { next: "menu", menu: session.home, say: ["vm-deleted"] };
      },
    },
  },
  menus: {
    tidy: {
      title: "Delete a whole folder",
      prompt: [{ announce: "delete-all" }, { announce: "cancel" }],
      keys: { "1": "delete-all", "*": "cancel" },
    },
  },
  // After "press 7", and after "press 1": files custom/….wav among Asterisk's sounds.
  words: {
    tidy: { sound: "custom/to-tidy" },
    "delete-all": { sound: "custom/to-delete-all" },
  },
};
