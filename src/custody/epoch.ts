import { randomBytes } from "node:crypto";
import type { RedisCommander } from "ioredis";

/** Held by nobody: it is gone when Redis has lost its data. */
const EPOCH = "voxpost:epoch";

/** A word that stays the same until Redis loses its data: FLUSHALL, a restart without its file. @throws whatever ioredis throws */
export async function readEpoch(redis: RedisCommander): Promise<string | undefined> {
  const epoch = await redis.get(EPOCH);
  if (epoch) return epoch;
  await redis.set(EPOCH, randomBytes(8).toString("hex"), "NX");
  return (await redis.get(EPOCH)) ?? undefined;
}
