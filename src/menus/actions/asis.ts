import { formatName, type RecordingName } from "../../custody/name.ts";
import type { Call } from "../../ivr/call.ts";
import type { Action } from "../menu.ts";
import { commentOf } from "../outgoing.ts";
import type { Retrieval } from "../session.ts";

export const asis: Action<Retrieval> = {
  name: "asis",
  title: "forward it as it is",
  async run(session) {
    const { call, outgoing, subscriber, deps } = session;
    if (!outgoing?.forwards) return { next: "up" };
    const { envelope } = outgoing.forwards.entry;
    const comment = commentOf(session, outgoing.recipients, outgoing.forwards);
    const { id, recipients, urgent } = comment;
    call.log.info({ forward: id, message: envelope.id }, "an owner sends a message on");
    const note = await leaveNote(call, comment);
    if (note !== undefined) {
      await deps.enqueue.deposit({ asterisk: call.asterisk, parts: [note], untried: true });
      return { next: "up", say: ["vm-msgforwarded"] };
    }
    // A queue that loses its data would lose it, so only where Asterisk keeps nothing.
    const job = { id, from: subscriber.address, message: envelope.id, to: recipients, urgent };
    const taken = await deps.enqueue.forward(job);
    return { next: "up", say: [taken ? "vm-msgforwarded" : "voxpost/not-done"] };
  },
};

/** Undefined where Asterisk keeps none, or no name can tell it, as with too many recipients. */
async function leaveNote(
  call: Call,
  comment: Omit<RecordingName, "state" | "part">,
): Promise<string | undefined> {
  try {
    const name = formatName({ ...comment, state: "deposit", part: 0 });
    return (await call.note(name)) ? name : undefined;
  } catch (error) {
    call.log.warn(
      { err: error, forward: comment.id },
      "no note of it on Asterisk's disk: only the queue knows",
    );
    return undefined;
  }
}
