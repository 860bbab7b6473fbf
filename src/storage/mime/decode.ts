import type { Folder } from "../../model/folder.ts";
import type { MailboxAddress } from "../../model/mailbox.ts";
import type { Envelope, Flags } from "../../model/message.ts";
import { HEADERS } from "./headers.ts";
import { readId } from "./id.ts";
import { decodeRaw } from "./text.ts";
import type { Facts } from "./values.ts";

/** What the store knows of a mail besides its headers. */
export interface Place extends Flags {
  readonly mailbox: MailboxAddress;
  readonly folder: Folder;
  /** When the store received it: the time of the call, where the mail itself has none. */
  readonly storedAt: Date;
}

/**
 * The envelope of a mail from its header block alone. Never throws: whatever cannot be understood is left out, because
 * one broken mail must not hide the others of a listing.
 */
export function decodeEnvelope(block: Buffer, place: Place): Envelope {
  const headers = parseHeaders(block);
  const facts = readFacts(headers);
  return {
    id: readId(headers, block),
    mailbox: place.mailbox,
    folder: place.folder,
    caller: {
      ...(facts.number ? { number: facts.number } : {}),
      ...(facts.name ? { name: facts.name } : {}),
    },
    receivedAt: facts.receivedAt ?? place.storedAt,
    duration: facts.duration ?? 0,
    heard: place.heard,
    urgent: place.urgent,
    priority: facts.priority ?? false,
    private: facts.private ?? false,
    ...(facts.category ? { category: facts.category } : {}),
    ...(facts.dialplanContext ? { dialplanContext: facts.dialplanContext } : {}),
    ...(facts.callId ? { callId: facts.callId } : {}),
  };
}

/** The mailbox that a mail names; undefined in mail of other systems. For accounts that several mailboxes share. */
export function decodeMailbox(block: Buffer): MailboxAddress | undefined {
  const headers = parseHeaders(block);
  const mailbox = headers.get("x-asterisk-vm-extension");
  const context = headers.get("x-asterisk-vm-context");
  return mailbox && context ? { mailbox, context } : undefined;
}

/** Lower-case names, unfolded values. Of a header that stands twice the first counts. */
function parseHeaders(block: Buffer): Map<string, string> {
  const lines = decodeRaw(block)
    .replace(/\r?\n[ \t]+/g, " ")
    .split(/\r?\n/);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}

function readFacts(headers: Map<string, string>): Facts {
  const exact = headers.has("x-voxpost-version") || headers.has("x-asterisk-vm-extension");
  const facts: Facts = {};
  for (const { name, read, others } of HEADERS) {
    const value = headers.get(name.toLowerCase());
    if (value !== undefined && !(others && exact)) Object.assign(facts, read?.(value));
  }
  return facts;
}
