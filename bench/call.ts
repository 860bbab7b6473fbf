import { setTimeout as sleep } from "node:timers/promises";
import type { AsteriskLab } from "../lab/asterisk.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { type Phone, startPhone } from "../lab/phone.ts";
import { startSlowLink } from "../lab/slow-link.ts";
import { speechLike } from "../lab/speech.ts";
import { RATE, wavHeader } from "../src/model/wav.ts";
import { BARE, withBareProgram } from "./bare-program.ts";
import { answerTo, firstAfter, longestHole, press, quiet } from "./listening.ts";
import { mailStorage, storeMany, storeSpoken } from "./stored.ts";
import { type Row, spread, summary } from "./table.ts";

/** Keys in each of the calls. */
const KEYS = 3;
const OWN = "own";
const ROUND_TRIP_MS = 100;
/** Calls over the slow link. */
const ROUNDS = 7;
/** An owner who knows what comes after "you have". */
const HEARD_MS = 1_500;
/** An announcement and some seconds of a message of twelve. */
const LISTEN_MS = 9_000;

/**
 * `npm run bench -- call [calls] [messages]`: what a caller notices of us. Times are taken at telephones, from packet to packet; the
 * raw limit is a program of twenty lines on the same Asterisk in the same run.
 */
export async function benchCall(
  say: (line: string) => void,
  calls: number,
  messages: number,
): Promise<Row[]> {
  const lab = await startLab({ say });
  try {
    const { asterisk } = lab;
    if (!asterisk) throw new Error(`this measurement needs a real Asterisk: ${lab.asteriskMissing}`);
    const boxes = Array.from({ length: calls }, (_, box) => lab.mailboxes.first + box);
    const asked = boxes.length * KEYS;
    const bare = await withBareProgram(asterisk, async () => {
      say(`bare: ${calls} calls at once, ${KEYS} keys in each`);
      const keys = await keyTimes(asterisk, BARE, boxes, say);
      return { keys, ...(await bareCalls(asterisk)) };
    });
    await fill(lab, boxes, messages, say);
    // No PIN: only keys in silence are timed.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Asterisk's variable, not ours
    const own = "Gosub(voxpost,retrieve,1(${CHANNEL(endpoint)}@default,s))".replaceAll(",", "\\,");
    await asterisk.console(`dialplan add extension ${OWN},1,${own} into lab`);
    say(`Voxpost: ${calls} retrievals at once, ${KEYS} keys in each`);
    const program = await lab.startApp(lab.writeConfiguration());
    const keys = await keyTimes(asterisk, OWN, boxes, say).finally(() => program.stop());
    return [
      ...spread("key → first packet of the answer", "ms", keys, bare.keys),
      { what: "keys without an answer", unit: "", ours: asked - keys.length, raw: asked - bare.keys.length },
      ...(await farAway(lab, asterisk, bare, say, messages)),
    ];
  } finally {
    await lab.stop();
  }
}

/** From keys in silence to the first packet of what is said next, in many calls at once. A call that fails is told. */
async function keyTimes(
  asterisk: AsteriskLab,
  extension: string,
  boxes: readonly number[],
  say: (line: string) => void,
): Promise<number[]> {
  const times = boxes.map((box, index) =>
    withPhone(asterisk, box, async (phone) => {
      // A switchboard's calls do not come in one instant.
      await sleep(index * 50);
      const own: number[] = [];
      try {
        await phone.dial(extension);
        for (let key = 0; key < KEYS; key++) {
          await quiet(phone);
          own.push(await answerTo(phone, "*"));
        }
      } catch (error) {
        say((error as Error).message);
      }
      return own;
    }),
  );
  return (await Promise.all(times)).flat();
}

interface BareCalls {
  /** From the call to the first packet. */
  readonly answers: readonly number[];
  /** Between two sounds of which the second is asked for when the end of the first was reported. */
  readonly holes: readonly number[];
}

async function bareCalls(asterisk: AsteriskLab): Promise<BareCalls> {
  const answers: number[] = [];
  const holes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await withPhone(asterisk, 1001, async (phone) => {
      await phone.dial(BARE);
      answers.push(await firstAfter(phone, performance.now()));
      await quiet(phone);
      const pressed = performance.now();
      await press(phone, "1");
      await quiet(phone);
      holes.push(longestHole(phone, pressed));
    });
  }
  return { answers, holes };
}

/** What must be asked of a mail server far away, and when the caller notices it. */
async function farAway(
  lab: Lab,
  asterisk: AsteriskLab,
  bare: BareCalls,
  say: (line: string) => void,
  messages: number,
): Promise<Row[]> {
  const link = await startSlowLink(lab.imap?.port ?? 0, ROUND_TRIP_MS);
  const storage = mailStorage(lab, link.port);
  const program = await lab.startApp(lab.writeConfiguration({ overrides: { storage } }), "far");
  const afterPin: number[] = [];
  const holes: number[] = [];
  const answers: number[] = [];
  const beforeBeep: number[] = [];
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      say(`${ROUND_TRIP_MS} ms from the mail server: retrieval and deposit ${round} of ${ROUNDS}`);
      const listening = withPhone(asterisk, lab.mailboxes.last, async (phone) => {
        await phone.dial("*97");
        await quiet(phone);
        await press(phone, lab.mailboxes.pin);
        afterPin.push(await answerTo(phone, "#"));
        await sleep(HEARD_MS);
        await press(phone, "1");
        const pressed = performance.now();
        await sleep(LISTEN_MS);
        holes.push(longestHole(phone, pressed));
      });
      const speaking = withPhone(asterisk, lab.mailboxes.first, async (phone) => {
        await phone.dial(String(lab.mailboxes.first + 1));
        const answered = performance.now();
        answers.push(await firstAfter(phone, answered));
        await quiet(phone);
        beforeBeep.push(longestHole(phone, answered));
      });
      await Promise.all([listening, speaking]);
    }
  } finally {
    await program.stop();
    await link.close();
  }
  return [
    summary(`PIN → "you have", ${messages} messages, raw: one round trip`, "ms", afterPin, [ROUND_TRIP_MS]),
    summary("longest hole from key 1 through the envelope into the audio", "ms", holes, bare.holes),
    summary("answer → first packet of the greeting", "ms", answers, bare.answers),
    summary("longest hole from the greeting to the end of the beep", "ms", beforeBeep, bare.holes),
  ];
}

async function withPhone<T>(
  asterisk: AsteriskLab,
  number: number,
  work: (phone: Phone) => Promise<T>,
): Promise<T> {
  const phone = await startPhone({ sip: asterisk.sip, number: String(number) });
  try {
    return await work(phone);
  } finally {
    await phone.close();
  }
}

async function fill(
  lab: Lab,
  boxes: readonly number[],
  messages: number,
  say: (line: string) => void,
): Promise<void> {
  say(`storing a message in each of ${boxes.length} mailboxes, and ${messages} in one`);
  await storeSpoken(lab, [...boxes, lab.mailboxes.last], toWav(speechLike(1, 12)));
  await storeMany(lab, lab.mailboxes.last, messages - 1);
}

function toWav(pcm: Int16Array): Buffer {
  return Buffer.concat([wavHeader(pcm.byteLength, RATE), Buffer.from(pcm.buffer)]);
}
