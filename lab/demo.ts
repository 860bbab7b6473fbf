import { setTimeout as sleep } from "node:timers/promises";
import { mediaWords } from "../src/ivr/prompts.ts";
import { compareAudio, silence } from "./audio.ts";
import { startRealStage } from "./demo/real.ts";
import { startSimulatedStage } from "./demo/simulated.ts";
import type { Stage, StagePhone } from "./demo/stage.ts";
import { Transcript } from "./demo/transcript.ts";
import { waitUntil } from "./processes.ts";
import { sayText } from "./speech.ts";

/** `npm run demo`: one message is left and heard, for real; exits with 0 only if all of it was observed. */

const MAILBOX = "1001";
const BOB = { number: "+4930123456", name: "Bob Example" };
const WORDS =
  "Hello Anna, this is Bob. The parcel has come. Please call me back when you have a minute. Bye.";
/** A person speaks when the beep is over, milliseconds. */
const BEEP_MS = 800;
/** Longest wait for anything to be seen, milliseconds. */
const PATIENCE_MS = 20_000;
/** How alike what was spoken and what was heard must be; two different sentences come to less than 0.6. */
const SAME_WORDS = 0.9;

const say = (line: string) => console.log(line);

async function main(): Promise<boolean> {
  say("Voxpost's demo: Bob leaves a message for Anna (mailbox 1001), and Anna hears it by phone.\n");
  const real = await startRealStage(say);
  if ("missing" in real) say(`${real.missing}: this demo runs on a simulated one.\n`);
  const stage = "missing" in real ? await startSimulatedStage(say) : real;
  try {
    say(`Running: ${stage.parts.join(", ")}.\n`);
    return await play(stage);
  } finally {
    await stage.close();
    say(`asterisk: ${stage.asterisk}`);
  }
}

async function play(stage: Stage): Promise<boolean> {
  const transcript = new Transcript(say, [stage.pin]);
  const spoken = sayText(WORDS);
  const anna = transcript.follow("Anna", await stage.owner(MAILBOX), mediaWords);
  const bob = transcript.follow("Bob", await stage.caller(BOB.number, BOB.name), mediaWords);

  await bob.dials(MAILBOX);
  await bob.hears("(beep)");
  await sleep(BEEP_MS);
  await bob.speaks(spoken, WORDS);
  await bob.hangsUp();

  await waitUntil(() => anna.lamp?.fresh === 1, PATIENCE_MS, "Anna's lamp to be lit");
  const stored = await transcript.poll(() => stage.stored(MAILBOX), PATIENCE_MS, "the message to be stored");
  transcript.note(
    stage.asterisk === "real" ? "A mail is in Anna's INBOX:" : "A message is in Anna's mailbox:",
    stored.lines,
  );

  await anna.dials("*98");
  await anna.hears("mailbox");
  await anna.presses(`${MAILBOX}#`);
  await anna.hears("password");
  await anna.presses(`${stage.pin}#`);
  await anna.hears("you have");
  await anna.hears("message");
  await anna.presses("1");
  await anna.hears("(audio)");
  await anna.hears("press 7 to delete");
  await anna.presses("7");
  await anna.hears("deleted");
  await anna.presses("#");
  await anna.hears("goodbye");
  await anna.isHungUpOn();
  await waitUntil(() => anna.lamp?.fresh === 0 && anna.lamp.old === 0, PATIENCE_MS, "Anna's lamp to go out");

  const same = (audio: Int16Array) => compareAudio(spoken, audio).similarity;
  return transcript.checks([
    [
      "the stored message has the words that Bob spoke",
      same(stored.audio) > SAME_WORDS,
      percent(same(stored.audio)),
    ],
    ...heardCheck(anna.phone, same),
    [
      "the lamp was lit, and went out again",
      // Heard and then deleted, it may be counted between the two.
      /\b1\/0 (0\/1 )?0\/0$/.test(anna.lamps.join(" ")),
      anna.lamps.join(" → "),
    ],
    ["the deleted message has left the inbox", (await stage.stored(MAILBOX)) === undefined, ""],
  ]);
}

/** The simulated Asterisk carries no sound to a phone. */
function heardCheck(phone: StagePhone, same: (audio: Int16Array) => number): [string, boolean, string][] {
  const heard = phone.heard();
  if (!heard) return [];
  const silent = same(silence(1));
  const alike = same(heard);
  return [
    ["Anna's phone heard the words that Bob spoke", alike > SAME_WORDS && silent === 0, percent(alike)],
  ];
}

function percent(part: number): string {
  return `${Math.round(100 * part)} % alike`;
}

main().then(
  (good) => process.exit(good ? 0 : 1),
  (error: Error) => {
    say(`demo: ${error.message}`);
    process.exit(1);
  },
);
