import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { FetchMessageObject, MessageStructureObject } from "imapflow";
import { VoxpostError } from "../../../errors.ts";
import { formatMailbox } from "../../../model/mailbox.ts";
import type { Ref } from "../../engine.ts";
import { decodeEnvelope } from "../../mime/decode.ts";
import { messageHead } from "../../mime/encode.ts";
import { extraFields, formatHead, isEmpty, LONGEST_HEAD, readKeywords } from "../../mime/extras.ts";
import type { Site } from "../../mime/values.ts";
import { type FetchPiece, kindOf, leaves, pieces } from "./audio.ts";
import { flagsOf, storedAt } from "./census.ts";
import type { Connection } from "./connection.ts";
import { isText } from "./text.ts";

/** What is told of a part in front of its body, bytes; more is cut off. */
const LONGEST_PART_HEAD = 65_536;

/** A part that is taken along as it stands. */
interface OtherPart {
  /** Its section, such as `2` or `3.1`; `2.header` for the header of an attached mail. */
  readonly section: string;
  readonly head: Buffer;
}

export interface FoundExtras {
  readonly head: Buffer;
  /** What is written before each part, and after the last; undefined when the one part has been through this before. */
  readonly boundary?: string;
  readonly parts: readonly OtherPart[];
}

/**
 * What a mail in the selected folder has beyond our model, its parts' bodies left where they are; undefined when it has
 * nothing. It is known to be there. One question, two when there are other parts. @throws VoxpostError MESSAGE_MALFORMED
 */
export async function findExtras(
  connection: Connection,
  uid: number,
  ref: Ref,
  site: Site,
): Promise<FoundExtras | undefined> {
  const mail = await fetchHead(connection, uid);
  const block = mail?.headers;
  const { mailbox, folder } = ref;
  if (!mail?.bodyStructure || !block) {
    const where = `${folder} of ${formatMailbox(mailbox)}`;
    throw new VoxpostError("MESSAGE_MALFORMED", `message ${ref.key} in ${where} cannot be taken apart`);
  }
  const envelope = decodeEnvelope(block, { mailbox, folder, storedAt: storedAt(mail), ...flagsOf(mail) });
  const ours = messageHead({ ...envelope, audio: [] }, site);
  const head = {
    keywords: readKeywords(mail.flags ?? []),
    fields: extraFields(block, envelope.id, ours),
  };
  const nodes = otherNodes(mail.bodyStructure);
  const wrapped = nodes.length === 1 && nodes[0]?.node && boundaryOf(nodes[0].node);
  const parts = await fetchPartHeads(connection, uid, nodes);
  if (isEmpty(head) && parts.length === 0) return undefined;
  if (parts.length === 0) return { head: formatHead(head), parts };
  const boundary = wrapped || boundaryFor([block, ...parts.map((part) => part.head)]);
  const contentType = `Content-Type: multipart/mixed; boundary="${boundary}"\r\n`;
  return { head: formatHead({ ...head, contentType }), parts, ...(wrapped ? {} : { boundary }) };
}

/** Nothing of its parts is fetched before it is read, and then piece by piece. */
export function openExtras({ head, boundary, parts }: FoundExtras, fetch: FetchPiece): Readable {
  async function* bytes(): AsyncGenerator<Buffer> {
    yield head;
    for (const part of parts) {
      if (boundary !== undefined) yield Buffer.concat([Buffer.from(`--${boundary}\r\n`), part.head]);
      yield* pieces({ part: part.section, decoded: false, start: 0 }, fetch);
      if (boundary !== undefined) yield Buffer.from("\r\n");
    }
    if (boundary !== undefined) yield Buffer.from(`--${boundary}--\r\n`);
  }
  const stream = Readable.from(bytes(), { objectMode: false, highWaterMark: 1 });
  stream.on("error", () => {});
  return stream;
}

async function fetchHead(connection: Connection, uid: number): Promise<FetchMessageObject | undefined> {
  const query = {
    uid: true,
    flags: true,
    internalDate: true,
    bodyStructure: true,
    bodyParts: [{ key: "HEADER", start: 0, maxLength: LONGEST_HEAD }],
  };
  const rows = await connection.ask("the message cannot be opened", (client) =>
    client.fetchAll(String(uid), query, { uid: true }),
  );
  return rows.find((row) => row.uid === uid && row.headers && row.bodyStructure);
}

interface OtherNode {
  readonly section: string;
  /** Left out for the header of an attached mail, of which only the rest is known. */
  readonly node?: MessageStructureObject;
}

/** The largest parts of a mail that hold neither its text nor any audio. */
function otherNodes(root: MessageStructureObject): OtherNode[] {
  const text = leaves(root).find(isText);
  const isKnown = (node: MessageStructureObject): boolean =>
    node === text || (node.childNodes?.some(isKnown) ?? kindOf(node) !== undefined);
  const walk = (node: MessageStructureObject): OtherNode[] => {
    if (!isKnown(node)) return node.part ? [{ section: node.part, node }] : [];
    const inside = (node.childNodes ?? []).flatMap(walk);
    return node.type === "message/rfc822" ? [{ section: `${node.part ?? "1"}.header` }, ...inside] : inside;
  };
  return walk(root);
}

async function fetchPartHeads(
  connection: Connection,
  uid: number,
  nodes: readonly OtherNode[],
): Promise<OtherPart[]> {
  const keys = nodes.flatMap(({ section, node }) => (node ? [`${section}.mime`] : []));
  const asked = { bodyParts: keys.map((key) => ({ key, start: 0, maxLength: LONGEST_PART_HEAD })) };
  const [mail] =
    keys.length > 0 ? await connection.fetch("the message's parts cannot be opened", String(uid), asked) : [];
  return nodes.map(({ section, node }) => {
    const head = node ? (mail?.bodyParts?.get(`${section}.mime`)?.toString("latin1") ?? "") : MAIL_HEADER;
    return { section, head: Buffer.from(`${head.trimEnd()}\r\n\r\n`.replace(/^\s+/, "\r\n"), "latin1") };
  });
}

/** RFC 6522 4: stands for an attached mail whose audio and text we know. */
const MAIL_HEADER = "Content-Type: text/rfc822-headers";

const BOUNDARY = /^voxpost-[0-9a-f]{32}$/;

/** Of a part that another copy of this message brought along: it is not wrapped again. */
function boundaryOf({ type, parameters }: MessageStructureObject): string | undefined {
  return type === "multipart/mixed" ? BOUNDARY.exec(parameters?.boundary ?? "")?.[0] : undefined;
}

/** The same for the same mail, so that two readings of it can be compared. */
function boundaryFor(pieces: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return `voxpost-${hash.digest("hex").slice(0, 32)}`;
}
