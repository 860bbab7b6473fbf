import { formatMailbox } from "../../model/mailbox.ts";
import { lookUpPerson } from "../directory-session.ts";
import type { Action } from "../menu.ts";
import { addressTo } from "../outgoing.ts";
import { peopleOf } from "../people.ts";
import type { Retrieval } from "../session.ts";

export const directory: Action<Retrieval> = {
  name: "directory",
  title: "look a recipient up by name",
  leadsTo: ["forward-options"],
  async run(session) {
    const { call, deps, subscriber } = session;
    const { person } = await lookUpPerson(
      call,
      {
        people: peopleOf(deps.subscribers, subscriber.address.context, "last", false),
        snapshots: deps.snapshots,
        part: "last",
        digits: 3,
        saysExtension: false,
        asMenu: false,
        intro: deps.subscribers.directoryIntro?.(subscriber.address.context),
        pauseMs: 0,
        operator: undefined,
        assistant: undefined,
      },
      session.menus.directory,
    );
    return person ? addressTo(session, [formatMailbox(person.address)]) : { next: "repeat" };
  },
};
