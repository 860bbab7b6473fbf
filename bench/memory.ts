import type { Server } from "../lab/processes.ts";
import { leftByCollection, residentMegabytes } from "./processes.ts";
import type { Row } from "./table.ts";
import { short, Waves } from "./waves.ts";

/** Measured so often: the second half makes ten points. */
const STEPS = 20;

type Say = (line: string) => void;

/**
 * `npm run bench -- memory [messages [rate]]`: what the program holds after so many deposits in a row, and whether it still grows. Messages of
 * a second, by default 25 in each second, so that ten thousand take ten minutes on two cores that do nothing else.
 */
export function benchMemory(say: Say, messages: number, rate: number): Promise<Row[]> {
  return Waves.with(say, async (_, waves) => {
    const program = await waves.startProgram();
    const rows = await memoryRows(waves, program, { messages, rate, say });
    await program.stop();
    return rows;
  });
}

/**
 * Growth in 1,000 deposits, by the straight line that fits best; the first half warms up. Once with garbage, as the machine sees it, and
 * once without: what Node's own collections of the whole heap leave, of which there are fewer.
 */
export async function memoryRows(
  waves: Waves,
  program: Server,
  { messages, rate, say }: { messages: number; rate: number; say: Say },
): Promise<Row[]> {
  const resident: Point[] = [];
  const left: Point[] = [];
  let lost = 0;
  for (let step = 1; step <= STEPS; step++) {
    const wave = await waves.deposits(Math.ceil(messages / STEPS), program, { manner: short(rate) });
    lost += wave.lost;
    const deposits = step * wave.calls;
    const megabytes = residentMegabytes(program.pid);
    resident.push({ deposits, megabytes });
    const kept = leftByCollection(program.log);
    if (kept !== undefined) left.push({ deposits, megabytes: kept });
    const beside = kept === undefined ? "no collection yet" : `${kept} MB after the last collection`;
    say(`${deposits} of ${messages} deposits: ${lost} lost, ${megabytes.toFixed(1)} MB, ${beside}`);
  }
  const second = (points: readonly Point[]) => points.filter(({ deposits }) => deposits > messages / 2);
  const row = (what: string, unit: string, ours: number): Row => ({ what, unit, ours, raw: undefined });
  const rows = (what: string, points: readonly Point[]) => {
    const { slope, error } = line(second(points));
    return [
      row(`${what}: growth in 1,000 deposits, second half of ${messages}`, "MB", 1_000 * slope),
      row("the same, 95 in 100 lie within ±", "MB", 1_000 * error),
      row(`${what}, at the end`, "MB", points.at(-1)?.megabytes ?? Number.NaN),
    ];
  };
  return [
    ...rows("memory held, garbage included", resident),
    ...rows("heap that a collection leaves", left),
    row(`lost of ${messages}`, "", lost),
  ];
}

interface Point {
  readonly deposits: number;
  readonly megabytes: number;
}

/** Student's t for 95 in 100, both sides, of 8 degrees of freedom: a line through ten points. */
const STUDENT = 2.306;

/** Least squares: megabytes a deposit, and half of the width of its confidence interval. */
function line(points: readonly Point[]): { slope: number; error: number } {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean(({ deposits }) => deposits);
  const y = mean(({ megabytes }) => megabytes);
  const spread = mean(({ deposits }) => (deposits - x) ** 2);
  const slope = mean(({ deposits, megabytes }) => (deposits - x) * (megabytes - y)) / spread;
  const left = mean(({ deposits, megabytes }) => (megabytes - y - slope * (deposits - x)) ** 2);
  return { slope, error: STUDENT * Math.sqrt(left / spread / (points.length - 2)) };
}
