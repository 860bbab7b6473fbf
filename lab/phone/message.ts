/** One SIP message (RFC 3261), as little of it as a phone needs. Header names are case-insensitive and never compact. */
export interface SipMessage {
  /** Of a request. */
  method?: string;
  uri?: string;
  /** Of a response. */
  status?: number;
  reason?: string;
  headers: [name: string, value: string][];
  body: string;
}

const COMPACT: Record<string, string> = {
  v: "via",
  f: "from",
  t: "to",
  i: "call-id",
  m: "contact",
  l: "content-length",
  c: "content-type",
  o: "event",
  e: "content-encoding",
  s: "subject",
  k: "supported",
};

/** Parses a datagram; undefined when it is no SIP message (a keep-alive, for example). */
export function parseMessage(data: Buffer): SipMessage | undefined {
  const text = data.toString("utf8");
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [start = "", ...lines] = text
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    return [COMPACT[name] ?? name, line.slice(colon + 1).trim()];
  });
  const body = text.slice(end + 4);
  const response = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(start);
  if (response) return { status: Number(response[1]), reason: response[2] ?? "", headers, body };
  const request = /^([A-Z]+) (\S+) SIP\/2\.0$/.exec(start);
  return request ? { method: request[1] ?? "", uri: request[2] ?? "", headers, body } : undefined;
}

/** The text that goes over the wire; Content-Length is added. */
export function formatMessage(message: SipMessage): string {
  const start = message.method
    ? `${message.method} ${message.uri} SIP/2.0`
    : `SIP/2.0 ${message.status} ${message.reason}`;
  const lines = message.headers.map(([name, value]) => `${name}: ${value}`);
  return [start, ...lines, `Content-Length: ${Buffer.byteLength(message.body)}`, "", message.body].join(
    "\r\n",
  );
}

/** The first header of that name, or an empty string. */
export function header(message: SipMessage, name: string): string {
  const wanted = name.toLowerCase();
  return message.headers.find(([each]) => each.toLowerCase() === wanted)?.[1] ?? "";
}

/** All headers of that name. */
export function headersOf(message: SipMessage, name: string): [string, string][] {
  const wanted = name.toLowerCase();
  return message.headers.filter(([each]) => each.toLowerCase() === wanted);
}

/** A parameter such as `tag` or `branch` of a header's value, or an empty string. */
export function parameter(value: string, name: string): string {
  return new RegExp(`;\\s*${name}=([^;,>\\s]+)`, "i").exec(value)?.[1] ?? "";
}

/** The URI inside a Contact, From or To. */
export function uriOf(value: string): string {
  return /<([^>]+)>/.exec(value)?.[1] ?? value.split(";")[0]?.trim() ?? "";
}

/** Whatever text as the user part of a SIP URI. */
export function escapeUser(text: string): string {
  return encodeURIComponent(text).replace(/%(2B|26|3D|24|2C|3B|3F|2F)/g, decodeURIComponent);
}

/** Whatever text as a quoted display name; line breaks, which no header may hold, become spaces. */
export function quoteName(text: string): string {
  return `"${text.replace(/[\r\n]+/g, " ").replace(/[\\"]/g, "\\$&")}"`;
}
