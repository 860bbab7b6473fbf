import { isUtf8 } from "node:buffer";
import { simpleParser } from "mailparser";
import { VoxpostError } from "../../errors.ts";

/** A text part as the server describes it. */
export interface TextPart {
  /** As it is stored, still encoded. */
  readonly body: Buffer;
  /** Content-Transfer-Encoding. */
  readonly encoding: string | undefined;
  /** Of Content-Type. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
}

/** mailparser answers to some HTML with an error event that nobody can catch: it is never given any. */
const PLAIN = { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true };

/** The text of a text/plain part. Bytes that its character set does not have become U+FFFD. @throws VoxpostError MESSAGE_MALFORMED */
export async function decodeText({ body, encoding, parameters }: TextPart): Promise<string> {
  const head = [
    `Content-Type: text/plain; charset=${charsetOf(parameters?.charset, body)}; format=${word(parameters?.format) || "fixed"}`,
    `Content-Transfer-Encoding: ${word(encoding) || "7bit"}`,
  ];
  try {
    const mail = Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
    return (await simpleParser(mail, PLAIN)).text ?? "";
  } catch (error) {
    throw VoxpostError.from(error, "MESSAGE_MALFORMED", "the mail's text cannot be read");
  }
}

/** Many programs write other characters than they say, or do not say which. */
function charsetOf(charset = "", body: Buffer): string {
  const named = word(charset);
  if (named && named.toLowerCase() !== "us-ascii") return named;
  return isUtf8(body) ? "utf-8" : "windows-1252";
}

/** Nothing of a stranger's mail gets further into a header than a word. */
function word(value = ""): string {
  return /^[\w.:+-]*/.exec(value)?.[0] ?? "";
}
