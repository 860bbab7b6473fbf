import { newId } from "../../custody/name.ts";
import type { Action } from "../menu.ts";
import type { Retrieval } from "../session.ts";

export const asis: Action<Retrieval> = {
  name: "asis",
  title: "forward it as it is",
  async run(session) {
    const { outgoing, subscriber, deps } = session;
    if (!outgoing?.forwards) return { next: "up" };
    const { envelope } = outgoing.forwards.entry;
    const id = newId();
    session.call.log.info({ forward: id, message: envelope.id }, "an owner sends a message on");
    const taken = await deps.enqueue.forward({
      id,
      from: subscriber.address,
      message: envelope.id,
      to: outgoing.recipients.map((recipient) => recipient.address),
      urgent: envelope.urgent && subscriber.forwardUrgent,
    });
    return { next: "up", say: [taken ? "vm-msgforwarded" : "voxpost/not-done"] };
  },
};
