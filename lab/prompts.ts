import { WebSocket } from "ws";

/** The fields that a listener here goes by; Asterisk sends more. */
export interface AriEvent {
  readonly type: string;
  readonly channel?: {
    readonly id: string;
    readonly caller: { readonly number: string };
    readonly dialplan: { readonly context: string; readonly exten: string };
  };
  readonly playback?: { readonly id: string; readonly media_uri: string; readonly target_uri: string };
  readonly recording?: { readonly target_uri: string };
  readonly variable?: string;
  readonly value?: string;
}

/**
 * Listens at ARI to everything that happens on every channel, without taking part. What dialplan applications play is not
 * reported. Resolves when it is connected.
 */
export async function watchEvents(
  ari: { url: string; user: string; password: string },
  onEvent: (event: AriEvent) => void,
): Promise<{ close(): void }> {
  const query = new URLSearchParams({
    app: `lab-listener-${process.pid}-${Math.random().toString(36).slice(2, 8)}`,
    subscribeAll: "true",
    api_key: `${ari.user}:${ari.password}`,
  });
  const socket = new WebSocket(`${ari.url.replace(/^http/, "ws")}/ari/events?${query}`, {
    handshakeTimeout: 5_000,
  });
  socket.on("message", (data) => onEvent(JSON.parse(data.toString()) as AriEvent));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  return { close: () => socket.close() };
}

/** One sound that Asterisk began to play to a channel for a program. */
export interface PromptHeard {
  /** The channel's id. */
  channel: string;
  /** The number that the channel's caller has; empty when it is not known. */
  caller: string;
  /** Such as `sound:vm-youhave`. */
  media: string;
  at: Date;
}

/** Listens to what is played on every channel. */
export function watchPrompts(
  ari: { url: string; user: string; password: string },
  onPrompt: (prompt: PromptHeard) => void,
): Promise<{ close(): void }> {
  const callers = new Map<string, string>();
  return watchEvents(ari, ({ type, channel, playback }) => {
    if (channel) callers.set(channel.id, channel.caller.number);
    // Each item of a list is started; PlaybackContinuing names the one before.
    if (type !== "PlaybackStarted" || !playback) return;
    const target = playback.target_uri.replace(/^channel:/, "");
    onPrompt({
      channel: target,
      caller: callers.get(target) ?? "",
      media: playback.media_uri,
      at: new Date(),
    });
  });
}
