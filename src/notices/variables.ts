import type { MailboxAddress } from "../model/mailbox.ts";
import type { Caller, Envelope } from "../model/message.ts";
import { oneLine } from "../storage/mime/text.ts";
import { clock } from "../storage/mime/values.ts";

/** What a mail can tell of a message. */
export interface Facts {
  readonly envelope: Envelope;
  /** Full name of the owner. */
  readonly name?: string;
  /** Of how many messages that were not heard, this one included. */
  readonly number: number;
  /** Who sent it on, and when. */
  readonly forwarded?: Forwarded;
  /** Name of the file with the voice; undefined when none is attached. */
  readonly fileName?: string;
}

interface Forwarded {
  readonly from: MailboxAddress;
  readonly name?: string;
  readonly at: Date;
}

/** How a mail tells it. */
export interface Manner {
  readonly date: (when: Date) => string;
  /** Of a caller who withheld what was asked for. */
  readonly unknownCaller: string;
}

type Value = (facts: Facts, manner: Manner) => string;

/**
 * app_voicemail's variables, by its names. Of a message that was sent on, who did it is the caller, and `ORIG_` tells of the
 * first one, as there.
 */
export const VARIABLES = {
  VM_NAME: ({ name, envelope }) => name ?? envelope.mailbox.mailbox,
  VM_DUR: ({ envelope }) => clock(envelope.duration),
  VM_MSGNUM: ({ number }) => String(number),
  VM_MAILBOX: ({ envelope }) => envelope.mailbox.mailbox,
  VM_CONTEXT: ({ envelope }) => envelope.mailbox.context,
  VM_CALLERID: (facts, { unknownCaller }) => callerId(sender(facts)) || unknownCaller,
  VM_CIDNAME: (facts, { unknownCaller }) => sender(facts).name || unknownCaller,
  VM_CIDNUM: (facts, { unknownCaller }) => sender(facts).number || unknownCaller,
  VM_DATE: ({ forwarded, envelope }, { date }) => date(forwarded?.at ?? envelope.receivedAt),
  VM_FLAG: ({ envelope }) => (envelope.urgent ? "Urgent" : envelope.priority ? "PRIORITY" : ""),
  VM_CATEGORY: ({ envelope }) => envelope.category ?? "",
  VM_MESSAGEFILE: ({ fileName }) => fileName ?? "",
  ORIG_VM_CALLERID: original(({ caller }, { unknownCaller }) => callerId(shown(caller)) || unknownCaller),
  ORIG_VM_CIDNAME: original(({ caller }, { unknownCaller }) => shown(caller).name || unknownCaller),
  ORIG_VM_CIDNUM: original(({ caller }, { unknownCaller }) => shown(caller).number || unknownCaller),
  ORIG_VM_DATE: original(({ receivedAt }, { date }) => date(receivedAt)),
} satisfies Record<string, Value>;

export type Variable = keyof typeof VARIABLES;

export function isVariable(name: string): name is Variable {
  return Object.hasOwn(VARIABLES, name);
}

/** Longest value, characters: a name of megabytes helps nobody. */
const LONGEST = 200;

/** In one line, which cannot end a header and does not reverse what stands around it. */
export function sayVariable(name: Variable, facts: Facts, manner: Manner): string {
  return oneLine(VARIABLES[name](facts, manner), LONGEST);
}

function sender({ envelope, forwarded }: Facts): Shown {
  return shown(forwarded ? { number: forwarded.from.mailbox, name: forwarded.name ?? "" } : envelope.caller);
}

interface Shown {
  readonly name: string;
  readonly number: string;
}

/** Empty where nothing can be seen of it. */
function shown({ name = "", number = "" }: Caller): Shown {
  return { name: oneLine(name, LONGEST), number: oneLine(number, LONGEST) };
}

/** `"Anna" <5551>`, or what there is of it. */
function callerId({ name, number }: Shown): string {
  if (name && number) return `"${name}" <${number}>`;
  return name || number || "";
}

function original(value: (envelope: Envelope, manner: Manner) => string): Value {
  return ({ forwarded, envelope }, manner) => (forwarded ? value(envelope, manner) : "");
}
