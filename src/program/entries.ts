import { join } from "node:path";
import type { LoginEvent } from "../access/limiter.ts";
import { RedisLoginLimiter } from "../access/redis-limiter.ts";
import type { CallHandler } from "../ivr/app.ts";
import type { Greetings } from "../jobs/greetings.ts";
import type { RecordingsOf } from "../jobs/recordings.ts";
import { createAuthenticate } from "../menus/authenticate.ts";
import type { MenusOf } from "../menus/classes.ts";
import { createDeposit, leaveMessage } from "../menus/deposit.ts";
import { createDirectory } from "../menus/directory.ts";
import type { Entry } from "../menus/ending.ts";
import { createPlayMessage } from "../menus/play-message.ts";
import { createRetrieve, removeLeftovers } from "../menus/retrieve.ts";
import { createSayName } from "../menus/say-name.ts";
import type { Ground } from "./ground.ts";

/** What callers meet: a handler for each entry of the dialplan's subroutine. */
export async function openEntries(
  ground: Ground,
  parts: { readonly menus: MenusOf; readonly recordingsOf: RecordingsOf; readonly greetings: Greetings },
): Promise<CallHandler> {
  const { config, log, telemetry, subscribers, snapshots, store, pins, queues } = ground;
  const { menus, recordingsOf, greetings } = parts;
  const folder = join(config.data, "calls");
  await removeLeftovers(folder);

  const login = {
    limiter: new RedisLoginLimiter({ redis: queues.redis, log }),
    onLogin: (event: LoginEvent) => telemetry.login(event),
  };
  const messages = {
    subscribers,
    snapshots,
    enqueue: queues,
    discard: async (asterisk: string, recording: string) => recordingsOf(asterisk)?.remove(recording),
    rename: async (asterisk: string, recording: string, to: string) =>
      recordingsOf(asterisk)?.rename(recording, to),
    menus,
  };
  const settings = {
    greetings: {
      possible: store.capabilities.greetings,
      accept: greetings.accept.bind(greetings),
      erase: greetings.erase.bind(greetings),
      discard: messages.discard,
    },
    pins,
  };
  const entries: Readonly<Record<string, Entry>> = {
    deposit: createDeposit(messages),
    retrieve: createRetrieve({
      ...messages,
      ...login,
      store,
      folder,
      settings,
      leave: (call, recipients) => leaveMessage(call, recipients, new Map(), { ...messages, goesOn: true }),
    }),
    authenticate: createAuthenticate({ ...login, subscribers, store, menus }),
    play: createPlayMessage({ subscribers, store, folder }),
    sayname: createSayName({ subscribers, snapshots }),
    directory: createDirectory({ subscribers, snapshots, menus }),
  };
  const served = new Map(
    Object.entries(entries).map(([name, serve]) => [name, telemetry.entry(name, serve)]),
  );
  return async (entry, args, call) => {
    const serve = served.get(entry);
    if (serve) return void (await serve(call, args));
    call.log.warn({ entry }, "The dialplan asks for an entry that this version does not have");
    await call.setVariable("VOXPOST_STATUS", "UNSUPPORTED");
  };
}
