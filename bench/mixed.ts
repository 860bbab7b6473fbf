import { speechLike } from "../lab/speech.ts";
import { RATE, wavHeader } from "../src/model/wav.ts";
import { isHungUpOn, pause, press } from "../test/sipp/steps.ts";
import { bareAppends } from "./deposits.ts";
import { residentMegabytes } from "./processes.ts";
import { storeSpoken } from "./stored.ts";
import { type Row, spread } from "./table.ts";
import { type Wave, Waves } from "./waves.ts";

const ROUNDS = 5;
/** Behind the mailboxes of the callers whose lamps are watched. */
const LISTEN = "79";

/**
 * `npm run bench -- mixed [callers [listeners]]`: owners listen to a message and delete it while others leave theirs, on one Asterisk and one
 * program. Callers are SIPp's; the raw limits are Asterisk with Record() alone, and bare APPENDs of as many bytes.
 */
export function benchMixed(say: (line: string) => void, callers: number, listeners: number): Promise<Row[]> {
  return Waves.with(say, async (lab, waves) => {
    const { last, pin } = lab.mailboxes;
    const owners = Array.from({ length: listeners }, (_, index) => last - index);
    const pcm = speechLike(1, 3);
    const wav = Buffer.concat([wavHeader(pcm.byteLength, RATE), Buffer.from(pcm.buffer)]);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Asterisk's variable, not ours
    await waves.extension(`_${LISTEN}XXXX`, ["Gosub(voxpost,retrieve,1(${EXTEN:2}@default))", "Hangup"]);
    const alone = await waves.alone(callers);
    const bare = await bareAppends(lab, say);
    const program = await waves.startProgram();
    await waves.watchLamps();
    /** PIN, first message, delete it, leave. */
    const listens = [pause(1), press(`${pin}#`), pause(3), press("1"), pause(12), press("7"), pause(2)];
    const rounds: Wave[] = [];
    let heard = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      await storeSpoken(lab, owners, wav);
      const listening = () =>
        waves.call(
          owners.map((owner) => `${LISTEN}${owner}`),
          [...listens, press("#"), isHungUpOn],
        );
      const wave = await waves.deposits(callers, program, { meanwhile: listening });
      rounds.push(wave);
      const trashed = owners.reduce((sum, owner) => sum + waves.countTrash(owner), 0);
      say(
        `round ${round} of ${ROUNDS}: ${wave.lost} lost and ${wave.cut} cut of ${callers} callers, ${trashed - heard} of ${listeners} owners heard and deleted`,
      );
      heard = trashed;
    }
    const held = residentMegabytes(program.pid);
    await program.stop();
    const mean = (of: (wave: Wave) => number) => rounds.reduce((sum, wave) => sum + of(wave), 0) / ROUNDS;
    const raw = 1_000 * alone.cpu.asterisk;
    const cpu = (what: string, seconds: number): Row => ({
      what: `processor time of a caller: ${what}`,
      unit: "ms",
      ours: 1_000 * seconds,
      raw,
    });
    const count = (what: string, value: number, limit?: number): Row => ({
      what,
      unit: "",
      ours: value,
      raw: limit,
    });
    return [
      count(
        `lost or cut of ${ROUNDS} × ${callers} callers`,
        rounds.reduce((sum, { lost, cut }) => sum + lost + cut, 0),
        ROUNDS * (alone.lost + alone.cut),
      ),
      count(`owners who heard and deleted a message, of ${ROUNDS} × ${listeners}`, heard),
      ...spread(
        "hang-up → visible in IMAP",
        "ms",
        rounds.flatMap(({ visible }) => visible),
        bare.times,
      ),
      ...spread(
        "hang-up → lamp",
        "ms",
        rounds.flatMap(({ lamps }) => lamps),
        bare.times,
      ),
      cpu(
        "Voxpost, listeners included",
        mean(({ cpu: { ours } }) => ours),
      ),
      cpu(
        "Asterisk, listeners included",
        mean(({ cpu: { asterisk } }) => asterisk),
      ),
      { what: "held in memory at the end", unit: "MB", ours: held, raw: undefined },
    ];
  });
}
