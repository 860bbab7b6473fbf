import type { Address } from "./transport.ts";

const EVENTS = 101;

/** Offers µ-law, A-law and RFC 4733 events. */
export function makeSdp(port: number, version: number): string {
  return [
    "v=0",
    `o=- ${port} ${version} IN IP4 127.0.0.1`,
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${port} RTP/AVP 0 8 ${EVENTS}`,
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    `a=rtpmap:${EVENTS} telephone-event/8000`,
    `a=fmtp:${EVENTS} 0-15`,
    "a=ptime:20",
    "a=sendrecv",
    "",
  ].join("\r\n");
}

/** Where the far end wants audio, and its payload type for keys; undefined when the body is no such description. */
export function parseSdp(body: string): { remote: Address; eventType: number } | undefined {
  const port = /^m=audio (\d+)/m.exec(body)?.[1];
  const host = /^c=IN IP4 (\S+)/m.exec(body)?.[1];
  if (!port || !host) return undefined;
  const eventType = /^a=rtpmap:(\d+) telephone-event\/8000/im.exec(body)?.[1];
  return { remote: { host, port: Number(port) }, eventType: Number(eventType ?? EVENTS) };
}
