import { once } from "node:events";
import { join } from "node:path";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { Reasons } from "../custody/reasons.ts";
import type { RecordedMessage, Recording } from "../custody/takes.ts";
import { VoxpostError } from "../errors.ts";
import { AriRequests } from "../ivr/ari-requests.ts";
import { Recordings } from "../ivr/recordings.ts";
import { dropAside, findAside, listAside, retryAside } from "../jobs/aside.ts";
import { boundedRedis } from "../jobs/redis.ts";
import { createLogger } from "../log.ts";
import { formatMailbox } from "../model/mailbox.ts";
import { privateRedisUrl } from "../redis.ts";
import { oneLine } from "../storage/mime/text.ts";

/** A message that was set aside, and the Asterisk on whose disk it lies. */
interface Found {
  readonly asterisk: string;
  readonly recordings: Recordings;
  readonly message: RecordedMessage;
}

/** `voxpost aside …`: docs/custody.md. Results on standard output, what is to be known besides on standard error. */
export function asideCommand(loadConfig: () => Config): Command {
  const aside = new Command("aside").description(
    "messages that a store refused for good, or that are no audio: look at them, try again, drop",
  );
  aside
    .command("ls")
    .description("all of them, one a line; exit code 1 when there are any")
    .action(async () => {
      const found = await findAll(loadConfig());
      if (found.length === 0) return;
      print(["id", "asterisk", "left", "caller", "mailboxes", "what"]);
      for (const { asterisk, message } of found) {
        const { name } = firstOf(message);
        const mailboxes = name.recipients.map(formatMailbox).join(" ");
        print([
          message.id,
          asterisk,
          timeOf(message),
          callerOf(message),
          mailboxes,
          name.kind?.is ?? "message",
        ]);
      }
      process.exitCode = 1;
    });
  aside
    .command("show <id>")
    .description("everything that is known of one, and why")
    .action(async (id: string) => {
      const config = loadConfig();
      const { asterisk, message } = await findOne(config, id);
      const { name } = firstOf(message);
      print(["id", message.id]);
      print(["asterisk", asterisk]);
      print(["left", timeOf(message)]);
      print(["caller", callerOf(message)]);
      for (const mailbox of name.recipients) print(["mailbox", formatMailbox(mailbox)]);
      if (name.urgent) print(["urgent", "yes"]);
      print(["why", await reasonOf(config, message.id)]);
      for (const { text } of message.failed) print(["recording", text]);
    });
  aside
    .command("cat <id>")
    .description("the audio, as Asterisk recorded it")
    .action(async (id: string) => {
      const { recordings, message } = await findOne(loadConfig(), id);
      for await (const chunk of await recordings.fetch(firstOf(message).text)) {
        if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
      }
    });
  aside
    .command("retry [ids...]")
    .description("deliver again, when the reason is gone; a sweep finds them within seconds")
    .option("--all", "all of them")
    .action((ids: string[], options: { all?: boolean }) =>
      each(loadConfig(), ids, options, retryAside, "is delivered again"),
    );
  aside
    .command("drop [ids...]")
    .description("remove for good")
    .option("--all", "all of them")
    .action((ids: string[], options: { all?: boolean }) =>
      each(loadConfig(), ids, options, dropAside, "is removed"),
    );
  return aside;
}

async function each(
  config: Config,
  ids: readonly string[],
  { all = false }: { all?: boolean },
  act: (recordings: Recordings, message: RecordedMessage) => Promise<void>,
  done: string,
): Promise<void> {
  if (all === ids.length > 0) {
    throw new VoxpostError("MESSAGE_UNKNOWN", "Name what is meant: ids of `voxpost aside ls`, or --all");
  }
  const chosen = all ? await findAll(config) : await Promise.all(ids.map((id) => findOne(config, id)));
  for (const { recordings, message } of chosen) {
    await act(recordings, message);
    console.log(`${message.id} ${done}`);
  }
}

async function findOne(config: Config, id: string): Promise<Found> {
  const found = await findAll(config);
  const message = findAside({ messages: found.map((each) => each.message), foreign: [] }, id);
  return found.find((each) => each.message === message) as Found;
}

/** On all Asterisks. One that does not answer is told, and hides nothing of the others. */
async function findAll(config: Config): Promise<Found[]> {
  const found: Found[] = [];
  for (const server of config.asterisk) {
    const recordings = new Recordings({ name: server.name, requests: new AriRequests(server) });
    try {
      const { messages, foreign } = await listAside(recordings);
      found.push(...messages.map((message) => ({ asterisk: server.name, recordings, message })));
      for (const name of foreign) console.error(`voxpost: ${server.name}: not a recording of ours: ${name}`);
    } catch (error) {
      const fault = VoxpostError.from(error, "INTERNAL", `Asterisk ${server.name}`);
      console.error(`voxpost: ${server.name}: ${fault.message}`);
      process.exitCode = 1;
    }
  }
  return found;
}

/** As the program noted it when it set the message aside. */
async function reasonOf(config: Config, id: string): Promise<string> {
  const log = createLogger("silent");
  const redis = boundedRedis(config.redis ?? privateRedisUrl(join(config.data, "redis")), log);
  try {
    if (redis.status !== "ready") await once(redis, "ready", { signal: AbortSignal.timeout(REDIS_MS) });
    return oneLine((await new Reasons({ redis, log }).of(id)) ?? UNKNOWN, 500);
  } catch {
    return UNKNOWN;
  } finally {
    redis.disconnect();
  }
}

const UNKNOWN = "not known any more; the program's log has it under the id";
/** How long Redis may take to answer, milliseconds. */
const REDIS_MS = 3_000;

function firstOf({ failed }: RecordedMessage): Recording {
  const [first] = failed;
  if (!first) throw new VoxpostError("INTERNAL", "A message that was set aside has no recording");
  return first;
}

function timeOf(message: RecordedMessage): string {
  return firstOf(message)
    .name.startedAt.toISOString()
    .replace(/\.\d+Z$/, "Z");
}

function callerOf(message: RecordedMessage): string {
  const { name = "", number = "" } = firstOf(message).name.caller;
  return oneLine(name && number ? `${name} <${number}>` : name || number || "unknown", 100);
}

function print(cells: readonly string[]): void {
  console.log(cells.join("\t"));
}
