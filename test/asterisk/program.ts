import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { Redis } from "ioredis";
import { stringify } from "yaml";
import { type Config, parseConfig } from "../../src/config.ts";
import { createLogger, type Logger } from "../../src/log.ts";
import { startVoxpost, type Voxpost } from "../../src/main.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { type SimulatedAsterisk, startSimulatedAsterisk } from "./asterisk.ts";
import { startTestClock, type TestClock } from "./clock.ts";

/** The program in this process with a simulated Asterisk, the `file` engine, a real Redis, and faked time. */
export interface SimulatedProgram {
  readonly asterisk: SimulatedAsterisk;
  readonly clock: TestClock;
  readonly config: Config;
  /** The program's storage, opened a second time to look into mailboxes from outside. */
  readonly engine: Engine;
  /** Returns when it is connected. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops the program, gives real time back, and leaves nothing behind. */
  close(): Promise<void>;
}

export interface SimulatedProgramOptions {
  /** Its Redis, which is emptied. */
  readonly redis: string;
  /** By number, in the context `default`; what the configuration may say of a mailbox. */
  readonly mailboxes: Readonly<Record<string, object>>;
  /** Default: silence, or the level in VOXPOST_TEST_LOG. */
  readonly log?: Logger;
  /** See `TestClockOptions`. Default 4. */
  readonly quietMs?: number;
}

/** Starts all of it. */
export async function startSimulatedProgram(options: SimulatedProgramOptions): Promise<SimulatedProgram> {
  const { log = createLogger(process.env.VOXPOST_TEST_LOG ?? "silent"), quietMs = 4 } = options;
  const { asterisk, ari } = await startSimulatedAsterisk({ instances: ["voxpost-lab"] });
  const folder = mkdtempSync(`${tmpdir()}/voxpost-simulated-`);
  const storage = { engine: "file", path: `${folder}/messages` };
  await emptyRedis(options.redis);
  const tree = {
    instance: "lab",
    asterisk: [{ name: "simulated", url: ari.url, user: ari.user, password: ari.password }],
    redis: { url: options.redis },
    storage,
    data: "data",
    defaults: { tz: "UTC" },
    contexts: { default: { mailboxes: options.mailboxes } },
  };
  const config = parseConfig(stringify(tree), { path: "voxpost.yaml", folder, environment: {} });
  const engine = createEngine(storage, { log: createLogger("silent"), folder });
  await engine.open();
  const clock = startTestClock({ busy: () => ari.busy + asterisk.sounds.fetching, quietMs });
  let program: Voxpost | undefined;

  const start = async () => {
    program = await startVoxpost(config, log, {
      onFatal: (error) => {
        throw error;
      },
    });
    await clock.until(() => asterisk.applications.isActive("voxpost-lab"), "the program to connect");
  };
  await start();
  return {
    asterisk,
    clock,
    config,
    engine,
    start,
    async stop() {
      await program?.stop();
      program = undefined;
      await clock.settle();
    },
    async close() {
      clock.release();
      await program?.stop();
      await engine.close();
      await ari.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

async function emptyRedis(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}
