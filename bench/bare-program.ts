import { WebSocket } from "ws";
import type { AsteriskLab } from "../lab/asterisk.ts";

/** The dialplan's extension that leads to the bare program. */
export const BARE = "bare";

interface Event {
  readonly type: string;
  readonly channel?: { readonly id: string };
  readonly digit?: string;
  readonly playback?: { readonly target_uri: string; readonly id: string };
}

/**
 * The least that a program can do with a call, as the limit of any other: it plays one sound when a call comes and at each key, and
 * after key 1 another one as soon as the end of the first is reported.
 */
export async function withBareProgram<T>(asterisk: AsteriskLab, work: () => Promise<T>): Promise<T> {
  const { url, user, password } = asterisk.ari;
  const headers = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  const play = (channel: string, id: string) =>
    fetch(`${url}/ari/channels/${channel}/play/${id}?media=sound:vm-goodbye`, {
      method: "POST",
      headers,
    }).catch(() => undefined);
  let plays = 0;
  const socket = new WebSocket(
    `${url.replace("http", "ws")}/ari/events?app=${BARE}&api_key=${user}:${password}`,
  );
  socket.on("message", (data) => {
    const { type, channel, digit, playback } = JSON.parse(String(data)) as Event;
    if (channel && (type === "StasisStart" || type === "ChannelDtmfReceived"))
      void play(channel.id, `${digit === "1" ? "first" : "only"}-${plays++}`);
    if (type === "PlaybackFinished" && playback?.id.startsWith("first"))
      void play(playback.target_uri.replace("channel:", ""), `second-${plays++}`);
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  await asterisk.console(`dialplan add extension ${BARE},1,Answer into lab`);
  await asterisk.console(`dialplan add extension ${BARE},2,Stasis(${BARE}) into lab`);
  try {
    return await work();
  } finally {
    socket.terminate();
  }
}
