import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { type Lab, startLab } from "../../lab/lab.ts";
import { startSimulatedAsterisk } from "./asterisk.ts";
import { startTestClock } from "./clock.ts";
import type { AriEvent } from "./events.ts";
import { Phone } from "./phone.ts";
import { tone } from "./wav.ts";

/** Where the same ARI script is run: on a real Asterisk, and on the simulated one. */
export interface Rig {
  /** What the application `compare` was told, in short, in order. */
  readonly events: string[];
  /** What was answered to the requests, in order: `201`, `409 Recording 'x' already exists …`. */
  readonly answers: string[];
  /** A caller arrives in the application. */
  call(): Promise<RigCall>;
  request(method: string, path: string): Promise<void>;
  /** A GET, repeated until it is answered with this status: Asterisk tells of some things before they are done. Only the last answer counts. */
  ask(path: string, status: number): Promise<void>;
  /** Until the application has been told this so many times. */
  until(event: string, times?: number): Promise<void>;
  pause(ms: number): Promise<void>;
  close(): Promise<void>;
}

interface RigCall {
  readonly channel: string;
  press(key: string): Promise<void>;
  /** Begins to speak for some seconds. */
  speak(): Promise<void>;
  hangUp(): Promise<void>;
}

interface Connection {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

const CONTEXT = "compare";
const PATIENCE_MS = 15_000;

/** Undefined where no Asterisk is to be had. */
export async function realRig(): Promise<{ rig?: Rig; missing?: string }> {
  const lab: Lab = await startLab({ servers: ["asterisk"] });
  const { asterisk } = lab;
  if (!asterisk) {
    await lab.stop();
    return { missing: lab.asteriskMissing ?? "no Asterisk" };
  }
  for (const [priority, what] of ["Answer", "Stasis(compare)", "Wait(1)"].entries()) {
    await asterisk.console(`dialplan add extension s,${priority + 1},${what} into ${CONTEXT}`);
  }
  const heard = await listen(asterisk.ari, "compare");
  const phones = await listen(asterisk.ari, "phone");
  const answers: string[] = [];
  const post = (path: string) => request(asterisk.ari, "POST", path);
  const started = (list: AriEvent[]) => list.filter(({ type }) => type === "StasisStart");
  const until = (condition: () => boolean, what: string) => poll(condition, what);
  const rig: Rig = {
    events: heard.short,
    answers,
    async call() {
      const before = [started(heard.events).length, started(phones.events).length] as const;
      await post(`/channels?endpoint=Local/s@${CONTEXT}/n&app=phone`);
      await until(
        () => started(heard.events).length > before[0] && started(phones.events).length > before[1],
        "the call",
      );
      const phone = channelOf(started(phones.events).at(-1));
      return {
        channel: channelOf(started(heard.events).at(-1)),
        press: async (key) => void (await post(`/channels/${phone}/dtmf?dtmf=${encodeURIComponent(key)}`)),
        speak: async () => void (await post(`/channels/${phone}/play?media=sound:vm-intro`)),
        hangUp: async () => void (await request(asterisk.ari, "DELETE", `/channels/${phone}`)),
      };
    },
    request: async (method, path) => void answers.push(await request(asterisk.ari, method, path)),
    async ask(path, status) {
      const end = Date.now() + PATIENCE_MS;
      let answer: string;
      do {
        answer = await request(asterisk.ari, "GET", path);
        if (!answer.startsWith(String(status))) await sleep(20);
      } while (!answer.startsWith(String(status)) && Date.now() < end);
      answers.push(answer);
    },
    until: (event, times = 1) => until(() => count(heard.short, event) >= times, event),
    pause: (ms) => sleep(ms),
    async close() {
      heard.close();
      phones.close();
      await lab.stop();
    },
  };
  return { rig };
}

export async function simulatedRig(): Promise<Rig> {
  const { asterisk, ari } = await startSimulatedAsterisk();
  asterisk.sounds.missing.add("nowhere");
  asterisk.site.set(`${CONTEXT}/s`, async (line) => {
    line.channel.answer();
    await line.stasis("compare", []);
    await line.wait(1);
  });
  const heard = await listen(ari, "compare");
  const clock = startTestClock({ busy: () => ari.busy + asterisk.sounds.fetching });
  const answers: string[] = [];
  const rig: Rig = {
    events: heard.short,
    answers,
    async call() {
      const phone = new Phone(asterisk, clock, { number: "555" });
      await phone.dials("s", CONTEXT);
      // As on the real one, whose phone plays into a Local channel: nothing is sent while nobody speaks.
      phone.channel.microphone.send("nothing");
      return {
        channel: phone.channel.id,
        press: (key) => phone.presses(key),
        speak: async () => void phone.channel.microphone.speak(tone(440, 6)),
        hangUp: () => phone.hangsUp(),
      };
    },
    async request(method, path) {
      const slot = answers.push("") - 1;
      void request(ari, method, path).then((answer) => {
        answers[slot] = answer;
      });
      await clock.settle();
      if (answers[slot] === "") await clock.until(() => answers[slot] !== "", `an answer to ${path}`);
    },
    // Here all has come to rest, so the first answer is the last one.
    ask: (path) => rig.request("GET", path),
    until: (event, times = 1) => clock.until(() => count(heard.short, event) >= times, event),
    pause: (ms) => clock.advance(ms),
    async close() {
      heard.close();
      clock.release();
      await ari.close();
    },
  };
  return rig;
}

async function request(ari: Connection, method: string, path: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${ari.user}:${ari.password}`).toString("base64")}`;
  const response = await fetch(`${ari.url}/ari${path}`, { method, headers: { authorization } });
  const text = await response.text();
  const { message } = (text.startsWith("{") ? JSON.parse(text) : {}) as { message?: string };
  return message ? `${response.status} ${message}` : String(response.status);
}

async function listen(ari: Connection, app: string) {
  const key = `${ari.user}:${ari.password}`;
  const socket = new WebSocket(`${ari.url.replace("http", "ws")}/ari/events?app=${app}&api_key=${key}`);
  const events: AriEvent[] = [];
  const short: string[] = [];
  socket.on("message", (data) => {
    const event = JSON.parse(String(data)) as AriEvent;
    events.push(event);
    short.push(inShort(event));
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return { events, short, close: () => socket.terminate() };
}

/** `PlaybackFinished sound:beep done`: what a program goes by, without times and ids. */
function inShort(event: AriEvent): string {
  const { playback, recording, digit } = event as {
    playback?: { media_uri: string; state: string };
    recording?: { name: string; state: string };
    digit?: string;
  };
  const detail = [playback?.media_uri, recording?.name, (playback ?? recording)?.state, digit];
  return [event.type, ...detail.filter((part) => part !== undefined)].join(" ");
}

function channelOf(event: AriEvent | undefined): string {
  return (event?.channel as { id: string } | undefined)?.id ?? "";
}

function count(list: readonly string[], item: string): number {
  return list.filter((each) => each === item).length;
}

async function poll(condition: () => boolean, what: string, withinMs = PATIENCE_MS): Promise<void> {
  const end = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${withinMs / 1_000} s for ${what}`);
    await sleep(10);
  }
}
