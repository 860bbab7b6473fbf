import { formatName } from "../../custody/name.ts";
import { isCode } from "../../errors.ts";
import type { RecordResult } from "../../ivr/call.ts";
import { NOT_RECORDED } from "../faults.ts";
import type { Item } from "../listing.ts";
import type { Action } from "../menu.ts";
import { forwardingName, type Outgoing } from "../outgoing.ts";
import type { Retrieval } from "../session.ts";

/** `#`, silence or the longest message end the comment; whoever hangs up instead has not forwarded, as in app_voicemail. */
export const prepend: Action<Retrieval> = {
  name: "prepend",
  title: "record words that are heard before it, and forward it",
  async run(session) {
    const { call, deps, outgoing } = session;
    if (!outgoing?.forwards) return { next: "up" };
    await call.play(["vm-record-prepend"]);
    const recorded = await record(session, outgoing.recipients, outgoing.forwards);
    if (recorded?.ended === "fault") await discard(session, recorded.parts);
    if (!recorded || recorded.ended === "fault") return { next: "repeat", say: NOT_RECORDED };
    const { parts, duration, ended } = recorded;
    if (ended === "hangup" || parts.length === 0 || (duration !== undefined && Math.round(duration) < 1)) {
      await discard(session, parts);
      return { next: "repeat", say: ["vm-tooshort"] };
    }
    await deps.enqueue.deposit({ asterisk: call.asterisk, parts, untried: true });
    return { next: "up", say: ["vm-msgforwarded"] };
  },
};

/** Undefined when Asterisk did not record. */
async function record(
  session: Retrieval,
  recipients: Outgoing["recipients"],
  message: Item,
): Promise<RecordResult | undefined> {
  const { call, subscriber } = session;
  const name = forwardingName(session, "comment", recipients, message);
  call.clearKeys();
  try {
    return await call.record({
      name: (part) => formatName({ ...name, state: "take", part }),
      maxSeconds: subscriber.maxSeconds,
      maxSilence: subscriber.maxSilence,
      beep: "beep",
    });
  } catch (error) {
    if (!isCode(error, "RECORDING_NOT_STARTED")) throw error;
    call.log.error({ err: error }, "A comment could not be recorded; the owner was told");
    return undefined;
  }
}

/** What cannot be removed now is delivered by the sweep: too much rather than too little. */
async function discard({ call, deps }: Retrieval, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    await deps.discard(call.asterisk, part).catch((error) => {
      call.log.warn({ err: error, recording: part }, "A comment could not be removed and will be delivered");
    });
  }
}
