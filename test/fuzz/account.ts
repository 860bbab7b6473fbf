import { expect } from "vitest";
import { messageId, parseName, type RecordingName } from "../../src/custody/name.ts";
import { formatMailbox } from "../../src/model/mailbox.ts";
import { type FuzzCaller, type Happening, told } from "./caller.ts";
import type { Stored } from "./site.ts";

/** What one recording id must have become: in each recipient's mailbox once, never, or, where nobody can tell, once at most. */
interface Due {
  readonly name: RecordingName;
  readonly fate: "kept" | "dropped" | "unsure";
  /** What was said in it; the message has the words of one of these. */
  readonly words: readonly Buffer[];
}

/** Less is a matter of rounding. */
const SURELY_LONG_ENOUGH = 2.5;
/** Of the shortest `minsecs`, rounded. */
const SURELY_TOO_SHORT = 0.5;
const BYTES_A_SECOND = 16_000;

/** What a call owes, judged by nothing but what its caller said, pressed and heard. */
function dues(caller: FuzzCaller): Due[] {
  const { story } = caller;
  const names = story.flatMap((one) => (one.is === "recorded" ? [parseName(one.name)] : []));
  const ids = [...new Set(names.filter(({ kind }) => kind?.is !== "greeting").map(({ id }) => id))];
  return ids.map((id) => due(story, id));
}

function due(story: readonly Happening[], id: string): Due {
  const own = story.map((one) => (one.is === "recorded" ? parseName(one.name) : undefined));
  const indexes = own.flatMap((name, index) => (name?.id === id ? [index] : []));
  const last = indexes.at(-1) ?? 0;
  const name = own[last];
  if (!name) throw new Error(`nothing was recorded as ${id}`);
  const takes = new Map<number, { end: number; parts: Map<number, Buffer> }>();
  for (const index of indexes) {
    const one = story[index];
    const { take, part } = own[index] ?? name;
    const known = takes.get(take) ?? { end: index, parts: new Map<number, Buffer>() };
    if (one?.is === "recorded") known.parts.set(part, one.pcm);
    takes.set(take, { ...known, end: index });
  }
  const judged = [...takes.values()].map(({ end, parts }) => {
    const words = Buffer.concat([...parts.values()]);
    // What is heard right behind it, before anything else is recorded.
    const next = story.slice(end + 1).find((one) => one.is !== "presses");
    const short = next?.is === "hears" && next.sound === "vm-tooshort";
    // Too quiet for Asterisk's detector, it is kept when nothing better comes.
    const seconds = words.length / BYTES_A_SECOND;
    return { words, short, seconds, long: soundingSeconds(words) >= SURELY_LONG_ENOUGH };
  });
  const words = judged.map((take) => take.words);
  return { name, words, fate: fateOf(judged, story.slice(last + 1), name) };
}

function fateOf(
  takes: readonly { short: boolean; seconds: number; long: boolean }[],
  after: readonly Happening[],
  { kind }: RecordingName,
): Due["fate"] {
  const heard = after.flatMap((one) => (one.is === "hears" ? [one.sound] : []));
  if (kind?.is === "comment" || kind?.is === "forward") {
    if (heard[0] === "vm-msgforwarded") return "kept";
    return heard[0] === "vm-tooshort" ? "dropped" : "unsure";
  }
  const asked = heard.lastIndexOf("vm-saveoper");
  if (asked >= 0) {
    if (heard[asked + 1] === "vm-deleted") return "dropped";
    if (heard[asked + 1] === undefined) return "unsure";
  }
  // A key that interrupts the question before its first sound is an answer all the same.
  const deleted = after.findIndex((one) => one.is === "hears" && one.sound === "vm-deleted");
  if (after.slice(0, deleted + 1).some((one) => one.is === "presses") && heard[0] === "vm-deleted")
    return "unsure";
  if (takes.every(({ short, seconds }) => short && seconds < SURELY_TOO_SHORT)) return "dropped";
  return takes.some(({ short, long }) => long && !short) ? "kept" : "unsure";
}

function wordsSentOn(
  { mailbox, message }: Extract<RecordingName["kind"], { is: "forward" }>,
  stored: readonly Stored[],
): Buffer[] {
  const from = formatMailbox(mailbox);
  return stored.flatMap((one) => (one.mailbox === from && one.id === message ? [one.words] : []));
}

function soundingSeconds(pcm: Buffer): number {
  let sounding = 0;
  for (let at = 0; at + 1 < pcm.length; at += 2) if (pcm.readInt16LE(at) !== 0) sounding += 2;
  return sounding / BYTES_A_SECOND;
}

/**
 * Holds the mailboxes against what the callers said: every message once, in words of its own, and no other.
 * @returns how many messages there are by their fate, so that a test can see that it tried something
 */
export function settle(callers: readonly FuzzCaller[], stored: readonly Stored[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const caller of callers) {
    for (const { name, fate, words } of dues(caller)) {
      for (const recipient of name.recipients) {
        const id = messageId(name.id, recipient);
        const found = stored.filter((one) => one.mailbox === formatMailbox(recipient) && one.id === id);
        const what = `message ${id} of ${formatMailbox(recipient)} is ${fate}; in it ${found.length} times\n${told(caller)}`;
        if (fate === "kept") expect(found.length, what).toBe(1);
        else expect(found.length, what).toBeLessThanOrEqual(fate === "dropped" ? 0 : 1);
        const [message] = found;
        const own = name.kind?.is === "forward" ? wordsSentOn(name.kind, stored) : words;
        if (message)
          expect(
            own.some((each) => each.equals(message.words)),
            `${what}\nwords of another`,
          ).toBe(true);
        counts[fate] = (counts[fate] ?? 0) + 1;
      }
    }
  }
  return counts;
}
