import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { parseConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { startVoxpost } from "../../src/main.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { type SimulatedAsterisk, startSimulatedAsterisk } from "../../test/asterisk/asterisk.ts";
import type { Channel } from "../../test/asterisk/channel.ts";
import { wav } from "../../test/asterisk/wav.ts";
import { startLab } from "../lab.ts";
import { MAILBOXES } from "../mailboxes.ts";
import { waitUntil } from "../processes.ts";
import type { Say } from "../provision.ts";
import { decodeWav } from "../wav.ts";
import type { Stage, StagePhone, Stored } from "./stage.ts";

/** Between two looks at something that no event tells of, milliseconds. */
const LOOK_MS = 50;

/** Where no Asterisk can be had: ours for tests, in real time, with the program in this process and the file store. */
export async function startSimulatedStage(say: Say): Promise<Stage> {
  const lab = await startLab({ servers: ["redis"], say });
  if (!lab.redis) throw new Error("the demo needs a Redis: install redis-server");
  const { asterisk, ari } = await startSimulatedAsterisk();
  const { context, first, last, pin } = MAILBOXES;
  for (let number = first; number <= last; number++) {
    asterisk.site.set(`lab/${number}`, (line) => line.gosub("deposit", `${number}@${context}`, "u"));
  }
  asterisk.site.set("lab/*98", (line) => line.gosub("retrieve", `@${context}`));
  const config = parseConfig(
    stringify({
      instance: "lab",
      asterisk: [{ name: "simulated", url: ari.url, user: ari.user, password: ari.password }],
      redis: { url: lab.redis.url },
      storage: { engine: "file", path: "messages" },
      data: "data",
      defaults: { saycid: true },
      contexts: { [context]: { mailboxes: { [`${first}-${last}`]: { pin } } } },
    }),
    { path: "voxpost.yaml", folder: lab.folder, environment: {} },
  );
  const log = createLogger("error");
  const program = await startVoxpost(config, log, {
    onFatal: (error) => {
      throw error;
    },
  });
  await program.ready;
  const engine = createEngine(config.storage, { log, folder: config.folder });
  return {
    asterisk: "simulated",
    parts: ["a simulated Asterisk", "Redis", "the file store", "Voxpost"],
    pin,
    caller: async (number, name) => new SimulatedPhone(asterisk, number, name),
    owner: async (mailbox) => new SimulatedPhone(asterisk, mailbox, ""),
    async stored(mailbox): Promise<Stored | undefined> {
      const address = { mailbox, context };
      const { entries } = await engine.list(address, "INBOX", { view: "all", limit: 1 });
      const [entry] = entries;
      const [part] = entry ? await engine.read(entry.ref) : [];
      if (!entry || !part) return undefined;
      const { id, caller, receivedAt, duration } = entry.envelope;
      const chunks = await part.stream.toArray();
      return {
        lines: [
          `id: ${id}`,
          `caller: ${caller.name} <${caller.number}>`,
          `received: ${receivedAt.toISOString()}`,
          `duration: ${duration}`,
        ],
        audio: decodeWav(Buffer.concat(chunks)),
      };
    },
    async close() {
      await program.stop();
      await ari.close();
      await lab.stop();
    },
  };
}

class SimulatedPhone implements StagePhone {
  readonly #asterisk: SimulatedAsterisk;
  readonly #caller: { number: string; name: string };
  #channel: Channel | undefined;
  #listener: (media: string) => void = () => {};

  constructor(asterisk: SimulatedAsterisk, number: string, name: string) {
    this.#asterisk = asterisk;
    this.#caller = { number, name };
  }

  async dial(extension: string): Promise<void> {
    this.#channel = this.#asterisk.call("lab", extension, this.#caller, (media) => this.#listener(media));
  }

  async press(keys: string): Promise<void> {
    for (const key of keys) {
      this.#channel?.digit(key);
      await sleep(200);
    }
  }

  async speak(samples: Int16Array): Promise<void> {
    await this.#channel?.microphone.speak(
      wav(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)),
    );
  }

  async hangUp(): Promise<void> {
    this.#channel?.hangUp();
  }

  async hungUpOn(): Promise<void> {
    await waitUntil(() => this.#channel?.gone ?? true, 30_000, "the other side to hang up");
  }

  heard(): undefined {
    return undefined;
  }

  onSound(listener: (media: string) => void): void {
    this.#listener = listener;
  }

  onLamp(listener: (lamp: { fresh: number; old: number }) => void): void {
    let before = "";
    const look = setInterval(() => {
      const counts = this.#asterisk.lamps.get(`${this.#caller.number}@${MAILBOXES.context}`);
      const now = JSON.stringify(counts);
      if (counts && now !== before) listener({ fresh: counts.new + counts.urgent, old: counts.old });
      before = now;
    }, LOOK_MS);
    look.unref();
  }
}
