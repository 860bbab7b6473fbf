import { type AriEvent, watchEvents } from "../../lab/prompts.ts";
import { Heard } from "./heard.ts";
import { soundName } from "./world.ts";

/** One call on the real Asterisk, as seen from outside. */
export interface Line {
  readonly heard: Heard;
  readonly number: string;
  /** Channel variables that were set, by name. */
  readonly variables: Map<string, string>;
  /** Everywhere it has been in the dialplan, as `context/extension`. */
  readonly places: Set<string>;
  isRecorded: boolean;
  isPlayedTo: boolean;
  /** The last item that began, so that one that only goes on after a pause is not taken for another. */
  last: string;
}

/** All calls on a real Asterisk, from an ARI subscriber of its own. */
export class Lines {
  readonly #byChannel = new Map<string, Line>();
  #listener: { close(): void } | undefined;

  async open(ari: { url: string; user: string; password: string }): Promise<void> {
    this.#listener = await watchEvents(ari, (event) => this.#take(event));
  }

  close(): void {
    this.#listener?.close();
  }

  /** The newest channel of a caller. */
  of(number: string): Line | undefined {
    return [...this.#byChannel.values()].filter((line) => line.number === number).at(-1);
  }

  #take(event: AriEvent): void {
    const { type, channel, playback, recording, variable, value = "" } = event;
    if (channel && !this.#byChannel.has(channel.id))
      this.#byChannel.set(channel.id, newLine(channel.caller.number));
    const id = channel?.id ?? (playback ?? recording)?.target_uri.replace("channel:", "") ?? "";
    const line = this.#byChannel.get(id);
    if (!line) return;
    if (channel) line.places.add(`${channel.dialplan.context}/${channel.dialplan.exten}`);
    if (type === "ChannelVarset" && variable) line.variables.set(variable, value);
    if (type === "RecordingStarted") line.isRecorded = true;
    if (type === "RecordingFinished") line.isRecorded = false;
    if (type === "PlaybackContinuing" || type === "PlaybackFinished") line.last = "";
    if (playback) line.isPlayedTo = type !== "PlaybackFinished";
    if (type !== "PlaybackStarted" || !playback) return;
    const item = `${playback.id} ${playback.media_uri}`;
    if (item === line.last) return;
    line.last = item;
    line.heard.add(soundName(playback.media_uri), playback.id);
  }
}

function newLine(number: string): Line {
  return {
    heard: new Heard(),
    number,
    variables: new Map(),
    places: new Set(),
    isRecorded: false,
    isPlayedTo: false,
    last: "",
  };
}
