import { join } from "node:path";
import { newId } from "../custody/name.ts";
import { VoxpostError } from "../errors.ts";
import type { Call } from "../ivr/call.ts";
import { parseMailbox } from "../model/mailbox.ts";
import type { Subscribers } from "../model/subscriber.ts";
import type { Store } from "../storage/store.ts";
import { AudioCache } from "./audio.ts";
import { conclude, type Entry } from "./ending.ts";
import { patiently, STORE_WAIT, within } from "./wait.ts";

export interface PlayMessageDeps {
  readonly store: Store;
  readonly subscribers: Subscribers;
  /** Folder for the audio of calls in progress. */
  readonly folder: string;
}

/**
 * `play([mailbox][@context],id)`: plays one message by its id, from whatever folder it is in, as VoiceMailPlayMsg() does.
 * `VOICEMAIL_PLAYBACKSTATUS` tells SUCCESS or FAILED. The message is not marked as heard. Never rejects.
 */
export function createPlayMessage(deps: PlayMessageDeps): Entry {
  return async (call, [mailbox = "", id = ""]) => {
    const audio = new AudioCache(deps.store, join(deps.folder, newId()));
    const status = await conclude(
      call,
      async () => {
        await call.answer();
        await play(call, mailbox, id, audio, deps);
        return { status: "SUCCESS" };
      },
      "VOICEMAIL_PLAYBACKSTATUS",
    );
    await audio.dispose().catch((error) => {
      call.log.warn({ err: error }, "The files of a call could not be removed");
    });
    return status;
  };
}

async function play(
  call: Call,
  mailbox: string,
  id: string,
  audio: AudioCache,
  { store, subscribers }: PlayMessageDeps,
): Promise<void> {
  const owner = subscribers.find(parseMailbox(mailbox));
  if (!owner) throw new VoxpostError("MAILBOX_UNKNOWN", `There is no mailbox "${mailbox}"`);
  const finding = within(
    STORE_WAIT,
    "Finding a message",
    (signal) => store.find(owner.address, id, { signal }),
    call.signal,
  );
  const entry = await patiently(call, finding);
  if (!entry) throw new VoxpostError("MESSAGE_UNKNOWN", `Mailbox ${mailbox} has no message "${id}"`);
  const { skipMs, playbackKeys: controls } = owner;
  for (const part of await patiently(call, audio.get(entry))) {
    const { key, heard } = await call.playMessage(part, { skipMs, controls });
    if (!heard) throw new VoxpostError("MESSAGE_MALFORMED", "Asterisk cannot play a message's audio");
    if (key !== undefined) return;
  }
}
