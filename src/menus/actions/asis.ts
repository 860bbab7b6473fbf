import { formatName, type RecordingName } from "../../custody/name.ts";
import type { Call } from "../../ivr/call.ts";
import type { Action } from "../menu.ts";
import { forwardingName } from "../outgoing.ts";
import type { Retrieval } from "../session.ts";

export const asis: Action<Retrieval> = {
  name: "asis",
  title: "forward it as it is",
  async run(session) {
    const { call, outgoing, subscriber, deps } = session;
    if (!outgoing?.forwards) return { next: "up" };
    const { envelope } = outgoing.forwards.entry;
    const name = forwardingName(session, "forward", outgoing.recipients, outgoing.forwards);
    const { id, recipients, urgent } = name;
    call.log.info({ forward: id, message: envelope.id }, "an owner sends a message on");
    const note = await leaveNote(call, name);
    if (note !== undefined) {
      await deps.enqueue.deposit({ asterisk: call.asterisk, parts: [note], untried: true });
      return { next: "up", say: ["vm-msgforwarded"] };
    }
    // A queue that loses its data would lose it, so only where Asterisk may keep nothing. By the id it is done once where it does.
    const at = Date.now();
    const job = { id, from: subscriber.address, message: envelope.id, to: recipients, urgent, at };
    const taken = await deps.enqueue.forward(job);
    return { next: "up", say: [taken ? "vm-msgforwarded" : "voxpost/not-done"] };
  },
};

/** Undefined where Asterisk keeps none, or no name can tell it, as with too many recipients. */
async function leaveNote(
  call: Call,
  name: Omit<RecordingName, "state" | "part">,
): Promise<string | undefined> {
  try {
    const note = formatName({ ...name, state: "deposit", part: 0 });
    return (await call.note(note)) ? note : undefined;
  } catch (error) {
    call.log.warn({ err: error, forward: name.id }, "no note of it on Asterisk's disk: only the queue knows");
    return undefined;
  }
}
