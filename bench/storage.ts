import { Readable } from "node:stream";
import { createLogger } from "../src/log.ts";
import type { Engine } from "../src/storage/engine.ts";
import { EngineStore } from "../src/storage/engine-store.ts";
import { createPins } from "../src/storage/pins.ts";
import { BEDS, type Bed, startBenchLab } from "./beds.ts";
import { Growth } from "./growth.ts";
import { newMessage } from "./messages.ts";
import { type Row, summary } from "./table.ts";

const SIZES = [10, 1_000, 10_000];
/** Mailboxes that each engine fills. */
const MAILBOXES = SIZES.length + 3;
const PAGE = { view: "new", limit: 25 } as const;
/** At most so many, and no more after so many milliseconds; what is slow is measured less often, but a few times at least. */
const MEASURED = { rounds: 101, ms: 5_000 };
const FEWEST_ROUNDS = 3;
/** These do not count: a program that runs has its code compiled, which takes hundreds of calls. */
const WARM_UP = { rounds: 200, ms: 4_000 };
/** 16-bit PCM at 8 kHz: a minute, and three seconds. */
const MINUTE = Buffer.alloc(960_000, 1);
const SHORT = Buffer.alloc(48_000, 1);
const STREAMED = 100 * 2 ** 20;

/** Tells a person how far it is. */
type Say = (line: string) => void;

/** `npm run bench -- storage [engine …]`: what each engine costs over its raw limit, measured in the same run. */
export async function benchStorage(say: Say, names: readonly string[]): Promise<Row[]> {
  const unknown = names.filter((name) => !Object.hasOwn(BEDS, name));
  if (unknown.length > 0) {
    throw new Error(`no engine is called ${unknown.join(" or ")} here: ${Object.keys(BEDS).join(", ")}`);
  }
  const chosen = Object.entries(BEDS).filter(([name]) => names.length === 0 || names.includes(name));
  const lab = await startBenchLab(say);
  try {
    const rows: Row[] = [];
    for (const [index, [, make]] of chosen.entries()) {
      const bed = await make(lab);
      const first = lab.mailboxes.first + index * MAILBOXES;
      try {
        rows.push(...(await measure(bed, first, (line) => say(`${bed.name}: ${line}`))));
      } finally {
        await bed.close();
      }
    }
    return rows;
  } finally {
    await lab.stop();
  }
}

async function measure(bed: Bed, first: number, say: Say): Promise<Row[]> {
  const { raw } = bed;
  const rows: Row[] = [];
  for (const [index, size] of SIZES.entries()) {
    const mailbox = String(first + index);
    say(`${size} messages are stored`);
    await bed.fill(mailbox, size, (done) => say(`${done} of ${size} messages are stored`));
    // A server reads new mail once, whoever asks first.
    await withEngine(bed, (engine) => firstPage(engine, mailbox));
    say(`counts and first page of ${size}`);
    const page = (engine: Engine) => firstPage(engine, mailbox);
    const what = `${bed.name}: login + counts + first page of ${size}`;
    rows.push(...(await compare(bed, what, page, raw && ((sent) => raw.page(mailbox, size, sent)))));
  }
  say("audio");
  rows.push(...(await firstByte(bed, String(first + 3))));
  say("deposits");
  rows.push(...(await deposits(bed, String(first + 4))));
  say("100 MB");
  rows.push(...(await streaming(bed, String(first + 5))));
  return rows;
}

async function firstPage(engine: Engine, mailbox: string): Promise<void> {
  const address = { mailbox, context: "default" };
  await engine.count(address, "INBOX");
  await engine.list(address, "INBOX", PAGE);
}

/** An operation on a fresh engine, login included, against the raw limit; and how many questions it asked. */
async function compare(
  bed: Bed,
  what: string,
  operation: (engine: Engine) => Promise<void>,
  limit: ((sent: readonly string[]) => Promise<() => Promise<void>>) | undefined,
): Promise<Row[]> {
  const sent = await questions(bed, () => withEngine(bed, operation));
  const both = async (): Promise<{ ours: number; raw: number | undefined }> => {
    const engine = await bed.open();
    await engine.open();
    const ours = await timed(() => operation(engine));
    if (bed.name !== "memory") await engine.close();
    let end = async () => {};
    const raw = await timed(async () => {
      if (limit) end = await limit(sent);
    });
    await end();
    return { ours, raw: limit && raw };
  };
  await rounds(WARM_UP, 0, both);
  const taken = await rounds(MEASURED, FEWEST_ROUNDS, both);
  const ours = taken.map((round) => round.ours);
  const raw = taken.flatMap((round) => round.raw ?? []);
  return [summary(what, "ms", ours, raw), ...asked(sent)];
}

async function rounds<T>(most: { rounds: number; ms: number }, fewest: number, work: () => Promise<T>) {
  const results: T[] = [];
  const until = performance.now() + most.ms;
  while (results.length < most.rounds && (performance.now() < until || results.length < fewest)) {
    results.push(await work());
  }
  return results;
}

/** What imapflow asks for itself when it connects. */
const GREETING = /^(CAPABILITY|ID|NAMESPACE|ENABLE)\b/;
const LOGIN = /^(AUTHENTICATE|LOGIN)\b/;

function asked(sent: readonly string[]): Row[] {
  if (sent.length === 0) return [];
  const greeting = sent.filter((command) => GREETING.test(command)).length;
  const login = sent.filter((command) => LOGIN.test(command)).length;
  const own = sent.filter((command) => command !== "LOGOUT").length - greeting - login;
  return [summary(`  questions after login (login: ${login}, imapflow's greeting: ${greeting})`, "", [own])];
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
  const deposit = (engine: Engine) =>
    storeOver(engine).deposit(newMessage(mailbox, number++, SHORT), undefined, { untried: true });
  await withEngine(bed, async (engine) => void (await deposit(engine)));
  const first = await questions(bed, () => withEngine(bed, async (engine) => void (await deposit(engine))));
  const append = await bed.raw?.append(mailbox, SHORT.length);
  const taken = await withEngine(bed, async (engine) => {
    const both = async () => ({
      ours: await timed(async () => void (await deposit(engine))),
      raw: append && (await timed(append)),
    });
    await rounds(WARM_UP, 0, both);
    return rounds(MEASURED, FEWEST_ROUNDS, both);
  });
  const ours = taken.map((round) => round.ours);
  const raw = taken.flatMap((round) => round.raw ?? []);
  return [summary(`${bed.name}: deposit of 3 s`, "ms", ours, raw), ...asked(first)];
}

async function streaming(bed: Bed, mailbox: string): Promise<Row[]> {
  return withEngine(bed, async (engine) => {
    const stored = new Growth();
    const open = async () => Readable.from(pieces(STREAMED, stored), { objectMode: false });
    const audio = [{ kind: "voice", contentType: "audio/wav", open }] as const;
    const { ref } = await stored.during(engine.append("INBOX", { ...newMessage(mailbox, 0, SHORT), audio }));
    const read = new Growth();
    for (const { stream } of await engine.read(ref)) {
      for await (const chunk of stream) read.passes(chunk.length);
    }
    if (read.bytes !== STREAMED) throw new Error(`${bed.name} gave ${read.bytes} bytes of ${STREAMED}`);
    await engine.remove(ref);
    return [
      summary(`${bed.name}: growth while 100 MB are stored`, "MB", [stored.megabytes]),
      summary(`${bed.name}: growth while 100 MB are read`, "MB", [read.megabytes]),
    ];
  });
}

function* pieces(bytes: number, growth: Growth): Generator<Buffer> {
  for (let done = 0; done < bytes; done += 65_536) {
    growth.passes(65_536);
    yield Buffer.alloc(65_536, 1);
  }
}

async function withEngine<T>(bed: Bed, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await bed.open();
  await engine.open();
  try {
    return await work(engine);
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
