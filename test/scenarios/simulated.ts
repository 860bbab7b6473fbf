import { type Lab, startLab } from "../../lab/lab.ts";
import { MAILBOXES } from "../../lab/mailboxes.ts";
import type { SimulatedAsterisk } from "../asterisk/asterisk.ts";
import type { TestClock } from "../asterisk/clock.ts";
import { Phone } from "../asterisk/phone.ts";
import { startSimulatedProgram } from "../asterisk/program.ts";
import { tone } from "../asterisk/wav.ts";
import { Heard } from "./heard.ts";
import { type Eventually, viewMailbox } from "./mailbox.ts";
import { BOXES, type BoxKind, ENTRIES, soundName, type Telephone, type World } from "./world.ts";

/** Faked time that an expectation may take, milliseconds. */
const PATIENCE_MS = 60_000;

let lab: Promise<Lab> | undefined;

/** A simulated Asterisk, the program in this process with the `file` engine, a real Redis, and faked time. */
export async function startSimulatedWorld(): Promise<World & { close(): Promise<void> }> {
  lab ??= startLab({ servers: ["redis"] });
  const { redis } = await lab;
  if (!redis) throw new Error("there is no Redis in the lab");
  const mailboxes = Object.fromEntries(
    Object.entries(BOX_NUMBERS).map(([number, kind]) => [number, { pin: MAILBOXES.pin, ...BOXES[kind] }]),
  );
  const program = await startSimulatedProgram({ redis: redis.url, mailboxes });
  const { asterisk, clock, engine } = program;
  addSite(asterisk);

  const eventually: Eventually = async (condition, what) => {
    const end = Date.now() + PATIENCE_MS;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`waited for ${what()}`);
      await clock.advance(250);
    }
  };
  const used = new Set<string>();
  let voices = 0;
  const telephone = (number: string, name = "") =>
    makeTelephone(new Phone(asterisk, clock, { number, name }), asterisk, clock, 400 + 100 * voices++);
  return {
    pin: MAILBOXES.pin,
    pair: { extension: "1001&1002", boxes: ["1001", "1002"] },
    caller: async ({ number = "5550100", name } = {}) => telephone(number, name),
    owner: async (box) => telephone(box),
    mailbox: (box) => viewMailbox(engine, box, eventually, () => clock.advance(40_000)),
    box(kind = "plain") {
      const number = Object.keys(BOX_NUMBERS).find((each) => BOX_NUMBERS[each] === kind && !used.has(each));
      if (!number) throw new Error(`no ${kind} mailbox left`);
      used.add(number);
      return number;
    },
    program: { kill: program.stop, start: program.start },
    redis: {
      async kill() {
        redis.kill();
        await redis.exited;
      },
      start: () => redis.restart(),
    },
    imap: {
      kill: () => Promise.reject(new Error("the simulated world has no mail server")),
      start: () => Promise.reject(new Error("the simulated world has no mail server")),
    },
    faults: asterisk.faults,
    async dropSocket() {
      asterisk.applications.dropSockets();
      await clock.settle();
    },
    close: program.close,
  };
}

/** Ends what all simulated worlds share. */
export async function stopShared(): Promise<void> {
  await (await lab)?.stop();
}

const BOX_NUMBERS: Record<string, BoxKind> = {
  "1001": "plain",
  "1002": "plain",
  "1003": "plain",
  "1004": "plain",
  "1060": "open",
  "1065": "small",
  "1082": "named",
  "1080": "review",
  "1090": "exits",
  "1095": "saycid",
  "1096": "spanish",
  "1097": "folders",
};

function addSite(asterisk: SimulatedAsterisk): void {
  for (const number of [...Object.keys(BOX_NUMBERS), "1001&1002"]) {
    const mailboxes = number.split("&").map((one) => `${one}@default`);
    asterisk.site.set(`lab/${number}`, (line) => line.gosub("deposit", mailboxes.join("&"), "u"));
  }
  asterisk.site.set("lab/*98", (line) => line.gosub("retrieve", "@default"));
  asterisk.site.set("lab/*97", (line) => line.gosub("retrieve", `${line.channel.caller.number}@default`));
  asterisk.site.set("exits/o", (line) => line.playback("auth-thankyou"));
  for (const extension of ["a", "12345", "5551234", "1082"]) {
    asterisk.site.set(`exits/${extension}`, (line) => line.playback("vm-msgsaved"));
  }
  asterisk.site.set("after/s", (line) => line.wait(1));
}

/** `ENTRY*MAILBOX*OPTIONS` of the site. */
function addEntry(asterisk: SimulatedAsterisk, extension: string): void {
  const [name, mailbox = "", ...options] = extension.split("*");
  const entry = ENTRIES.find((each) => each === name);
  if (!entry) return;
  asterisk.site.set(`lab/${extension}`, async (line) => {
    await line.gosub(entry, mailbox, ...options);
    await line.goto("after", "s");
  });
}

function makeTelephone(
  phone: Phone,
  asterisk: SimulatedAsterisk,
  clock: TestClock,
  voice: number,
): Telephone {
  const heard = new Heard();
  let listened = 0;
  const listen = () => {
    for (const media of phone.heard.slice(listened)) heard.add(soundName(media));
    listened = phone.heard.length;
    return heard;
  };
  return {
    number: phone.number,
    voice,
    async dials(extension) {
      addEntry(asterisk, extension);
      await phone.dials(extension, "lab");
    },
    async hears(...sounds) {
      const decided = () => listen().isDecided(sounds) || phone.onHook;
      await clock.until(decided, sounds.join(" "), PATIENCE_MS).catch(() => undefined);
      listen().take(sounds);
    },
    async hearsItOut() {
      let before = -1;
      while (before !== phone.heard.length) {
        before = phone.heard.length;
        await clock.advance(3_000);
      }
      listen().skip();
    },
    presses: (keys) => phone.presses(keys),
    speaks: (seconds) => phone.speaks(tone(voice, seconds)),
    isSilent: (seconds) => phone.isSilent(seconds * 1_000),
    async isRecorded() {
      const live = () => [...asterisk.recordings.values()].some((each) => each.isOf(phone.channel));
      await clock.until(live, "a recording to begin");
    },
    async reaches(place) {
      const isThere = () => `${phone.channel.place.context}/${phone.channel.place.extension}` === place;
      await clock.until(isThere, `the call to reach ${place}`);
    },
    variable: (name) => phone.channel.variables.get(name) ?? "",
    hangsUp: () => phone.hangsUp(),
    isHungUpOn: () => clock.until(() => phone.onHook, "the other side to hang up"),
    async lampShows({ new: unheard, old }) {
      const lit = () => {
        const lamp = asterisk.lamps.get(`${phone.number}@default`);
        return (lamp?.new ?? 0) + (lamp?.urgent ?? 0) === unheard && (lamp?.old ?? 0) === old;
      };
      await clock.until(lit, `a lamp with ${unheard}/${old}`);
    },
  };
}
