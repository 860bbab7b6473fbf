import type { MessageStructureObject } from "imapflow";
import { decodeText } from "../../mime/body.ts";
import { textBelowNotice } from "../../mime/notice.ts";
import { leaves } from "./audio.ts";
import type { Connection } from "./connection.ts";

/** A transcript of an hour is a tenth of this. Bytes as they are stored. */
const LONGEST_TEXT = 1_000_000;

/** The text of a message in the selected folder; undefined when it has none, or is gone. Two questions. */
export async function fetchText(connection: Connection, uid: number): Promise<string | undefined> {
  const range = String(uid);
  const [mail] = await connection.fetch("the message cannot be opened", range, { bodyStructure: true });
  const node = mail?.bodyStructure && leaves(mail.bodyStructure).find(isText);
  if (!node) return undefined;
  const key = node.part ?? "1";
  const [body] = await connection.fetch("the message's text cannot be fetched", range, {
    bodyParts: [{ key, start: 0, maxLength: LONGEST_TEXT }],
  });
  const bytes = body?.bodyParts?.get(key);
  if (!Buffer.isBuffer(bytes)) return undefined;
  return textBelowNotice(
    await decodeText({ body: bytes, encoding: node.encoding, parameters: node.parameters }),
  );
}

export function isText({ type, disposition }: MessageStructureObject): boolean {
  return type?.toLowerCase() === "text/plain" && disposition?.toLowerCase() !== "attachment";
}
