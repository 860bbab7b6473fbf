import { Readable } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Lab } from "../lab/lab.ts";
import { createLogger } from "../src/log.ts";
import type { Engine } from "../src/storage/engine.ts";
import { EngineStore } from "../src/storage/engine-store.ts";
import { createPins } from "../src/storage/pins.ts";
import { BEDS, type Bed, startBenchLab } from "./beds.ts";
import { newMessage } from "./messages.ts";
import { type Row, summary } from "./table.ts";

const SIZES = [10, 1_000, 10_000];
const PAGE = { view: "new", limit: 25 } as const;
const ROUNDS = 15;
/** Rounds that do not count: a program that runs has its code compiled. */
const WARM_UP = 10;
/** 16-bit PCM at 8 kHz: a minute, three seconds, and next to nothing. */
const MINUTE = Buffer.alloc(960_000, 1);
const SHORT = Buffer.alloc(48_000, 1);
const TINY = Buffer.alloc(320, 1);
const STREAMED = 100 * 2 ** 20;

/** `npm run bench -- storage [engine …]`: what each engine costs over its raw limit, measured in the same run. */
export async function benchStorage(say: (line: string) => void, names: readonly string[]): Promise<Row[]> {
  const chosen = Object.entries(BEDS).filter(([name]) => names.length === 0 || names.includes(name));
  const lab = await startBenchLab(say);
  try {
    const rows: Row[] = [];
    for (const [name, make] of chosen) {
      say(name);
      const bed = await make(lab);
      try {
        rows.push(...(await measure(bed, lab)));
      } finally {
        await bed.close();
      }
    }
    return rows;
  } finally {
    await lab.stop();
  }
}

async function measure(bed: Bed, lab: Lab): Promise<Row[]> {
  const { raw } = bed;
  const rows: Row[] = [];
  for (const [index, size] of SIZES.entries()) {
    const mailbox = String(lab.mailboxes.first + index);
    await fill(bed, mailbox, size);
    const page = (engine: Engine) => firstPage(engine, mailbox);
    const what = `${bed.name}: login + counts + first page of ${size}`;
    rows.push(...(await compare(bed, what, page, raw && ((sent) => raw.page(mailbox, size, sent)))));
  }
  rows.push(...(await firstByte(bed, String(lab.mailboxes.first + 10))));
  rows.push(...(await deposits(bed, String(lab.mailboxes.first + 11))));
  rows.push(await streaming(bed, String(lab.mailboxes.first + 12)));
  return rows;
}

async function firstPage(engine: Engine, mailbox: string): Promise<void> {
  const address = { mailbox, context: "default" };
  await engine.count(address, "INBOX");
  await engine.list(address, "INBOX", PAGE);
}

/** An operation on a fresh engine, login included, against the raw limit; and how many questions it asked after login. */
async function compare(
  bed: Bed,
  what: string,
  operation: (engine: Engine) => Promise<void>,
  limit: ((sent: readonly string[]) => Promise<void>) | undefined,
): Promise<Row[]> {
  const sent = await questions(bed, () => withEngine(bed, operation));
  const ours: number[] = [];
  const raw: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const engine = await bed.open();
    await engine.open();
    const ms = await timed(() => operation(engine));
    if (round >= 0) ours.push(ms);
    if (bed.name !== "memory") await engine.close();
    if (limit) raw.push(await timed(() => limit(sent)));
  }
  return [summary(what, "ms", ours, raw), ...asked(sent)];
}

function asked(sent: readonly string[]): Row[] {
  if (sent.length === 0) return [];
  const login = sent.findIndex((command) => command.startsWith("NAMESPACE")) + 1;
  const own = sent.slice(login).filter((command) => command !== "LOGOUT");
  return [summary(`  questions after login (login: ${login})`, "", [own.length])];
}

async function firstByte(bed: Bed, mailbox: string): Promise<Row[]> {
  let key = "";
  await withEngine(bed, async (engine) => {
    key = (await engine.append("INBOX", newMessage(mailbox, 0, MINUTE))).ref.key;
  });
  const address = { mailbox, context: "default" };
  const listen = async (engine: Engine) => {
    const [part] = await engine.read({ mailbox: address, folder: "INBOX", key });
    for await (const _ of part?.stream ?? []) break;
  };
  const { raw } = bed;
  const what = `${bed.name}: login + first audio byte of 60 s`;
  return compare(bed, what, listen, raw && ((sent) => raw.audio(mailbox, MINUTE.length, sent)));
}

/** Deposits of three seconds on a kept connection, as a worker makes them, the search before each included. */
async function deposits(bed: Bed, mailbox: string): Promise<Row[]> {
  let number = 0;
  const deposit = (engine: Engine) => storeOver(engine).deposit(newMessage(mailbox, number++, SHORT));
  const login = await questions(bed, () => withEngine(bed, async (engine) => void (await deposit(engine))));
  const append = await bed.raw?.append(mailbox, SHORT.length, login);
  const ours: number[] = [];
  const raw: number[] = [];
  await withEngine(bed, async (engine) => {
    await deposit(engine);
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await timed(async () => void (await deposit(engine))));
      if (append) raw.push(await timed(append));
    }
  });
  return [summary(`${bed.name}: deposit of 3 s`, "ms", ours, raw), ...asked(login)];
}

async function streaming(bed: Bed, mailbox: string): Promise<Row> {
  let most = 0;
  let before = 0;
  await withEngine(bed, async (engine) => {
    const message = newMessage(mailbox, 0, TINY);
    const open = async () => Readable.from(pieces(STREAMED), { objectMode: false });
    const { ref } = await engine.append("INBOX", {
      ...message,
      audio: [{ kind: "voice", contentType: "audio/wav", open }],
    });
    before = heldMegabytes();
    let read = 0;
    for (const { stream } of await engine.read(ref)) {
      for await (const chunk of stream) {
        read += chunk.length;
        if (read % (10 * 2 ** 20) < chunk.length) most = Math.max(most, heldMegabytes());
      }
    }
    if (read !== STREAMED) throw new Error(`${bed.name} gave ${read} bytes of ${STREAMED}`);
    await engine.remove(ref);
  });
  return summary(`${bed.name}: growth while 100 MB are read`, "MB", [Math.max(0, most - before)]);
}

function* pieces(bytes: number): Generator<Buffer> {
  for (let done = 0; done < bytes; done += 65_536) yield Buffer.alloc(65_536, 1);
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What is in use; garbage does not count. Buffers take two rounds to go. */
function heldMegabytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

async function fill(bed: Bed, mailbox: string, size: number): Promise<void> {
  await withEngine(bed, async (engine) => {
    for (let done = 0; done < size; done += 20) {
      const batch = Array.from({ length: Math.min(20, size - done) }, (_, index) => done + index);
      await Promise.all(batch.map((number) => engine.append("INBOX", newMessage(mailbox, number, TINY))));
    }
    await firstPage(engine, mailbox); // a server reads new mail once, whoever asks first
  });
}

async function withEngine(bed: Bed, work: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await bed.open();
  await engine.open();
  try {
    await work(engine);
  } finally {
    // Memory is gone with its engine.
    if (bed.name !== "memory") await engine.close();
  }
}

async function questions(bed: Bed, work: () => Promise<void>): Promise<string[]> {
  bed.commands?.();
  await work();
  return bed.commands?.() ?? [];
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function storeOver(engine: Engine): EngineStore {
  return new EngineStore({ engine, pins: createPins(() => undefined), log: createLogger("silent") });
}
