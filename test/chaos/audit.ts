import { messageId } from "../../src/custody/name.ts";
import { RATE, wavHeader } from "../../src/model/wav.ts";
import { frequencyOf } from "../asterisk/wav.ts";
import type { Told } from "./callers.ts";
import type { Mail } from "./mails.ts";
import { type Kept, pcmOf, readPcm } from "./tape.ts";

/** Shorter than this is not kept; a mailbox's `minsecs`. */
const SHORTEST = 1;
/** Who spoke this long after the recording began must have left a message, seconds; Asterisk's death costs up to two of them. */
const CERTAIN = 2;
/** How far off a tone may be, hertz: a packet or two may be late on a busy machine. */
const OFF_KEY = 8;
const BYTES_A_SECOND = 2 * RATE;

/** A recorded message, as Asterisk's own files have it. */
interface Recorded {
  readonly id: string;
  readonly told: Told | undefined;
  readonly boxes: readonly string[];
  /** The highest first; those in which something was said. */
  readonly takes: readonly {
    readonly number: number;
    readonly pcm: Buffer;
    readonly files: readonly Kept[];
  }[];
}

/** Compares what was said with what is in the mailboxes. @returns what is wrong, one line each */
export function audit(calls: readonly Told[], kept: readonly Kept[], mails: readonly Mail[]): string[] {
  const wrong: string[] = [];
  const byNumber = new Map(calls.map((told) => [told.plan.number, told]));
  const recorded = recordedMessages(kept, byNumber);
  const expected = new Set<Mail>();
  for (const message of recorded) {
    for (const box of message.boxes) {
      const id = messageId(message.id, { mailbox: box, context: "default" });
      const found = mails.filter((mail) => mail.box === box && mail.id === id);
      for (const mail of found) expected.add(mail);
      const times = recorded.filter(({ told }) => told === message.told).length;
      wrong.push(...auditOne(message, box, found, times > 1));
    }
  }
  for (const mail of mails.filter((each) => !expected.has(each))) {
    wrong.push(`${mail.box}: message ${mail.id} of ${mail.number}, which nobody recorded`);
  }
  for (const { plan, silence, recorded: wasRecorded, cutOff, diskWasFull } of calls) {
    if (silence) wrong.push(`caller ${plan.number} (${plan.does}): left in silence, ${silence}`);
    const said = recorded.filter(({ told }) => told?.plan.number === plan.number);
    if (wasRecorded && !cutOff && !diskWasFull && !said.some(({ takes }) => takes.length > 0))
      wrong.push(`caller ${plan.number} (${plan.does}): was recorded, and nothing is left of it`);
  }
  return wrong;
}

/** `again`: the program died before anybody knew that there was a message, and the caller was asked for another. */
function auditOne(
  { id, told, takes }: Recorded,
  box: string,
  found: readonly Mail[],
  again: boolean,
): string[] {
  const who = told ? `caller ${told.plan.number} (${told.plan.does})` : "an unknown caller";
  const where = `${who} to ${box}, recording ${id}`;
  const keepable = takes.filter(({ pcm }) => Math.round(secondsOf(pcm)) >= SHORTEST);
  const [highest] = keepable;
  if (!told) return [`${where}: recorded, but nobody called`];
  if (!told.plan.boxes.includes(box)) return [`${where}: was not addressed`];
  if (!highest || told.cancelled === "surely") {
    const why = highest ? "taken back" : "too short";
    return found.length > 0 ? [`${where}: ${why}, and delivered all the same`] : [];
  }
  const [mail, ...more] = found;
  // Who pressed # too early was told that this was too short, and could speak again.
  const mayBeMissing = told.cancelled === "perhaps" || secondsOf(highest.pcm) < CERTAIN;
  if (!mail) return mayBeMissing ? [] : [`${where}: LOST, ${secondsOf(highest.pcm)} s`];
  if (more.length > 0) return [`${where}: there ${found.length} times`];
  const audio = pcmOf(mail.audio);
  // Who hung up soon after the second beep may be taken at the first word.
  const take = keepable.find(({ pcm }) => pcm.equals(audio));
  if (!take) {
    const sizes = takes.map(({ number, pcm }) => `take ${number} ${pcm.length}`).join(", ");
    return [`${where}: its audio is none that was recorded (${audio.length} bytes; ${sizes})`];
  }
  const wrong: string[] = [];
  const check = (right: boolean, what: string) => {
    if (!right) wrong.push(`${where}: ${what}`);
  };
  const { name } = take.files[0] as Kept;
  const later = keepable.find(({ number }) => number > take.number);
  check(
    !later || secondsOf(later.pcm) < CERTAIN,
    `take ${take.number} was delivered, take ${later?.number} counts`,
  );
  check(mail.number === told.plan.number, `caller's number is "${mail.number}"`);
  check(mail.time === Math.floor(name.startedAt.getTime() / 1_000), `time is ${mail.time}`);
  check(mail.seconds === Math.round(secondsOf(audio)), `length is ${mail.seconds}, not ${secondsOf(audio)}`);
  const written = told.plan.name.replace(/\\(["\\])/g, "$1");
  check(mail.name === written || (written === "" && mail.name !== ""), `caller's name is "${mail.name}"`);
  const urgent = take.files.some((file) => file.name.urgent && readPcm(file).equals(audio));
  check(mail.urgent === urgent, mail.urgent ? "urgent, and nobody marked it" : "not urgent, but marked");
  // The first words are in a later take, too, where the # that was to skip the greeting ended the first one.
  const [first, second] = told.plan.voices;
  const voices = take.number > 0 && told.plan.does === "record again" ? [first, second] : [first];
  const heard = frequencyOf(Buffer.concat([wavHeader(audio.length), audio]));
  // Silence stands where a full disk took nothing.
  const known = secondsOf(audio) >= CERTAIN && !(again && heard === 0) && !told.diskWasFull;
  const isOwn = voices.some((voice) => Math.abs(heard - voice) <= OFF_KEY);
  check(!known || isOwn, `voice is ${heard} Hz, not ${voices.join(" or ")}`);
  return wrong;
}

/** Calls that were recorded and of which no word reached Asterisk's disk. */
export function withoutWords(calls: readonly Told[], kept: readonly Kept[]): number {
  const spoken = new Set(
    kept.filter((file) => readPcm(file).length > 0).map(({ name }) => name.caller.number),
  );
  return calls.filter(({ recorded, plan }) => recorded && !spoken.has(plan.number)).length;
}

function recordedMessages(kept: readonly Kept[], calls: ReadonlyMap<string, Told>): Recorded[] {
  const byId = groupBy(kept, ({ name }) => name.id);
  return [...byId].map(([id, files]) => {
    const byTake = groupBy(files, ({ name }) => name.take);
    const takes = [...byTake].map(([number, all]) => {
      const parts = [...groupBy(all, ({ name }) => name.part)].sort(([a], [b]) => a - b);
      return { number, files: all, pcm: Buffer.concat(parts.map(([, copies]) => longest(copies))) };
    });
    const [{ name }] = files as [Kept];
    return {
      id,
      told: calls.get(name.caller.number ?? ""),
      boxes: name.recipients.map(({ mailbox }) => mailbox),
      takes: takes.filter(({ pcm }) => pcm.length > 0).sort((a, b) => b.number - a.number),
    };
  });
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function longest(copies: readonly Kept[]): Buffer {
  return copies.map(readPcm).reduce((a, b) => (b.length > a.length ? b : a), Buffer.alloc(0));
}

function secondsOf(pcm: Buffer): number {
  return pcm.length / BYTES_A_SECOND;
}
