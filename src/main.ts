import type { Config } from "./config.ts";
import { VoxpostError } from "./errors.ts";
import { Greetings } from "./jobs/greetings.ts";
import type { Logger } from "./log.ts";
import { menusByClass } from "./menus/classes.ts";
import { loadPlugins } from "./menus/plugins.ts";
import { openAsterisks } from "./program/asterisks.ts";
import { startBackground } from "./program/background.ts";
import { openData } from "./program/data.ts";
import { openEntries } from "./program/entries.ts";
import { openGround } from "./program/ground.ts";
import { openWeb } from "./program/web.ts";

export interface Voxpost {
  /** Resolves when the first Asterisk is connected: from then on its callers are served. */
  readonly ready: Promise<void>;
  /** Takes no new calls, and resolves when the present ones have ended. */
  drain(): Promise<void>;
  /**
   * Ends everything; recordings and jobs stay where they are, for the next program. Jobs that run may take `graceMs` to
   * finish (default 10,000).
   */
  stop(graceMs?: number): Promise<void>;
}

export interface VoxpostOptions {
  /** Nothing can be done about it: the program should end. */
  readonly onFatal: (error: VoxpostError) => void;
}

/**
 * Builds the program from its configuration and starts it; `program/` has its parts, and they alone know every room. A server
 * that is away is no reason to fail, because callers must be served all the same.
 * @throws VoxpostError CONFIG_INVALID, MENU_INVALID, DEPENDENCY_MISSING, LOCKED; then nothing is left open
 */
export async function startVoxpost(config: Config, log: Logger, options: VoxpostOptions): Promise<Voxpost> {
  const menus = menusByClass(config, await loadPlugins(config.plugins, config.folder));
  const opened: Part[] = [];
  const open = async <T extends Part>(opening: Promise<T>): Promise<T> => {
    const part = await opening;
    opened.unshift(part);
    return part;
  };
  const close = async () => {
    for (const part of opened.splice(0)) await part.close();
  };
  try {
    const { deliveries: folder } = await open(openData(config.data));
    const ground = await open(openGround(config, log));
    const asterisks = await open(openAsterisks(ground, options.onFatal));
    const { recordingsOf } = asterisks;
    const greetings = new Greetings({ ...ground, recordingsOf, enqueue: ground.queues, folder });
    const entries = await openEntries(ground, { menus, recordingsOf, greetings });
    let isDraining = false;
    await open(openWeb(ground, asterisks, () => isDraining));
    const background = startBackground(ground, { asterisks, greetings, folder });
    asterisks.start(entries);

    const stopping = new AbortController();
    const ups = [...asterisks.ivrs.values()].map(({ asterisk }) => asterisk.whenUp(stopping.signal));
    return {
      ready: Promise.any(ups),
      async drain() {
        isDraining = true;
        await asterisks.drain();
      },
      async stop(graceMs) {
        stopping.abort(new VoxpostError("ABORTED", "The program ends"));
        await background.stop(graceMs);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Part {
  close(): Promise<void>;
}
