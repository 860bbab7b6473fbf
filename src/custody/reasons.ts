import type { RedisCommander } from "ioredis";
import { type ErrorCode, errorCodes } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { MessageId } from "../model/message.ts";

/** Longer than anybody leaves a message aside without looking. */
const KEPT_MS = 90 * 86_400_000;

/** The error for which a message was set aside; `unknown` when nobody noted it, or Redis is away. */
export type AsideReason = ErrorCode | "unknown";

/** Why messages were set aside, for the administrator who looks at them. The log says it too, so Redis need not be there. */
export class Reasons {
  readonly #redis: Pick<RedisCommander, "set" | "get"> | undefined;
  readonly #log: Logger;

  constructor(options: { redis: Pick<RedisCommander, "set" | "get"> | undefined; log: Logger }) {
    this.#redis = options.redis;
    this.#log = options.log;
  }

  /** `why` has the error's code between colons, as deposit.ts writes it. Never rejects. */
  async note(id: MessageId, why: string): Promise<void> {
    await this.#redis?.set(key(id), why, "PX", KEPT_MS).catch((error: unknown) => {
      this.#log.warn({ err: error, id }, "Redis is away: why a message was set aside is in the log only");
    });
  }

  /** Undefined when nothing is known. Never rejects. */
  async of(id: MessageId): Promise<string | undefined> {
    return (await this.#redis?.get(key(id)).catch(() => undefined)) ?? undefined;
  }

  /** The same in a word. Never rejects. */
  async codeOf(id: MessageId): Promise<AsideReason> {
    const words = (await this.of(id))?.split(": ") ?? [];
    return words.find((word): word is ErrorCode => Object.hasOwn(errorCodes, word)) ?? "unknown";
  }
}

function key(id: MessageId): string {
  return `voxpost:aside:${id}`;
}
