import { copyFileSync } from "node:fs";
import { Command } from "commander";
import { secondsOf } from "./audio.ts";
import { readLabFile } from "./lab-file.ts";
import { type Phone, startPhone } from "./phone.ts";
import { watchPrompts } from "./prompts.ts";
import { sayText } from "./speech.ts";

// npx tsx lab/dial.ts 1001: a phone in the terminal, for the lab that is running.

interface Options {
  as: string;
  name?: string;
  number?: string;
  out?: string;
}

const HELP = "keys 0–9 * # are pressed; s speaks a sample; q hangs up";
const SAMPLE =
  "Hello, this is the phone of the lab. Please call me back when you have a minute. Thank you, and good bye.";

new Command("npx tsx lab/dial.ts")
  .description(`Calls a number of the lab that is running. In the call: ${HELP}.`)
  .argument("<number>", "1001 leaves a message; *98 and *97 listen")
  .option("--as <account>", "the account that calls: 1001–1100, or trunk", "1002")
  .option("--name <text>", "caller name")
  .option("--number <text>", "caller number")
  .option("--out <wav>", "write what was heard to this file at the end")
  .action((number: string, options: Options) => main(number, options))
  .parseAsync()
  .catch((error: Error) => {
    console.error(`dial: ${error.message}`);
    process.exit(1);
  });

async function main(number: string, options: Options): Promise<void> {
  const lab = readLabFile();
  const started = Date.now();
  const note = (text: string) =>
    console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  const prompts = await watchPrompts(lab.ari, ({ media }) => note(`heard    ${media}`));
  const phone = await startPhone({ sip: lab.sip, number: options.as });
  await phone.register();
  phone.onMwi((lamp) => note(`lamp     ${lamp.newMessages} new, ${lamp.oldMessages} old`));
  note(`dialling ${number} as ${options.as}; ${HELP}`);
  await phone.dial(number, {
    ...(options.name === undefined ? {} : { callerName: options.name }),
    ...(options.number === undefined ? {} : { callerNumber: options.number }),
  });
  note("answered");
  takeKeys(phone, note);
  const by = await phone.ended;
  note(by === "they" ? "the other side hung up" : "hung up");
  if (options.out) copyFileSync(phone.heard(), options.out);
  prompts.close();
  await phone.close();
  process.exit(0);
}

function takeKeys(phone: Phone, note: (text: string) => void): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  process.stdin.on("data", (data) => {
    for (const key of data.toString()) void take(key, phone, note);
  });
}

async function take(key: string, phone: Phone, note: (text: string) => void): Promise<void> {
  if (/[0-9*#]/.test(key)) {
    note(`pressed  ${key}`);
    await phone.press(key);
  } else if (key === "s") {
    const speech = sayText(SAMPLE);
    note(`speaking for ${secondsOf(speech).toFixed(1)} s`);
    await phone.speak(speech);
    note("spoken");
  } else if (key === "q" || key === "\u0003" || key === "\u0004") {
    await phone.hangUp();
  }
}
