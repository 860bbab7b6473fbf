import { randomBytes } from "node:crypto";
import type { RedisCommander } from "ioredis";
import { z } from "zod";

const saved = z.object({
  /** Whose it is. */
  by: z.string(),
  says: z.string(),
  /** For people: where that one sees it. */
  where: z.string(),
  /** Another at each renewal. */
  beat: z.number(),
});
type Saved = z.infer<typeof saved>;

/** The first who says something holds it for as long as it lives; answers what another holds. */
const RENEW = `local now = redis.call('get', KEYS[1])
if now and cjson.decode(now).by ~= ARGV[1] then return now end
redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3])`;

/**
 * So often must the other one have repeated itself. The second time it asked its Asterisk after we had asked ours; at the third
 * we have asked ours once more: both were there at once.
 */
const PROOF = 3;

export interface ClaimOptions {
  readonly redis: Pick<RedisCommander, "eval">;
  /** What it is about. */
  readonly key: string;
  /** For people, in the other one's error. */
  readonly where: string;
  /** Without a renewal it is over after this long, milliseconds. */
  readonly leaseMs: number;
}

/**
 * One thing of which all programs that share a Redis must say the same; each has a claim of its own and renews it again and again.
 * No clocks are compared, and no note of the dead counts: what another says is a contradiction only when it goes on saying it.
 */
export class Claim {
  readonly #options: ClaimOptions;
  readonly #by = randomBytes(8).toString("hex");
  #beat = 0;
  #said: string | undefined;
  #other: Saved | undefined;
  /** By the other one, since we say what we say. */
  #renewals = 0;

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  /**
   * `says` must have been found out after the last call.
   * @returns where another sees it, once it is certain that both live and say different things
   * @throws what Redis throws; then nothing is known
   */
  async renew(says: string): Promise<string | undefined> {
    const { redis, key, where, leaseMs } = this.#options;
    const own: Saved = { by: this.#by, says, where, beat: this.#beat++ };
    const answer = await redis.eval(RENEW, 1, `voxpost:claim:${key}`, own.by, JSON.stringify(own), leaseMs);
    const other = typeof answer === "string" ? saved.parse(JSON.parse(answer)) : undefined;
    const before = this.#other;
    const goesOn = says === this.#said && other?.by === before?.by && other?.says === before?.says;
    this.#said = says;
    this.#other = other;
    if (!other || other.says === says || !goesOn) this.#renewals = 0;
    else if (other.beat !== before?.beat) this.#renewals++;
    return this.#renewals >= PROOF ? other?.where : undefined;
  }
}
