import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { stringify } from "yaml";
import { type Lab, startLab } from "../../lab/lab.ts";
import { parseConfig } from "../../src/config.ts";
import { mwi } from "../../src/jobs/mwi.ts";
import { Queues } from "../../src/jobs/queues.ts";
import { blockingRedis } from "../../src/jobs/redis.ts";
import { Workers } from "../../src/jobs/worker.ts";
import type { Counts } from "../../src/model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../../src/model/mailbox.ts";
import { openListeners } from "../../src/program/listeners.ts";
import { Telemetry } from "../../src/program/telemetry.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { createPins } from "../../src/storage/pins.ts";
import { DiskSnapshots } from "../../src/storage/snapshot.ts";
import { newMessage } from "../storage/samples.ts";
import { collectingLog } from "./world.ts";

/** Bound on whatever has to come by itself. */
export const PATIENCE = { timeout: 30_000, interval: 20 };

export type ListenersWorld = Awaited<ReturnType<typeof listenersWorld>>;

/** Around each test a world of its own, on a real Redis that all tests of the file, or of the block, share and find empty. */
export function listenersForEachTest(use: (world: ListenersWorld) => void): void {
  let lab: Lab;
  let connection: ReturnType<typeof blockingRedis>;
  let world: ListenersWorld;
  beforeAll(async () => {
    lab = await startLab({ servers: ["redis"] });
    connection = blockingRedis(lab.redis?.url ?? "");
  }, 120_000);
  afterAll(async () => {
    connection?.disconnect();
    await lab?.stop();
  });
  beforeEach(async () => {
    await connection.flushall();
    world = await listenersWorld(lab.redis?.url ?? "", connection);
    use(world);
  });
  afterEach(() => world.close());
}

/** Several programs that share one store and one real Redis, and lamps that say what they were told. */
async function listenersWorld(redis: string, connection: ReturnType<typeof blockingRedis>) {
  const folder = mkdtempSync(join(tmpdir(), "voxpost-listeners-"));
  const { log, lines } = collectingLog();
  const engine = new MemoryEngine(new MemoryData());
  const store = new EngineStore({ engine, log, pins: createPins(() => undefined) });
  await store.open();
  const lamps: string[] = [];
  const closing: ((graceMs: number) => Promise<void>)[] = [];
  let programs = 0;

  /** One that tells whom its configuration names. */
  async function program(listeners: object, lockMs = 30_000) {
    const tree = {
      asterisk: [{ name: "pbx", url: "http://127.0.0.1:1", user: "voxpost", password: "x" }],
      storage: { engine: "memory" },
      contexts: { default: { mailboxes: { "1001-1099": {} } } },
      ...listeners,
    };
    const config = parseConfig(stringify(tree), { path: "voxpost.yaml", folder, environment: {} });
    const telemetry = await Telemetry.open(config, log);
    const queues = new Queues({ redis, log });
    if (queues.redis.status !== "ready") await once(queues.redis, "ready");
    const disk = join(folder, `snapshots-${++programs}`);
    const snapshots = new DiskSnapshots({ store, folder: disk, maxMessages: () => undefined, log });
    const outside = openListeners({ config, queues, snapshots, telemetry });
    const lamp = {
      publish: async (mailbox: MailboxAddress, counts: Counts) =>
        void lamps.push(`${formatMailbox(mailbox)} ${counts.urgent + counts.new}`),
    };
    const workers = new Workers({
      redis,
      log,
      lockMs,
      backoff: () => 20,
      processors: {
        mwi: (job, signal) => mwi(job, { snapshots, lamp, tellOthers: outside.tell }, signal),
        ...outside.processors,
      },
    });
    const close = async (graceMs = 5_000) => {
      await workers.close(graceMs);
      await queues.close();
      await telemetry.close();
    };
    closing.push(close);
    const idle = () =>
      vi.waitFor(async () => {
        const jobs = Object.values((await queues.waiting()) ?? { unknown: 1 });
        if (jobs.some((count) => count > 0)) throw new Error(`jobs are left: ${jobs}`);
      }, PATIENCE);
    const metric = async (listener: string, ended: string) => {
      const text = await telemetry.metrics.registry.getSingleMetricAsString("voxpost_counts_told_total");
      const line = text
        .split("\n")
        .find((each) => each.includes(`{listener="${listener}",ended="${ended}"}`));
      return Number(line?.split(" ").at(-1) ?? 0);
    };
    return { queues, outside, idle, metric, close };
  }

  return {
    folder,
    redis: connection,
    lines,
    lamps,
    program,
    /** Leaves a message, and tells nobody. */
    async message(mailbox: MailboxAddress, urgent = false) {
      await engine.append("INBOX", newMessage(mailbox, { urgent }));
    },
    async hearAll(mailbox: MailboxAddress) {
      for (const { ref } of await engine.find(mailbox, {})) await engine.setFlags(ref, { heard: true });
    },
    async close() {
      for (const close of closing) await close(0).catch(() => {});
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A real script that writes down how it was called, then does what the body says. */
export function makeScript(folder: string, body = "") {
  const path = join(folder, "told.sh");
  const file = join(folder, "told");
  const write = (text: string) => {
    const lines = ["#!/bin/sh", `line="$(printf '<%s>' "$@")"`, `echo "$line" >> ${file}`, text, ""];
    // A script that is running is not changed under its shell.
    writeFileSync(`${path}.new`, lines.join("\n"));
    chmodSync(`${path}.new`, 0o755);
    renameSync(`${path}.new`, path);
  };
  write(body);
  return {
    path,
    become: write,
    remove: () => rmSync(path),
    /** Calls so far, one a line: `<default><1001><1><0><0>`. */
    told: () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []),
  };
}

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real server that answers as it is told to, for each request the next; the last answer stays. */
export async function startReceiver(...answers: (number | ((response: ServerResponse) => void))[]) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, body });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (typeof answer === "function") answer(response);
      else response.writeHead(answer ?? 204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    events: () => received.map(({ body }) => JSON.parse(body)),
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
