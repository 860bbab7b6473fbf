import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { type Phone, startPhone } from "../../lab/phone.ts";
import type { Server } from "../../lab/processes.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { samples, tone } from "../asterisk/wav.ts";
import { type Line, Lines } from "./lines.ts";
import { type Eventually, openStorage, viewMailbox } from "./mailbox.ts";
import { BOXES, type BoxKind, ENTRIES, type Process, type Telephone, type World } from "./world.ts";

const PATIENCE_MS = 60_000;
/** Nothing more is said after this long. */
const QUIET_MS = 3_000;
/**
 * First and last number of each kind of mailbox. A scenario takes the next one, and so does each further try of it: there are three
 * times as many as scenarios want, but of plain ones, of which few are tried again.
 */
const RANGES: Record<BoxKind, readonly [number, number]> = {
  plain: [1001, 1079],
  open: [1080, 1088],
  small: [1089, 1091],
  saycid: [1092, 1094],
  folders: [1095, 1097],
  spanish: [1098, 1100],
  exits: [1101, 1112],
  review: [1113, 1127],
  named: [1128, 1128],
};
/** A scenario takes two of them at once. */
const PAIRS = [1129, 1134] as const;
/** From here on there are no telephones, so nobody can be their owner. */
const PHONELESS = { pattern: "_11XX", first: 1101, last: PAIRS[1] } as const;

/** Real Asterisk, Redis and Dovecot, SIP phones, and the program as a process of its own. One for all scenarios. */
export async function startRealWorld(): Promise<(World & { close(): Promise<void> }) | { missing: string }> {
  const lab = await startLab();
  const { asterisk, redis, imap } = lab;
  if (!asterisk || !redis || !imap) {
    await lab.stop();
    return { missing: lab.asteriskMissing ?? "no Asterisk" };
  }
  const app = new Lines();
  await app.open(asterisk.ari);
  await addSite(asterisk);
  addAccounts(lab);
  const ranges = Object.entries(RANGES).map(([kind, [first, last]]) => [
    `${first}-${last}`,
    BOXES[kind as BoxKind],
  ]);
  ranges.push([PAIRS.join("-"), {}]);
  const configuration = lab.writeConfiguration({
    overrides: {
      defaults: { tz: "UTC" },
      sweep: { every: 2 },
      // A program that is killed in the midst of a job keeps others from it for four times as long; default 30 s.
      workers: { stalled: 5 },
      contexts: { default: { mailboxes: Object.fromEntries(ranges) } },
    },
  });
  const program: Server = await lab.startApp(configuration);
  const storage = (parse(readFileSync(configuration, "utf8")) as { storage: unknown }).storage;
  const engine = await openStorage(storage, lab.folder);
  const phones: Phone[] = [];
  const used = new Map<BoxKind, number>();
  let voices = 0;
  let callers = 0;
  let pairs = 0;

  return {
    pin: lab.mailboxes.pin,
    get pair() {
      const first = PAIRS[0] + 2 * pairs++;
      if (first > PAIRS[1]) throw new Error("no pair of mailboxes left");
      const boxes = [String(first), String(first + 1)] as const;
      return { extension: ["both", ...boxes].join("*"), boxes };
    },
    async caller({ number = `55501${String(callers++).padStart(2, "0")}`, name } = {}) {
      const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
      phones.push(phone);
      return makeTelephone(phone, app, { number, ...(name ? { name } : {}) }, 400 + 100 * (voices++ % 6));
    },
    async owner(box) {
      const phone = await startPhone({ sip: asterisk.sip, number: box });
      phones.push(phone);
      await phone.register();
      return makeTelephone(phone, app, { number: box }, 350);
    },
    mailbox: (box) => viewMailbox(engine, box, eventually, () => sleep(4_000)),
    box(kind = "plain") {
      const [first, last] = RANGES[kind];
      const number = first + (used.get(kind) ?? 0);
      // There is but one person in the directory, to whom an earlier try may have sent something.
      if (kind === "named") {
        empty(engine, String(first)).catch(() => {});
        return String(first);
      }
      if (number > last) throw new Error(`no ${kind} mailbox left`);
      used.set(kind, number - first + 1);
      return String(number);
    },
    program: {
      async kill() {
        program.kill();
        await program.exited;
      },
      async start() {
        await program.restart();
      },
    },
    redis: processOf(redis),
    imap: processOf(imap),
    get faults(): never {
      throw new Error("only the simulated Asterisk has faults on request");
    },
    dropSocket: () => Promise.reject(new Error("a socket is dropped in the simulated world only")),
    async close() {
      await Promise.all(phones.map((phone) => phone.close().catch(() => {})));
      await engine.close();
      app.close();
      await lab.stop();
    },
  };
}

function processOf(server: Server): Process {
  return {
    async kill() {
      server.kill();
      await server.exited;
    },
    start: () => server.restart(),
  };
}

const eventually: Eventually = async (condition, what) => {
  const end = Date.now() + PATIENCE_MS;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > end) throw new Error(`waited for ${what()}`);
    await sleep(100);
  }
};

/** What a site's own dialplan has: entries with arguments, exits, and what comes after a call to Voxpost. */
async function addSite(asterisk: AsteriskLab): Promise<void> {
  const { console } = asterisk;
  const add = async (context: string, extension: string, ...applications: string[]) => {
    for (const [index, application] of applications.entries()) {
      const line = `${extension},${index + 1},${application.replaceAll(",", "\\,")}`;
      await console(`dialplan add extension ${line} into ${context}`);
    }
  };
  const argument = (field: number) => `\${CUT(EXTEN,*,${field})}`;
  for (const entry of ENTRIES) {
    const gosub = `Gosub(voxpost,${entry},1(${argument(2)},${argument(3)},${argument(4)}))`;
    // In a pattern n is a digit.
    await add("lab", `_${entry.replaceAll("n", "[n]")}*!`, gosub, "Goto(after,s,1)");
  }
  await add("lab", "_both*X.", `Gosub(voxpost,deposit,1(${argument(2)}@default&${argument(3)}@default,u))`);
  await add("lab", PHONELESS.pattern, `Gosub(voxpost,deposit,1(\${EXTEN}@default,u))`, "Hangup()");
  await add("exits", "o", "Answer", "Playback(auth-thankyou)");
  for (const extension of ["a", "12345", "5551234", String(RANGES.named[0])])
    await add("exits", extension, "Answer", "Playback(vm-msgsaved)");
  await add("after", "s", "Answer", "Wait(1)");
}

/** Mailboxes that the lab knows nothing of. */
function addAccounts({ folder, mailboxes }: Lab): void {
  const numbers = Array.from(
    { length: PHONELESS.last - PHONELESS.first + 1 },
    (_, index) => PHONELESS.first + index,
  );
  const lines = numbers.map((number) => `${number}:{PLAIN}${mailboxes.pin}::::::\n`);
  appendFileSync(join(folder, "dovecot", "accounts"), lines.join(""));
}

async function empty(engine: Engine, mailbox: string): Promise<void> {
  for (const { ref } of await engine.find({ mailbox, context: "default" }, {})) await engine.remove(ref);
}

async function until(condition: () => boolean, what: string, withinMs = PATIENCE_MS): Promise<void> {
  const end = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${withinMs / 1_000} s for ${what}`);
    await sleep(10);
  }
}

function makeTelephone(
  phone: Phone,
  lines: Lines,
  caller: { number: string; name?: string },
  voice: number,
): Telephone {
  const isTrunk = phone.number === "trunk";
  let ended = false;
  let line: Line | undefined;
  const current = (): Line => {
    if (!line) throw new Error("this phone has not dialled yet");
    return line;
  };
  const unlessHungUpOn = (work: Promise<void>) =>
    Promise.race([
      work,
      phone.ended.then((by) => {
        if (by === "they") throw new Error(`the other side has hung up on ${caller.number}`);
      }),
    ]);
  return {
    number: caller.number,
    voice,
    async dials(extension) {
      const before = lines.of(caller.number);
      await phone.dial(
        extension,
        isTrunk ? { callerNumber: caller.number, ...(caller.name ? { callerName: caller.name } : {}) } : {},
      );
      ended = false;
      void phone.ended.then(() => {
        ended = true;
      });
      await until(() => lines.of(caller.number) !== before, "the channel of the call");
      line = lines.of(caller.number);
    },
    async hears(...sounds) {
      const { heard } = current();
      await until(() => heard.isDecided(sounds) || ended, sounds.join(" ")).catch(() => undefined);
      heard.take(sounds);
    },
    async hearsItOut() {
      const { heard } = current();
      let before = -1;
      while (before !== heard.count || current().isPlayedTo) {
        before = heard.count;
        await sleep(QUIET_MS);
      }
      heard.skip();
    },
    async presses(keys) {
      current().heard.interrupt();
      await unlessHungUpOn(phone.press(keys));
    },
    speaks: (seconds) => unlessHungUpOn(phone.speak(pcm(tone(voice, seconds)))),
    isSilent: (seconds) => sleep(seconds * 1_000),
    isRecorded: () => until(() => current().isRecorded, "a recording to begin"),
    reaches: (place) => until(() => current().places.has(place), `the call to reach ${place}`),
    variable: (name) => current().variables.get(name) ?? "",
    hangsUp: () => phone.hangUp(),
    // Three rounds of a menu, each with its wait, take longer than anything else.
    isHungUpOn: () => until(() => ended, "the other side to hang up", 2 * PATIENCE_MS),
    async lampShows({ new: unheard, old }) {
      await phone.waitForMwi((mwi) => mwi.newMessages === unheard && mwi.oldMessages === old, PATIENCE_MS);
    },
  };
}

function pcm(file: Buffer): Int16Array {
  const bytes = samples(file);
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
}
