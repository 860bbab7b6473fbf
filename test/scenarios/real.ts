import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { parse } from "yaml";
import { startLab } from "../../lab/lab.ts";
import { type Phone, startPhone } from "../../lab/phone.ts";
import type { Server } from "../../lab/processes.ts";
import { samples, tone } from "../asterisk/wav.ts";
import { Heard } from "./heard.ts";
import { type Eventually, openStorage, viewMailbox } from "./mailbox.ts";
import { BOXES, type BoxKind, type Process, soundName, type Telephone, type World } from "./world.ts";

const PATIENCE_MS = 30_000;
/** First number of each kind of mailbox; a scenario takes the next one. */
const FIRST: Record<BoxKind, number> = {
  plain: 1001,
  review: 1075,
  exits: 1080,
  saycid: 1090,
  spanish: 1096,
};

/** Real Asterisk, Redis and Dovecot, SIP phones, and the program as a process of its own. One for all scenarios. */
export async function startRealWorld(): Promise<(World & { close(): Promise<void> }) | { missing: string }> {
  const lab = await startLab();
  const { asterisk, redis, imap } = lab;
  if (!asterisk || !redis || !imap) {
    await lab.stop();
    return { missing: lab.asteriskMissing ?? "no Asterisk" };
  }
  const app = new Lines(asterisk.ari);
  await app.open();
  for (const [extension, sound] of [
    ["o", "auth-thankyou"],
    ["a", "vm-msgsaved"],
  ]) {
    await asterisk.console(`dialplan add extension ${extension},1,Answer into exits`);
    await asterisk.console(`dialplan add extension ${extension},2,Playback(${sound}) into exits`);
  }
  const both = "Gosub(voxpost,deposit,1(1071@default&1072@default,u))";
  await asterisk.console(`dialplan add extension both,1,${both.replaceAll(",", "\\,")} into lab`);
  const range = (kind: BoxKind, last: number) => ({ [`${FIRST[kind]}-${last}`]: BOXES[kind] });
  const configuration = lab.writeConfiguration({
    overrides: {
      defaults: { tz: "UTC" },
      sweep: { every: 2 },
      contexts: {
        default: {
          mailboxes: {
            ...range("plain", 1074),
            ...range("review", 1079),
            ...range("exits", 1089),
            ...range("saycid", 1095),
            ...range("spanish", 1100),
          },
        },
      },
    },
  });
  const program: Server = await lab.startApp(configuration);
  const storage = (parse(readFileSync(configuration, "utf8")) as { storage: unknown }).storage;
  const engine = await openStorage(storage, lab.folder);
  const phones: Phone[] = [];
  const used: Record<BoxKind, number> = { plain: 0, review: 0, exits: 0, saycid: 0, spanish: 0 };
  let voices = 0;
  let callers = 0;

  return {
    pin: lab.mailboxes.pin,
    pair: { extension: "both", boxes: ["1071", "1072"] },
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
    box: (kind = "plain") => String(FIRST[kind] + used[kind]++),
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

interface Line {
  readonly heard: Heard;
  readonly number: string;
  recording: boolean;
  /** The last item that began, so that one that only goes on after a pause is not taken for another. */
  last: string;
  /** Sounds since the beginning. */
  count: number;
}

/** What every caller hears, from a second ARI subscriber. */
class Lines {
  readonly #url: string;
  readonly #byChannel = new Map<string, Line>();
  #socket: WebSocket | undefined;

  constructor(ari: { url: string; user: string; password: string }) {
    const query = `app=scenarios&subscribeAll=true&api_key=${ari.user}:${ari.password}`;
    this.#url = `${ari.url.replace("http", "ws")}/ari/events?${query}`;
  }

  async open(): Promise<void> {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.on("message", (data) => this.#take(JSON.parse(String(data)) as LineEvent));
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  }

  close(): void {
    this.#socket?.terminate();
  }

  /** The newest channel of a caller. */
  of(number: string): Line | undefined {
    return [...this.#byChannel.values()].filter((line) => line.number === number).at(-1);
  }

  #take({ type, channel, playback, recording }: LineEvent): void {
    if (channel && !this.#byChannel.has(channel.id)) {
      const line = {
        heard: new Heard(),
        number: channel.caller.number,
        recording: false,
        last: "",
        count: 0,
      };
      this.#byChannel.set(channel.id, line);
    }
    const line = this.#byChannel.get((playback ?? recording)?.target_uri.replace("channel:", "") ?? "");
    if (!line) return;
    if (type === "RecordingStarted") line.recording = true;
    if (type === "RecordingFinished") line.recording = false;
    if (type === "PlaybackContinuing" || type === "PlaybackFinished") line.last = "";
    if (type !== "PlaybackStarted" || !playback) return;
    const item = `${playback.id} ${playback.media_uri}`;
    if (item === line.last) return;
    line.last = item;
    line.count++;
    line.heard.add(soundName(playback.media_uri));
  }
}

interface LineEvent {
  readonly type: string;
  readonly channel?: { readonly id: string; readonly caller: { readonly number: string } };
  readonly playback?: { readonly id: string; readonly media_uri: string; readonly target_uri: string };
  readonly recording?: { readonly target_uri: string };
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
      let before = -1;
      while (before !== current().count) {
        before = current().count;
        await sleep(3_000);
      }
      current().heard.skip();
    },
    presses: (keys) => unlessHungUpOn(phone.press(keys)),
    speaks: (seconds) => unlessHungUpOn(phone.speak(pcm(tone(voice, seconds)))),
    isSilent: (seconds) => sleep(seconds * 1_000),
    isRecorded: () => until(() => current().recording, "a recording to begin"),
    hangsUp: () => phone.hangUp(),
    // Three rounds of a menu, each with its wait, take longer than anything else.
    isHungUpOn: () => until(() => ended, "the other side to hang up", 2 * PATIENCE_MS),
    async lampShows({ new: unheard, old }) {
      await phone.waitForMwi((mwi) => mwi.newMessages === unheard && mwi.oldMessages === old, 15_000);
    },
  };
}

function pcm(file: Buffer): Int16Array {
  const bytes = samples(file);
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
}
