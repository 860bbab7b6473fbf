import type { Lab } from "../lab/lab.ts";
import { RATE } from "../src/model/wav.ts";
import { memoryRows } from "./memory.ts";
import { openRaw } from "./stored.ts";
import { type Row, spread } from "./table.ts";
import { type Wave, Waves } from "./waves.ts";

/** Callers at once, until one of them is not served. */
export const SIZES = [25, 50, 100, 200, 300, 400];
/** As many as there are mailboxes: each lamp shows one call. */
const LATENCY = 100;
/** Connections of the bare APPENDs: as many as messages are delivered at once. */
const CONNECTIONS = 8;
const APPENDS = 400;
/** Deposits in a second while the memory is watched. */
const PACE = 25;

type Say = (line: string) => void;

/**
 * `npm run bench -- deposits [messages [callers]]`: how many can leave a message of four seconds at once, and what that costs. Callers are
 * SIPp's; the raw limits are Asterisk with Record() alone, and bare APPENDs of as many bytes.
 */
export function benchDeposits(say: Say, messages: number, callers: number): Promise<Row[]> {
  return Waves.with(say, async (lab, waves) => {
    const sizes = SIZES.filter((size) => size <= callers);
    const alone = await search(
      sizes,
      (size) => waves.alone(size),
      (text) => say(`Record() alone: ${text}`),
    );
    const bare = await bareAppends(lab, say);
    const program = await waves.startProgram();
    const ours = await search(
      sizes,
      (size) => waves.deposits(size, program),
      (text) => say(`Voxpost: ${text}`),
    );
    await waves.watchLamps();
    say(`${LATENCY} callers, whose lamps are watched`);
    const watched = await waves.deposits(Math.min(LATENCY, callers), program);
    const held = await memoryRows(waves, program, { messages, rate: PACE, say });
    await program.stop();
    const pressure = await underPressure(waves, say);
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
      ...held,
      count(`lost of ${pressure.calls} callers where calls.most is ${PRESSED}`, pressure.lost),
    ];
  });
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

const PRESSED = 50;

/** Twice as many callers as the program takes: the others are recorded by the dialplan, and found by the sweep. */
async function underPressure(waves: Waves, say: Say): Promise<Wave> {
  const program = await waves.startProgram({ calls: { most: PRESSED }, sweep: { every: 5 } });
  try {
    say(`${2 * PRESSED} callers, where the program takes ${PRESSED}`);
    return await waves.deposits(2 * PRESSED, program);
  } finally {
    await program.stop();
  }
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
