import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { execa } from "execa";
import { PHONE_PASSWORD } from "../../lab/mailboxes.ts";
import { encodeUlaw } from "../../lab/phone/g711.ts";
import { findAsterisk } from "../../lab/systems.ts";
import { samples, tone } from "../asterisk/wav.ts";

/** Who dials what. `caller` is an account of the lab, or anybody. */
export interface Dial {
  readonly to: string;
  readonly caller: string;
  readonly name?: string;
}

const TONE_HERTZ = 440;
const [FIRST_PORT, LAST_PORT] = [61_000, 65_500];

/** SIPp, a SIP client of another make than the lab's phone, in the unpacked system that the lab's Asterisk runs in. */
export class Sipp {
  readonly #server: string;
  readonly #root: string;
  readonly #folder: string;
  /** Where the next run's ports begin, above those that systems hand out by themselves. */
  #nextPort = FIRST_PORT + 20 * randomInt(25);
  #runs = 0;

  private constructor(server: string, root: string, folder: string) {
    this.#server = server;
    this.#root = root;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const bytes = samples(tone(TONE_HERTZ, 1));
    const pcm = Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
    writeFileSync(`${folder}/tone.ulaw`, encodeUlaw(pcm));
  }

  /** Undefined where there is no unpacked system, and so no SIPp. Its files go below `spool`, which it can see. */
  static async find(sip: { host: string; port: number }, spool: string): Promise<Sipp | undefined> {
    const system = await findAsterisk(() => {});
    if (!("root" in system) || !system.root) return undefined;
    return new Sipp(`${sip.host}:${sip.port}`, system.root, `${spool}/sipp`);
  }

  /** Makes one call for each of `dials`, all at once, so many begun in a second (default 100). Rejects, with SIPp's own words, when one does not go as written. */
  async call(dials: readonly Dial[], steps: readonly string[], scenario = "call", rate = 100): Promise<void> {
    const run = this.#runs++;
    const path = `${this.#folder}/${run}`;
    const inside = path.slice(this.#root.length);
    const template = readFileSync(new URL(`${scenario}.xml`, import.meta.url), "utf8");
    const script = template
      .replace(/^ {2}STEPS$/m, () => steps.join("\n"))
      .replaceAll("TONE", `${this.#folder.slice(this.#root.length)}/tone.ulaw`);
    writeFileSync(`${path}.xml`, script);
    const lines = dials.map(({ to, caller, name }) => `${to};${caller};${name ? `"${name}" ` : ""}`);
    writeFileSync(`${path}.csv`, ["SEQUENTIAL", ...lines].join("\n"));
    const ports = this.#takePorts(2 + 4 * dials.length);
    const result = await execa(
      "chroot",
      [
        ...[this.#root, "/usr/bin/sipp", this.#server, "-sf", `${inside}.xml`, "-inf", `${inside}.csv`],
        ...["-i", "127.0.0.1", "-p", String(ports), "-mi", "127.0.0.1", "-key", "password", PHONE_PASSWORD],
        ...["-min_rtp_port", String(ports + 2), "-max_rtp_port", String(ports + 2 + 4 * dials.length)],
        ...["-m", String(dials.length), "-l", String(dials.length), "-r", String(rate), "-nostdin"],
        ...["-timeout", "90s", "-timeout_error", "-trace_err", "-error_file", `${inside}.log`],
      ],
      { reject: false, timeout: 100_000, env: { TERM: "dumb" } },
    );
    if (result.exitCode === 0) return;
    const said = existsSync(`${path}.log`) ? readFileSync(`${path}.log`, "utf8") : result.stderr;
    throw new Error(`SIPp ended with ${result.exitCode ?? result.signal}: ${said}`);
  }

  /** A block that no run of these moments has; at least a hundred, as SIPp wants more for each call than it uses. */
  #takePorts(count: number): number {
    const size = Math.max(count, 100);
    if (this.#nextPort + size > LAST_PORT) this.#nextPort = FIRST_PORT;
    const first = this.#nextPort;
    this.#nextPort += size;
    return first;
  }
}
