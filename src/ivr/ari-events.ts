/** The parts that we read of ARI's objects and events (`/ari/api-docs/events.json`). */

export interface AriChannel {
  readonly id: string;
  readonly name: string;
  /** `Up`, `Ring`, … */
  readonly state: string;
  readonly language?: string;
  readonly creationtime: string;
  readonly caller?: { readonly name: string; readonly number: string };
  /** Present while the channel is in the dialplan, an application included. */
  readonly dialplan?: {
    readonly context: string;
    readonly exten: string;
    readonly app_name: string;
    readonly app_data: string;
  };
}

export interface AriPlayback {
  readonly id: string;
  readonly media_uri: string;
  /** `queued`, `playing`, `continuing`, `done` or `failed`. */
  readonly state: string;
}

export interface AriRecording {
  readonly name: string;
  readonly state: string;
  /** Whole seconds. */
  readonly duration?: number;
  readonly talking_duration?: number;
  readonly silence_duration?: number;
  readonly cause?: string;
}

/** An event carries at most one of these; `type` tells which. */
export interface AriEvent {
  readonly type: string;
  readonly application?: string;
  readonly timestamp?: string;
  readonly args?: readonly string[];
  readonly channel?: AriChannel;
  readonly playback?: AriPlayback;
  readonly recording?: AriRecording;
  readonly digit?: string;
}

export type AriListener = (event: AriEvent) => void;

/** Hands events to those who listen for one channel, playback, recording or type. A listener's fault stays its own. */
export class AriEvents {
  readonly #listeners = new Map<string, Set<AriListener>>();
  readonly #onFault: (error: unknown, event: AriEvent) => void;

  constructor(onFault: (error: unknown, event: AriEvent) => void) {
    this.#onFault = onFault;
  }

  /** Key: `channel:ID`, `playback:ID`, `recording:NAME` or `type:TYPE`. Returns the way to stop listening. */
  on(key: string, listener: AriListener): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(key, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  emit(event: AriEvent): void {
    const keys = [
      `type:${event.type}`,
      event.channel && `channel:${event.channel.id}`,
      event.playback && `playback:${event.playback.id}`,
      event.recording && `recording:${event.recording.name}`,
    ];
    for (const key of keys) {
      for (const listener of key ? [...(this.#listeners.get(key) ?? [])] : []) {
        try {
          listener(event);
        } catch (error) {
          this.#onFault(error, event);
        }
      }
    }
  }
}
