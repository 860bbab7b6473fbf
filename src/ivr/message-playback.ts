import type { PlaybackOptions, PlaybackResult } from "./call.ts";
import type { Keys } from "./keys.ts";
import type { Published } from "./media.ts";
import type { Key } from "./phrase.ts";
import type { Playback } from "./player.ts";

/**
 * Plays a message, alone (an item of a list that fails is skipped without a word), under the caller's control. While it
 * is paused, only the pause key and keys that stop it do something, as in app_voicemail.
 */
export async function playMessage(
  keys: Keys,
  options: PlaybackOptions,
  published: Published,
  begin: () => Promise<Playback>,
): Promise<PlaybackResult> {
  const playback = await begin();
  let stopKey: Key | undefined;
  let isPaused = false;
  const stopListening = keys.listen((key) => {
    const control = options.controls[key];
    if (!control) {
      stopKey = key;
      void playback.stop();
      return true;
    }
    if (control === "pause") {
      isPaused = !isPaused;
      void playback.control(isPaused ? "pause" : "unpause");
    } else if (!isPaused) {
      void playback.control(control === "rewind" ? "reverse" : control);
    }
    return false;
  });
  try {
    const end = await playback.ended;
    const began = playback.hasBegun && published.bytesServed > 0;
    const heard = stopKey || end === "gone" ? began : end === "done" && published.served;
    return stopKey ? { key: stopKey, heard } : { heard };
  } finally {
    stopListening();
  }
}
