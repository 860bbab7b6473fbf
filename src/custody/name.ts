import { createHash, randomBytes } from "node:crypto";
import { VoxpostError } from "../errors.ts";
import { GREETINGS, type GreetingKind } from "../model/greeting.ts";
import { formatMailbox, isMailboxName, type MailboxAddress, parseMailbox } from "../model/mailbox.ts";
import type { Caller, MessageId } from "../model/message.ts";

/**
 * The name of a recording tells everything that is needed to deliver it, so no database has to survive a crash.
 * docs/custody.md holds the form; the dialplan's fallback writes the same:
 *
 *     voxpost/STATE/RECIPIENT[/RECIPIENT…][/KIND~…]/NUMBER~NAME64~FLAGS~CATEGORY64[~CONTEXT]/ID~CHANNEL~TIME~TAKE~PART
 *
 * A component has at most 200 bytes and a field only `[A-Za-z0-9_.@+-]`: Asterisk answers a longer component with
 * success and writes no file at all. The whole has at most 1,500 bytes, because it travels in one line of HTTP, in which
 * `/`, `@` and `+` take three bytes each.
 */
export interface RecordingName {
  /** Folders: `take` may still be re-recorded, `deposit` is to be delivered, `failed` waits for an administrator. */
  readonly state: RecordingState;
  readonly recipients: readonly MailboxAddress[];
  /** Undefined for a message. */
  readonly kind?: RecordingKind;
  /** Made before recording; all takes and parts of one message share it. */
  readonly id: MessageId;
  /** UNIQUEID of the call: while this channel exists the recording is not the sweep's. */
  readonly channel: string;
  readonly startedAt: Date;
  readonly caller: Caller;
  readonly urgent: boolean;
  readonly priority: boolean;
  readonly category?: string;
  /** The dialplan's, from which the caller came. Left out where there is no room. */
  readonly dialplanContext?: string;
  /** From 0; recording again makes the next. */
  readonly take: number;
  /** From 0; a pause in the audio stream makes the next. */
  readonly part: number;
}

/** A recording that is not a message of its own, and what it belongs to. */
type RecordingKind =
  /** Said before a message that is forwarded: by whom, and which. */
  | { readonly is: "comment"; readonly mailbox: MailboxAddress; readonly message: MessageId }
  /** A note that this message is to be forwarded as it is; its audio is nothing. */
  | { readonly is: "forward"; readonly mailbox: MailboxAddress; readonly message: MessageId }
  /** In the owner's own voice; the only recipient is the owner. */
  | { readonly is: "greeting"; readonly greeting: GreetingKind };

const RECORDING_STATES = ["take", "deposit", "failed"] as const;
type RecordingState = (typeof RECORDING_STATES)[number];

/** All recordings of ours lie below this folder; others in Asterisk's spool are never touched. */
export const ROOT = "voxpost";

const MAX = { channel: 60, number: 40, name: 60, category: 60, component: 200, whole: 1500 };
const FORBIDDEN = /[^A-Za-z0-9_.@+-]/g;
const COMPONENT = /^[A-Za-z0-9_.@+~-]+$/;

export function newId(): MessageId {
  return randomBytes(16).toString("hex");
}

/**
 * The message's id in one mailbox: a recording for several mailboxes becomes several messages, and each must have the
 * same id however often its delivery is tried.
 */
export function messageId(recordingId: MessageId, mailbox: MailboxAddress): MessageId {
  const hash = createHash("sha256")
    .update(`${recordingId} ${formatMailbox(mailbox)}`)
    .digest();
  // A part of a longer text would keep all of it in memory, and the ledger has a hundred thousand ids.
  return hash.toString("hex", 0, 16);
}

/** A channel's id as a name holds it: cut and cleaned, so channels are compared by this, never by the id alone. */
export function channelField(channelId: string): string {
  return clean(channelId, MAX.channel) || "-";
}

/** @throws VoxpostError RECORDING_NAME_INVALID when nobody could deliver by such a name (too many recipients, …) */
export function formatName(name: RecordingName): string {
  const category = encode(name.category ?? "");
  const caller = [
    clean(name.caller.number ?? "", MAX.number),
    encode(name.caller.name ?? "").slice(0, MAX.name),
    (name.urgent ? "u" : "") + (name.priority ? "p" : ""),
    // Half of a sound's name plays nothing, so a category that is too long is left out.
    category.length > MAX.category ? "" : category,
  ];
  // Half of a context is another one.
  const context = name.dialplanContext ?? "";
  const fits =
    context === clean(context, MAX.component) && [...caller, context].join("~").length <= MAX.component;
  if (context !== "" && fits) caller.push(context);
  const leaf = [
    name.id,
    channelField(name.channel),
    String(name.startedAt.getTime()),
    String(name.take),
    String(name.part),
  ];
  const recipients = name.recipients.map(formatMailbox);
  const kind = name.kind ? [formatKind(name.kind)] : [];
  const text = [ROOT, name.state, ...recipients, ...kind, caller.join("~"), leaf.join("~")].join("/");
  parseName(text);
  return text;
}

/** @throws VoxpostError RECORDING_NAME_INVALID: such a recording is left alone and shown to the administrator. */
export function parseName(text: string): RecordingName {
  const [root, state, ...rest] = text.split("/");
  const [leaf = "", caller = "", ...others] = rest.reverse();
  const kind = parseKind(others[0] ?? "");
  const recipients = kind ? others.slice(1) : others;
  const [id = "", channel = "", time = "", take = "", part = "", ...more] = leaf.split("~");
  const [number = "", name64 = "", flags = "", category64 = "", dialplanContext = ""] = caller.split("~");
  const knownState = RECORDING_STATES.find((known) => known === state);
  const wellFormed =
    root === ROOT &&
    text.length <= MAX.whole &&
    rest.every((component) => COMPONENT.test(component) && component.length <= MAX.component) &&
    recipients.length > 0 &&
    recipients.every(isMailbox) &&
    more.length === 0 &&
    [4, 5].includes(caller.split("~").length) &&
    /^[0-9a-f]{32}$/.test(id) &&
    channel !== "" &&
    /^\d{10,15}$/.test(time) &&
    /^\d{1,3}$/.test(take) &&
    /^\d{1,4}$/.test(part) &&
    /^u?p?$/.test(flags);
  if (!knownState || !wellFormed) {
    throw new VoxpostError(
      "RECORDING_NAME_INVALID",
      `"${text.slice(0, 300)}" is not a recording's name as docs/custody.md has it`,
      { context: { name: text.slice(0, 300) } },
    );
  }
  const name = decode(name64);
  const category = decode(category64);
  return {
    state: knownState,
    recipients: recipients.reverse().map((recipient) => parseMailbox(recipient)),
    ...(kind ? { kind } : {}),
    id,
    channel,
    startedAt: new Date(Number(time)),
    caller: { ...(number ? { number } : {}), ...(name ? { name } : {}) },
    urgent: flags.includes("u"),
    priority: flags.includes("p"),
    ...(category ? { category } : {}),
    ...(dialplanContext ? { dialplanContext } : {}),
    take: Number(take),
    part: Number(part),
  };
}

/** No mailbox has a `~`, so a kind is never taken for a recipient. */
function formatKind(kind: RecordingKind): string {
  const fields = kind.is === "greeting" ? [kind.greeting] : [formatMailbox(kind.mailbox), kind.message];
  return [kind.is, ...fields].join("~");
}

/** Undefined when the component is none; whatever else it may be, it is no recipient either. */
function parseKind(component: string): RecordingKind | undefined {
  const [is, subject = "", message = "", ...more] = component.split("~");
  const greeting = GREETINGS.find((known) => known === subject);
  if (is === "greeting" && greeting && component === formatKind({ is, greeting })) return { is, greeting };
  if (is !== "comment" && is !== "forward") return;
  if (!isMailbox(subject) || !/^[\w.-]{1,64}$/.test(message) || more.length > 0) return;
  return { is, mailbox: parseMailbox(subject), message };
}

function clean(text: string, max: number): string {
  return text.replace(FORBIDDEN, "").slice(0, max);
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}

/** Cutting base64 may have cut a character in two; that character is dropped. */
function decode(base64url: string): string {
  return Buffer.from(base64url, "base64url")
    .toString("utf8")
    .replace(/\uFFFD+$/u, "");
}

/** A mailbox stands in a name with its context. */
function isMailbox(text: string): boolean {
  const [mailbox = "", context = "", ...more] = text.split("@");
  return isMailboxName(mailbox) && isMailboxName(context) && more.length === 0;
}
