import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import type { AsteriskLab } from "../lab/asterisk.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { type Phone, startPhone } from "../lab/phone.ts";
import { type Server, waitUntil } from "../lab/processes.ts";
import { RATE } from "../src/model/wav.ts";
import { hangUp, pause, speak } from "../test/sipp/steps.ts";
import { type Delivered, Deliveries } from "./delivered.ts";
import { cpuSeconds, TELL_COLLECTIONS } from "./processes.ts";
import { mailStorage } from "./stored.ts";
import { type Ends, Switchboard } from "./switchboard.ts";

/** What callers do. */
interface Manner {
  /** SIPp's steps. */
  readonly steps: readonly string[];
  /** Calls that begin in a second. */
  readonly rate: number;
  /** A recording shorter than this, seconds, has lost words. */
  readonly shortest: number;
}

/** Each caller waits for the beep, which may be late on a busy machine, and speaks for four seconds: two hundred at once. */
const LONG: Manner = { steps: [pause(3), speak(4), hangUp], rate: 45, shortest: 4 };
/** As many deposits in a row as `rate` says, of a second each. */
export const short = (rate: number): Manner => ({
  steps: [pause(3), speak(1), hangUp],
  rate,
  shortest: 1,
});
/** How long after the last hang-up the last message may come, and its lamp be lit, milliseconds. */
const DELIVERY_MS = 60_000;
const LAMP_MS = 30_000;

/** Before mailbox numbers in the dialplan. */
const DEPOSIT = "77";
const ALONE = "78";

/** Many calls at once, and what became of them. */
export interface Wave {
  readonly calls: number;
  /** Calls that left no message, or more than one. */
  readonly lost: number;
  /** Calls that lost words, because the beep came too late for them. */
  readonly cut: number;
  /** From hang-up to the mail server's disk, milliseconds each. */
  readonly visible: readonly number[];
  /** From hang-up to the telephone's lamp, milliseconds each; where no more than one call came to each mailbox. */
  readonly lamps: readonly number[];
  /** Messages in a second, from the first hang-up to the last message. */
  readonly rate: number;
  /** Seconds of processor time of a call. */
  readonly cpu: { readonly ours: number; readonly asterisk: number };
}

/** Callers, mailboxes, and eyes on both. */
export class Waves {
  readonly #lab: Lab;
  readonly #asterisk: AsteriskLab;
  readonly #switchboard: Switchboard;
  readonly #deliveries: Deliveries;
  readonly #phones: Phone[] = [];
  readonly #say: (line: string) => void;
  #programs = 0;

  private constructor(
    lab: Lab,
    asterisk: AsteriskLab,
    switchboard: Switchboard,
    say: (line: string) => void,
  ) {
    this.#lab = lab;
    this.#asterisk = asterisk;
    this.#switchboard = switchboard;
    this.#deliveries = new Deliveries(lab);
    this.#say = say;
  }

  /** On a lab of its own, which is stopped with it. */
  static async with<T>(
    say: (line: string) => void,
    work: (lab: Lab, waves: Waves) => Promise<T>,
  ): Promise<T> {
    const lab = await startLab({ say });
    try {
      const waves = await Waves.#open(lab, say);
      return await work(lab, waves).finally(() => waves.#close());
    } finally {
      await lab.stop();
    }
  }

  static async #open(lab: Lab, say: (line: string) => void): Promise<Waves> {
    const { asterisk } = lab;
    if (!asterisk) throw new Error(`this measurement needs a real Asterisk: ${lab.asteriskMissing}`);
    const switchboard = await Switchboard.open(asterisk);
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Asterisk's variables, not ours
    await switchboard.extension(`_${DEPOSIT}XXXX`, [
      "Gosub(voxpost,deposit,1(${EXTEN:2}@default,s))",
      "Hangup",
    ]);
    const file = "${ASTSPOOLDIR}/recording/bench/${CALLERID(num)}.wav";
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: to here
    await switchboard.extension(`_${ALONE}XXXX`, ["Answer", "Playback(beep)", `Record(${file},0,60,k)`]);
    return new Waves(lab, asterisk, switchboard, say);
  }

  /** The program that is measured: nobody's mailbox is full, and as many calls are served as come. */
  startProgram(overrides: Record<string, unknown> = {}): Promise<Server> {
    const open = { storage: mailStorage(this.#lab), defaults: { maxmsg: 9_999 }, calls: { most: 2_000 } };
    const config = this.#lab.writeConfiguration({ overrides: { ...open, ...overrides } });
    return this.#lab.startApp(config, `measured-${++this.#programs}`, [TELL_COLLECTIONS]);
  }

  /** Telephones whose lamps are watched from now on. */
  async watchLamps(): Promise<void> {
    for (const number of this.#boxes(this.#boxCount)) {
      const phone = await startPhone({ sip: this.#asterisk.sip, number });
      this.#phones.push(phone);
      await phone.register();
    }
  }

  async #close(): Promise<void> {
    await Promise.all(this.#phones.map((phone) => phone.close()));
    this.#switchboard.close();
  }

  /** What Asterisk does without us: `Record()` in the dialplan. */
  async alone(calls: number): Promise<Wave> {
    const folder = `${this.#asterisk.recordings}/bench`;
    mkdirSync(folder, { recursive: true });
    const before = cpuSeconds(this.#asterisk.pid);
    await this.#deposit(calls, ALONE, LONG);
    const asterisk = (cpuSeconds(this.#asterisk.pid) - before) / calls;
    const sizes = readdirSync(folder).map((name) => statSync(`${folder}/${name}`).size);
    rmSync(folder, { recursive: true });
    const cut = sizes.filter((size) => size < LONG.shortest * RATE * 2).length;
    const nothing = { visible: [], lamps: [], rate: Number.NaN };
    return { calls, lost: calls - sizes.length, cut, ...nothing, cpu: { ours: 0, asterisk } };
  }

  /** Deposits by so many callers, and `meanwhile` what others do. `program` is measured. Default: `LONG`. */
  async deposits(
    calls: number,
    program: Server,
    { manner = LONG, meanwhile }: { manner?: Manner; meanwhile?: () => Promise<unknown> } = {},
  ): Promise<Wave> {
    this.#deliveries.look();
    const lamps = this.#phones
      .slice(0, calls)
      .map((phone) => lampOf(phone, this.#deliveries.count(phone.number)));
    const before = { ours: cpuSeconds(program.pid), asterisk: cpuSeconds(this.#asterisk.pid) };
    const [ends] = await Promise.all([this.#deposit(calls, DEPOSIT, manner), meanwhile?.()]);
    const came = await this.#arrivals(ends, calls);
    const cpu = {
      ours: (cpuSeconds(program.pid) - before.ours) / calls,
      asterisk: (cpuSeconds(this.#asterisk.pid) - before.asterisk) / calls,
    };
    const served = new Set(came.map(({ caller }) => caller));
    const again = came.length - served.size;
    const without = [...ends.keys()].filter((caller) => !served.has(caller));
    if (without.length > 0)
      this.#say(`left no message: ${without.slice(0, 5).join(", ")}${without.length > 5 ? ", …" : ""}`);
    const lit = calls <= lamps.length ? await Promise.all(lamps.map((lamp) => lamp.lit())) : [];
    for (const lamp of lamps) lamp.close();
    const ended = new Map(came.map(({ mailbox, caller }) => [mailbox, ends.get(caller)]));
    const since = (from: number | undefined, at: number | undefined) =>
      from === undefined || at === undefined ? [] : [at - from];
    return {
      calls,
      lost: calls - served.size + again,
      cut: came.filter(({ duration }) => duration < manner.shortest).length,
      visible: came.flatMap(({ caller, at }) => since(ends.get(caller), at)),
      lamps: lit.flatMap((at, index) => since(ended.get(this.#phones[index]?.number ?? ""), at)),
      rate: (1_000 * came.length) / (Math.max(...came.map(({ at }) => at)) - Math.min(...ends.values())),
      cpu,
    };
  }

  /** Mailboxes of so many calls, one after the other, and again from the first. */
  #boxes(calls: number): string[] {
    const { first } = this.#lab.mailboxes;
    return Array.from({ length: calls }, (_, index) => String(first + (index % this.#boxCount)));
  }

  get #boxCount(): number {
    return this.#lab.mailboxes.last - this.#lab.mailboxes.first + 1;
  }

  /** Calls that do something else; `steps` are SIPp's. */
  call(to: readonly string[], steps: readonly string[]): Promise<Ends> {
    return this.#switchboard.calls(to, { steps, rate: LONG.rate }, this.#say);
  }

  extension(name: string, steps: readonly string[]): Promise<void> {
    return this.#switchboard.extension(name, steps);
  }

  /** Messages that an owner has deleted. */
  countTrash(owner: number): number {
    return this.#deliveries.countTrash(String(owner));
  }

  #deposit(calls: number, prefix: string, manner: Manner): Promise<Ends> {
    const to = this.#boxes(calls).map((box) => `${prefix}${box}`);
    return this.#switchboard.calls(to, manner, this.#say);
  }

  /** Messages of these calls, until there is one of each, or the last one's time is over. */
  async #arrivals(ends: Ends, calls: number): Promise<Delivered[]> {
    const came: Delivered[] = [];
    const look = () => {
      came.push(...this.#deliveries.look().filter(({ caller }) => ends.has(caller)));
      return new Set(came.map(({ caller }) => caller)).size >= calls;
    };
    await waitUntil(look, DELIVERY_MS, "the messages of all calls").catch(() => undefined);
    return came;
  }
}

/** Watches one lamp for one message more than there are now, whatever it shows yet. */
function lampOf(phone: Phone, before: number) {
  let at: number | undefined;
  const close = phone.onMwi(({ newMessages }) => {
    if (newMessages > before) at ??= Date.now();
  });
  return {
    close,
    /** When it was lit; undefined when it never was. */
    lit: async () => {
      await waitUntil(() => at !== undefined, LAMP_MS, `the lamp of ${phone.number}`).catch(() => undefined);
      return at;
    },
  };
}
