import type { Command } from "commander";
import { type Config, readConfig, readStorageTree } from "../../config.ts";
import { isCode } from "../../errors.ts";
import { createLogger } from "../../log.ts";
import { type MailboxAddress, parseMailbox, sameMailbox } from "../../model/mailbox.ts";
import type { Engine } from "../../storage/engine.ts";
import { withRetry } from "../../storage/layers/retry.ts";
import { withTimeout } from "../../storage/layers/timeout.ts";
import { createEngine } from "../../storage/registry.ts";
import type { EngineContext } from "../../storage/scheme.ts";
import { type Place, parsePlace } from "../../storage/services/trees.ts";
import { knownMailboxes, type Mailboxes } from "../../storage/services/walk.ts";
import { createSubscribers } from "../../subscribers.ts";
import { TerminalReport } from "./progress.ts";

/** `faults`: it was done, but something was found. */
export type Outcome = "well" | "faults";

const EXIT = { well: 0, faults: 1, stopped: 130 };

/** Nobody waits on the telephone: a slow server may take its time, but not for ever. */
const LIMITS = { answerMs: 60_000, transferMs: 900_000 };

/** What all storage commands understand. */
export interface CommonOptions {
  readonly in?: string;
  readonly mailbox?: readonly string[];
}

/** One run of a command: its engines, which are closed at its end, and its signal, which fires when it is told to stop. */
export class Session {
  readonly report = new TerminalReport();
  readonly signal: AbortSignal;
  readonly #options: CommonOptions;
  readonly #loadConfig: () => Config;
  readonly #opened: Engine[] = [];
  #config: Config | undefined;

  constructor(options: CommonOptions, loadConfig: () => Config, signal: AbortSignal) {
    this.#options = options;
    this.#loadConfig = loadConfig;
    this.signal = signal;
  }

  config(): Config {
    this.#config ??= this.#loadConfig();
    return this.#config;
  }

  /** The store of `--in`, else the configuration's. */
  place(): Place {
    const { in: place } = this.#options;
    if (place !== undefined) return parsePlace(place, readStorageTree);
    const { storage, folder } = this.config();
    return { tree: storage, folder };
  }

  /** Unless `create`, what is not there is an error and stays so. */
  async open(place: Place, { create = false, onWarning }: OpenOptions = {}): Promise<Engine> {
    const { tree, folder } = place;
    const log = createLogger("warn", { write: (line) => this.#warn(line, onWarning) });
    const data = this.#config?.data;
    const attributesOf = this.#attributesOf(place);
    const context = { log, folder, create, attributesOf, ...(data === undefined ? {} : { data }) };
    const engine = withTimeout(withRetry(createEngine(tree, context)), LIMITS);
    this.#opened.push(engine);
    await engine.open();
    return engine;
  }

  /** What the administrator says of a mailbox; read only when a store is chosen by it. */
  #attributesOf({ config }: Place): NonNullable<EngineContext["attributesOf"]> {
    let subscribers: ReturnType<typeof createSubscribers> | undefined;
    return (mailbox) => {
      subscribers ??= createSubscribers(config === undefined ? this.config() : readConfig(config));
      return subscribers.attributesOf(mailbox);
    };
  }

  /** What an engine would log, in words: what it says, and of what. */
  #warn(line: string, onWarning?: (what: string) => void): void {
    const { msg, path, fault } = JSON.parse(line) as Record<string, string | undefined>;
    const what = [path, fault ?? msg].filter(Boolean).join(": ");
    if (onWarning) onWarning(what);
    else this.report.say(`note: ${what}`);
  }

  /** Those of `--mailbox`; else what the engine tells, or the configuration. */
  mailboxes(): Mailboxes {
    const { mailbox } = this.#options;
    if (mailbox) return fixed(mailbox.map((text) => parseMailbox(text)));
    return knownMailboxes(() => Array.from(createSubscribers(this.config()).all(), ({ address }) => address));
  }

  /** Whether a mailbox is meant, by `--mailbox`. */
  isMeant(mailbox: MailboxAddress): boolean {
    const { mailbox: only } = this.#options;
    return !only || only.some((text) => sameMailbox(parseMailbox(text), mailbox));
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#opened.map((engine) => engine.close()));
  }
}

interface OpenOptions {
  readonly create?: boolean;
  /** Told what the engine would log. Default: it is shown. */
  readonly onWarning?: (what: string) => void;
}

function fixed(mailboxes: readonly MailboxAddress[]): Mailboxes {
  return async function* () {
    yield* mailboxes;
  };
}

/**
 * Runs a command to its exit code: 0 well, 1 faults (or an error, which the caller shows), 130 stopped. The first
 * SIGINT or SIGTERM stops it between two steps, a second one at once.
 */
export async function runSession(
  command: Command,
  loadConfig: () => Config,
  work: (session: Session) => Promise<Outcome>,
): Promise<void> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT.stopped);
    controller.abort();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const session = new Session(command.optsWithGlobals<CommonOptions>(), loadConfig, controller.signal);
  try {
    const outcome = await work(session);
    process.exitCode = EXIT[session.report.sawFault ? "faults" : outcome];
  } catch (error) {
    if (!controller.signal.aborted || !isCode(error, "ABORTED")) throw error;
    session.report.say("voxpost: stopped; nothing is half done, and the same command goes on from here");
    process.exitCode = EXIT.stopped;
  } finally {
    await session.close();
    process.off("SIGINT", stop).off("SIGTERM", stop);
    // A restore that was stopped would wait for the rest of its stream.
    process.stdin.destroy();
  }
}
