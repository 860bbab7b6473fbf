/** Text in headers: nothing that comes from a caller may end a header, and nothing of it may be lost. */

/** Control characters, line and paragraph separators, and marks that reverse the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g;

/** One line of well-formed text, safe to show and to put into a header that is then encoded. */
export function oneLine(text: string, maxCharacters = Number.POSITIVE_INFINITY): string {
  const line = wellFormed(text).replace(UNSAFE, " ").replace(/\s+/g, " ").trim();
  return maxCharacters === Number.POSITIVE_INFINITY
    ? line
    : [...line].slice(0, maxCharacters).join("").trim();
}

/** What looks like an encoded word (RFC 2047) is taken apart, or a mail program would show something that nobody wrote. */
export function withoutWords(text: string): string {
  return text.replaceAll("=?", "= ?");
}

/** What app_voicemail makes of a text: printable ASCII only, the rest left out. */
export function printableAscii(text: string, maxCharacters: number): string {
  return oneLine(text)
    .replace(/[^\x20-\x7e]/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, maxCharacters);
}

/** Unpaired surrogates have no UTF-8; they become U+FFFD. */
function wellFormed(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

/** Longer texts are cut: a name of megabytes would make every listing slow. */
const EXACT_MAX = 16_384;

/** Any text as ASCII without spaces of its own, in pieces that a header can be folded between. */
export function toExact(text: string): string {
  const encoded = encodeURIComponent(wellFormed(text.slice(0, EXACT_MAX)));
  return (encoded.match(/.{1,60}/g) ?? []).join(" ");
}

/** Reads `toExact`; undefined for anything else. */
export function fromExact(value: string): string | undefined {
  try {
    return decodeURIComponent(value.replace(/\s+/g, ""));
  } catch {
    return undefined;
  }
}

/**
 * RFC 2047 encoded words to text; what cannot be decoded stays as it is. Adjacent words of one character set are joined
 * before they are decoded, because many programs split inside a character.
 */
export function decodeWords(value: string): string {
  const joined = value.replace(/(=\?[^?\s]+\?[bq]\?[^?\s]*\?=)\s+(?==\?[^?\s]+\?[bq]\?[^?\s]*\?=)/gi, "$1");
  return joined.replace(/(?:=\?[^?\s]+\?[bq]\?[^?\s]*\?=)+/gi, (run) => {
    const pieces = [...run.matchAll(/=\?([^?\s]+)\?([bq])\?([^?\s]*)\?=/gi)];
    let text = "";
    for (let i = 0; i < pieces.length; ) {
      const charset = charsetOf(pieces[i]);
      const bytes: Buffer[] = [];
      for (; i < pieces.length && charsetOf(pieces[i]) === charset; i++) bytes.push(bytesOf(pieces[i]));
      const decoded = decodeBytes(Buffer.concat(bytes), charset);
      if (decoded === undefined) return run;
      text += decoded;
    }
    return text;
  });
}

/** RFC 2231 allows a language behind the character set: `utf-8*en`. */
function charsetOf(piece: RegExpExecArray | undefined): string {
  return (piece?.[1] ?? "").replace(/\*.*$/, "").toLowerCase();
}

function bytesOf(piece: RegExpExecArray | undefined): Buffer {
  const text = piece?.[3] ?? "";
  if (piece?.[2]?.toLowerCase() === "b") return Buffer.from(text, "base64");
  const unescaped = text
    .replace(/_/g, " ")
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(unescaped, "latin1");
}

function decodeBytes(bytes: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Raw bytes of a header as text: UTF-8 where it is that, else Latin-1 (app_voicemail writes either, unlabelled). */
export function decodeRaw(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}

/** RFC 2045 6.7; `text` has whole lines. Blanks before a soft line break are text, those behind it came on the way. */
export function decodeQuotedPrintable(text: string): Buffer {
  const whole = text.replace(/=[ \t]*\r?\n/g, "");
  const decoded = whole.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, "latin1");
}
