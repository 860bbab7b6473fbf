import { join } from "node:path";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { VoxpostError } from "../errors.ts";
import { Queues } from "../jobs/queues.ts";
import { createLogger } from "../log.ts";
import { formatMailbox, parseMailbox } from "../model/mailbox.ts";
import { privateRedisUrl } from "../redis.ts";
import { createSubscribers } from "../subscribers.ts";

/** For the hook of a mail server, and for hands: the same as `POST /refresh/MAILBOX`. */
export function refreshCommand(loadConfig: () => Config): Command {
  return new Command("refresh")
    .argument("<mailbox...>", "such as 1001@default")
    .description("have mailboxes counted again at once, and their lamps lit or cleared")
    .action((names: string[]) => refresh(loadConfig(), names));
}

/** @throws VoxpostError MAILBOX_UNKNOWN, QUEUE_UNREACHABLE */
async function refresh(config: Config, names: readonly string[]): Promise<void> {
  const subscribers = createSubscribers(config);
  const mailboxes = names.map((name) => {
    const subscriber = subscribers.find(parseMailbox(name));
    if (subscriber) return subscriber.address;
    throw new VoxpostError("MAILBOX_UNKNOWN", `the configuration has no mailbox ${name}`);
  });
  const redis = config.redis ?? privateRedisUrl(join(config.data, "redis"));
  const queues = new Queues({ redis, log: createLogger("silent") });
  try {
    for (const mailbox of mailboxes) {
      if (await queues.refresh(mailbox)) continue;
      const name = formatMailbox(mailbox);
      throw new VoxpostError("QUEUE_UNREACHABLE", `${name} is not counted now: Redis does not answer`);
    }
  } finally {
    await queues.close();
  }
}
