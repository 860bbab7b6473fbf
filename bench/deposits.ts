import { type Lab, startLab } from "../lab/lab.ts";
import { RATE } from "../src/model/wav.ts";
import { residentMegabytes } from "./processes.ts";
import { mailStorage, openRaw } from "./stored.ts";
import { type Row, spread } from "./table.ts";
import { type Wave, Waves } from "./waves.ts";

/** Callers at once, until one of them is not served. */
const SIZES = [25, 50, 100, 200, 300, 400];
/** As many as there are mailboxes: each lamp shows one call. */
const LATENCY = 100;
const MEMORY = 1_000;
/** Connections of the bare APPENDs: as many as messages are delivered at once. */
const CONNECTIONS = 8;
const APPENDS = 400;

type Say = (line: string) => void;

/**
 * `npm run bench -- deposits [messages [callers]]`: how many can leave a message of four seconds at once, and what that costs. Callers are
 * SIPp's; the raw limits are Asterisk with Record() alone, and bare APPENDs of as many bytes.
 */
export async function benchDeposits(
  say: Say,
  [messages = String(MEMORY), callers = String(SIZES.at(-1))]: readonly string[],
): Promise<Row[]> {
  const lab = await startLab({ say });
  const waves = await Waves.open(lab, say).catch(async (error: unknown) => {
    await lab.stop();
    throw error;
  });
  try {
    const sizes = SIZES.filter((size) => size <= Number(callers));
    const alone = await search(
      sizes,
      (size) => waves.alone(size),
      (text) => say(`Record() alone: ${text}`),
    );
    const bare = await bareAppends(lab, say);
    const program = await lab.startApp(lab.writeConfiguration({ overrides: manyMessages(lab) }));
    const ours = await search(
      sizes,
      (size) => waves.deposits(size, program),
      (text) => say(`Voxpost: ${text}`),
    );
    await waves.watchLamps();
    say(`${LATENCY} callers, whose lamps are watched`);
    const watched = await waves.deposits(Math.min(LATENCY, Number(callers)), program);
    const slope = await memory(Number(messages), async (size) => {
      const wave = await waves.deposits(size, program);
      const held = residentMegabytes(program.pid);
      say(`${size} more: ${wave.lost} lost, ${held.toFixed(0)} MB`);
      return held;
    });
    await program.stop();
    const pressure = await underPressure(lab, waves, say);
    const [most, mostAlone] = [ours.at(-1), alone.at(-1)];
    const same = alone.find(({ calls }) => calls === most?.calls) ?? mostAlone;
    const cpu = (what: string, value: number | undefined): Row => ({
      what: `processor time of a call: ${what}`,
      unit: "ms",
      ours: 1_000 * (value ?? Number.NaN),
      raw: 1_000 * (same?.cpu.asterisk ?? Number.NaN),
    });
    const count = (what: string, value: number | undefined, raw?: number): Row => ({
      what,
      unit: "",
      ours: value ?? 0,
      raw,
    });
    return [
      count(
        `callers at once, all recorded and delivered (tried: ${sizes.at(-1)})`,
        most?.calls,
        mostAlone?.calls,
      ),
      count("deposits in a second, first hang-up to last message", most?.rate, bare.rate),
      ...spread("hang-up → visible in IMAP", "ms", watched.visible, bare.times),
      ...spread("hang-up → lamp", "ms", watched.lamps, bare.times),
      cpu("Voxpost", most?.cpu.ours),
      cpu("Asterisk under Voxpost", most?.cpu.asterisk),
      { what: "growth of memory in 1,000 deposits, second half", unit: "MB", ours: slope, raw: undefined },
      count(`lost of ${pressure.calls} callers where calls.most is ${PRESSED}`, pressure.lost),
    ];
  } finally {
    await waves.close();
    await lab.stop();
  }
}

/** Larger and larger waves until one has faults, and has them again: another program may have been busy. Those without. */
async function search(
  sizes: readonly number[],
  wave: (size: number) => Promise<Wave>,
  say: Say,
): Promise<Wave[]> {
  const clean: Wave[] = [];
  const once = async (size: number) => {
    const found = await wave(size);
    const { ours, asterisk } = found.cpu;
    const cost = `${Math.round(1_000 * ours)} + ${Math.round(1_000 * asterisk)} ms of processor time a call`;
    say(`${size} calls: ${found.lost} lost, ${found.cut} cut, ${cost}`);
    return found;
  };
  for (const size of sizes) {
    let found = await once(size);
    if (found.lost + found.cut > 0) found = await once(size);
    if (found.lost + found.cut > 0) break;
    clean.push(found);
  }
  return clean;
}

/** Growth in 1,000 deposits, by the straight line that fits best; the first half warms up. */
async function memory(messages: number, deposit: (size: number) => Promise<number>): Promise<number> {
  const points: [deposits: number, megabytes: number][] = [];
  for (let done = 0; done < messages; done += LATENCY) {
    points.push([done, await deposit(LATENCY)]);
  }
  const half = points.slice(Math.floor(points.length / 2));
  const mean = (index: 0 | 1) => half.reduce((sum, point) => sum + point[index], 0) / half.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = half.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const variance = half.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return (1_000 * covariance) / variance;
}

const PRESSED = 50;

/** Twice as many callers as the program takes: the others are recorded by the dialplan, and found by the sweep. */
async function underPressure(lab: Lab, waves: Waves, say: Say): Promise<Wave> {
  const overrides = { ...manyMessages(lab), calls: { most: PRESSED }, sweep: { every: 5 } };
  const program = await lab.startApp(lab.writeConfiguration({ overrides }), "pressed");
  try {
    say(`${2 * PRESSED} callers, where the program takes ${PRESSED}`);
    return await waves.deposits(2 * PRESSED, program);
  } finally {
    await program.stop();
  }
}

/** Nobody's mailbox is full, and the search may go as far as it gets. */
export function manyMessages(lab: Lab): Record<string, unknown> {
  return { storage: mailStorage(lab), defaults: { maxmsg: 9_999 }, calls: { most: 2_000 } };
}

/** APPENDs of a mail with as much audio, on as many connections as messages are delivered. */
export async function bareAppends(lab: Lab, say: Say): Promise<{ rate: number; times: number[] }> {
  say(`${APPENDS} bare APPENDs on ${CONNECTIONS} connections`);
  const lines = Math.ceil((4 * RATE * 2 * 4) / 3 / 76);
  const mail = `Subject: bare\r\n\r\n${`${"A".repeat(76)}\r\n`.repeat(lines)}`;
  const times: number[] = [];
  const started = performance.now();
  const connections = Array.from({ length: CONNECTIONS }, async (_, index) => {
    const raw = await openRaw(lab, String(lab.mailboxes.first + index));
    for (let done = 0; done < APPENDS / CONNECTIONS; done++) {
      const asked = performance.now();
      await raw.append(mail);
      times.push(performance.now() - asked);
    }
    raw.close();
  });
  await Promise.all(connections);
  return { rate: (1_000 * APPENDS) / (performance.now() - started), times };
}
