import { WebSocket } from "ws";

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

/**
 * Listens at ARI to what is played on every channel, without taking part. Dialplan applications are not reported.
 * Resolves when it is connected.
 */
export async function watchPrompts(
  ari: { url: string; user: string; password: string },
  onPrompt: (prompt: PromptHeard) => void,
): Promise<{ close(): void }> {
  const query = new URLSearchParams({
    app: `lab-listener-${process.pid}-${Math.random().toString(36).slice(2, 8)}`,
    subscribeAll: "true",
    api_key: `${ari.user}:${ari.password}`,
  });
  const socket = new WebSocket(`${ari.url.replace(/^http/, "ws")}/ari/events?${query}`, {
    handshakeTimeout: 5_000,
  });
  const callers = new Map<string, string>();
  socket.on("message", (data) => {
    const event = JSON.parse(data.toString()) as PlaybackEvent;
    if (event.channel) callers.set(event.channel.id, event.channel.caller.number);
    // Each item of a list is started; PlaybackContinuing names the one before.
    if (event.type !== "PlaybackStarted") return;
    const { media_uri, target_uri } = event.playback;
    const channel = target_uri.replace(/^channel:/, "");
    onPrompt({ channel, caller: callers.get(channel) ?? "", media: media_uri, at: new Date() });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  return { close: () => socket.close() };
}

interface PlaybackEvent {
  type: string;
  channel?: { id: string; caller: { number: string } };
  playback: { media_uri: string; target_uri: string };
}
