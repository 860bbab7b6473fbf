import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import type { AsteriskLab } from "../lab/asterisk.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { type Phone, startPhone } from "../lab/phone.ts";
import { waitUntil } from "../lab/processes.ts";
import { speechLike } from "../lab/speech.ts";
import { createLogger } from "../src/log.ts";
import { RATE, wavHeader } from "../src/model/wav.ts";
import type { Engine } from "../src/storage/engine.ts";
import { createEngine } from "../src/storage/registry.ts";
import { startImapProxy } from "../test/storage/imap-proxy.ts";
import { newMessage } from "./messages.ts";
import { type Row, summary } from "./table.ts";

const CALLS = 50;
const ROUNDS = 3;
/** A phone that has heard nothing for this long hears nothing, milliseconds. */
const QUIET_MS = 500;
const MANY = 10_000;
const ROUND_TRIP_MS = 100;
const KEY = { toneMs: 60, gapMs: 20 };

/**
 * `npm run bench -- call`: what a caller notices. A key's answer is timed at the phone, from the end of the key to the first
 * packet of what is said next, in 50 retrievals at once; the raw limit is the same with a program of ten lines that plays one
 * sound at each key, on the same Asterisk in the same run.
 */
export async function benchCall(say: (line: string) => void): Promise<Row[]> {
  const lab = await startLab({ say, instances: ["lab"] });
  try {
    if (!lab.asterisk) throw new Error(`this measurement needs a real Asterisk: ${lab.asteriskMissing}`);
    const rows: Row[] = [];
    say(`a key's answer, ${CALLS} calls at once, bare`);
    const bare = await withBareProgram(lab.asterisk, () =>
      keyTimes(lab, lab.asterisk as AsteriskLab, "bare"),
    );
    say(`a key's answer, ${CALLS} calls at once, Voxpost`);
    await fill(lab, CALLS, 1);
    const program = await lab.startApp(lab.writeConfiguration());
    const ours = await keyTimes(lab, lab.asterisk, "*97");
    await program.stop();
    rows.push(summary("key → first packet of the answer", "ms", ours, bare));
    rows.push(...(await farAway(lab, lab.asterisk, say)));
    return rows;
  } finally {
    await lab.stop();
  }
}

/** From the end of a key to the first packet, for phones that wait in silence. */
async function keyTimes(lab: Lab, asterisk: AsteriskLab, extension: string): Promise<number[]> {
  const phones = await Promise.all(
    Array.from({ length: CALLS }, (_, index) =>
      startPhone({ sip: asterisk.sip, number: String(lab.mailboxes.first + index) }),
    ),
  );
  try {
    const times = await Promise.all(
      phones.map(async (phone, index) => {
        await sleep(index * 40); // a switchboard's calls do not come in one instant
        await phone.dial(extension);
        if (extension === "*97") await phone.press(`${lab.mailboxes.pin}#`, KEY);
        const own: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          await silent(phone);
          own.push(await answer(phone, "*"));
        }
        return own;
      }),
    );
    return times.flat();
  } finally {
    await Promise.all(phones.map((phone) => phone.close()));
  }
}

async function answer(phone: Phone, key: string): Promise<number> {
  await phone.press(key, KEY);
  const released = performance.now() - KEY.gapMs;
  const first = () => phone.arrivals.find((arrival) => arrival > released);
  await waitUntil(() => first() !== undefined, 10_000, "an answer to a key");
  return (first() ?? 0) - released;
}

/** Waits until something was said from now on, and is over. */
async function silent(phone: Phone): Promise<void> {
  const since = performance.now();
  const isOver = (last: number) => last > since && performance.now() - last > QUIET_MS;
  await waitUntil(
    () => isOver(phone.arrivals.at(-1) ?? 0),
    90_000,
    "a phone to hear something, and then nothing",
  );
}

/** A Stasis application that plays one sound at each key, and nothing else. */
async function withBareProgram(asterisk: AsteriskLab, work: () => Promise<number[]>): Promise<number[]> {
  const { url, user, password } = asterisk.ari;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const socket = new WebSocket(
    `${url.replace("http", "ws")}/ari/events?app=bare&api_key=${user}:${password}`,
  );
  socket.on("message", (data) => {
    const { type, channel } = JSON.parse(String(data)) as { type: string; channel?: { id: string } };
    if (!channel || (type !== "StasisStart" && type !== "ChannelDtmfReceived")) return;
    void fetch(`${url}/ari/channels/${channel.id}/play?media=sound:vm-goodbye`, {
      method: "POST",
      headers: { authorization },
    });
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  await asterisk.console("dialplan add extension bare,1,Answer into lab");
  await asterisk.console("dialplan add extension bare,2,Stasis(bare) into lab");
  try {
    return await work();
  } finally {
    socket.terminate();
  }
}

/** The waits behind the PIN and before the audio, with 10,000 messages on a mail server 100 ms away. */
async function farAway(lab: Lab, asterisk: AsteriskLab, say: (line: string) => void): Promise<Row[]> {
  const box = String(lab.mailboxes.last);
  say(`storing ${MANY} messages`);
  await fill(lab, 1, MANY, Number(box));
  const proxy = await startImapProxy(lab.imap?.port ?? 0, { delayMs: ROUND_TRIP_MS });
  const storage = { ...storageOf(lab), port: proxy.port };
  const program = await lab.startApp(
    lab.writeConfiguration({ instance: "lab", overrides: { storage } }),
    "far",
  );
  const afterPin: number[] = [];
  const holes: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      say(`retrieval ${round + 1} of ${ROUNDS} with ${ROUND_TRIP_MS} ms a round trip`);
      const phone = await startPhone({ sip: asterisk.sip, number: box });
      await phone.dial("*97");
      await silent(phone);
      await phone.press(lab.mailboxes.pin, KEY);
      afterPin.push(await answer(phone, "#"));
      await silent(phone);
      await phone.press("1", KEY);
      const pressed = performance.now();
      await sleep(LISTEN_MS);
      holes.push(longestHole(phone.arrivals.filter((arrival) => arrival > pressed)));
      await phone.close();
    }
  } finally {
    await program.stop();
    await proxy.close();
  }
  return [
    summary(`PIN → "you have", ${MANY} messages, ${ROUND_TRIP_MS} ms a round trip`, "ms", afterPin, [
      ROUND_TRIP_MS,
    ]),
    summary("longest hole between a message's announcement and its end", "ms", holes, [20]),
  ];
}

/** Announcement and message of a few seconds, and no more: the menu afterwards is a pause of its own. */
const LISTEN_MS = 9_000;

function longestHole(arrivals: readonly number[]): number {
  return Math.max(...arrivals.slice(1).map((arrival, index) => arrival - (arrivals[index] ?? arrival)));
}

async function fill(
  lab: Lab,
  boxes: number,
  messages: number,
  first: number = lab.mailboxes.first,
): Promise<void> {
  const engine: Engine = createEngine(storageOf(lab), { log: createLogger("silent"), folder: lab.folder });
  const pcm = speechLike(1, 12);
  const wav = Buffer.concat([wavHeader(pcm.byteLength, RATE), Buffer.from(pcm.buffer)]);
  const short = Buffer.concat([wavHeader(3_200, RATE), Buffer.alloc(3_200)]);
  await engine.open();
  try {
    for (let box = first; box < first + boxes; box++) {
      for (let number = 0; number < messages; number += 20) {
        await Promise.all(
          Array.from({ length: Math.min(20, messages - number) }, (_, index) =>
            // Only the first is ever heard.
            engine.append(
              "INBOX",
              newMessage(String(box), number + index, number + index === 0 ? wav : short),
            ),
          ),
        );
      }
    }
  } finally {
    await engine.close();
  }
}

function storageOf(lab: Lab): Record<string, unknown> {
  const { imap } = lab;
  if (!imap) throw new Error("this measurement needs the mail server");
  return {
    engine: "imap",
    host: imap.host,
    port: imap.port,
    tls: "none",
    user: "{mailbox}",
    proxy: imap.proxy,
  };
}
