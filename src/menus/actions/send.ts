import type { Action } from "../menu.ts";
import { askRecipients } from "../outgoing.ts";
import type { Retrieval } from "../session.ts";

export const send: Action<Retrieval> = {
  name: "send",
  title: "leave a message for others",
  leadsTo: ["send-to", "recipients"],
  available: (session) => session.subscriber.sendVoicemail,
  run: (session) => askRecipients(session, undefined),
};
