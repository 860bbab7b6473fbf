import { randomBytes } from "node:crypto";
import { startApp, writeAppConfiguration } from "./app.ts";
import { type AsteriskLab, startAsterisk } from "./asterisk.ts";
import { startCyrus } from "./cyrus.ts";
import { startDovecot } from "./dovecot.ts";
import { guard } from "./guardian.ts";
import type { ImapLab } from "./imap.ts";
import { EXTENSIONS, MAILBOXES } from "./mailboxes.ts";
import { type Ports, takePorts } from "./ports.ts";
import { type PostgresLab, startPostgres } from "./postgres.ts";
import type { Server } from "./processes.ts";
import type { Say } from "./provision.ts";
import { type RedisLab, startRedis } from "./redis.ts";
import { keepRunFolder, makeRunFolder } from "./run-folder.ts";
import { findAsterisk, findCyrus, findPostgres, findServices } from "./systems.ts";

export interface LabOptions {
  /** Which servers. Default: all but postgres. Leaving out Asterisk saves its start of some seconds. */
  servers?: ("asterisk" | "redis" | "imap" | "postgres")[];
  /** Default: dovecot. */
  imap?: "dovecot" | "cyrus";
  /** First of a block of consecutive ports (see `Ports`). Default: free ones. */
  ports?: number;
  /** Program instances whose Stasis apps the dialplan tries, in order. Default: `["lab"]`. */
  instances?: string[];
  /** Keep the run's folder after `stop`. Default: false. */
  keep?: boolean;
  /** Receives lines for a person. Default: silence. */
  say?: Say;
}

export interface Lab {
  id: string;
  /** Everything of this run: `logs`, the servers' folders, the program's configuration and data. */
  folder: string;
  logs: string;
  ports: Ports;
  mailboxes: typeof MAILBOXES;
  extensions: typeof EXTENSIONS;
  /** Undefined when it was not asked for, or is not to be had here: then `asteriskMissing` says why. */
  asterisk: AsteriskLab | undefined;
  asteriskMissing: string | undefined;
  redis: RedisLab | undefined;
  imap: ImapLab | undefined;
  postgres: PostgresLab | undefined;
  /** Process ids of everything that runs, by name. */
  pids(): Record<string, number>;
  /** Writes a voxpost.yaml for an instance; `overrides` replace top-level keys. Returns its path. Needs all three servers. */
  writeConfiguration(options?: { instance?: string; overrides?: Record<string, unknown> }): string;
  /** Starts the program as a child; `name` is its name in `pids` and of its log. Default: `voxpost`. */
  startApp(config: string, name?: string, node?: readonly string[]): Promise<Server>;
  /** Stops everything, newest first, and removes the folder unless it is kept. */
  stop(): Promise<void>;
}

/**
 * Provides, configures and starts real servers on 127.0.0.1; resolves when all of them answer. Several labs may run at once.
 * Rejects, with the reason and the end of the log, when one cannot be started; then nothing is left running.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const wanted = new Set(options.servers ?? ["asterisk", "redis", "imap"]);
  const say = options.say ?? (() => {});
  const engine = options.imap ?? "dovecot";

  const services: ("redis" | "dovecot")[] = [];
  if (wanted.has("redis")) services.push("redis");
  if (wanted.has("imap") && engine === "dovecot") services.push("dovecot");
  const [asteriskSystem, servicesSystem, cyrus, postgresSystem] = await Promise.all([
    wanted.has("asterisk") ? findAsterisk(say) : undefined,
    services.length > 0 ? findServices(say, services) : undefined,
    wanted.has("imap") && engine === "cyrus" ? findCyrus(say) : undefined,
    wanted.has("postgres") ? findPostgres(say) : undefined,
  ]);

  const run = makeRunFolder();
  const { ports, release } = await takePorts(options.ports);
  const running: Server[] = [];
  const start = async <T extends Server>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    running.push(server);
    return server;
  };
  const stop = async () => {
    for (const server of running.reverse()) await server.stop();
    running.length = 0;
    if (options.keep) keepRunFolder(run);
    else run.remove();
    release();
  };

  const secret = () => randomBytes(12).toString("hex");
  const asteriskRoot = asteriskSystem && "root" in asteriskSystem ? asteriskSystem : undefined;
  const starts = [
    asteriskRoot &&
      start(
        startAsterisk(
          run,
          asteriskRoot.root,
          ports,
          { ari: secret(), ami: secret() },
          options.instances ?? ["lab"],
        ),
      ),
    wanted.has("redis") && servicesSystem
      ? start(startRedis(run, servicesSystem.root, ports.redis))
      : undefined,
    cyrus ? start(startCyrus(run, cyrus.root, ports, secret())) : undefined,
    wanted.has("imap") && !cyrus && servicesSystem
      ? start(startDovecot(run, servicesSystem.root, ports, secret()))
      : undefined,
    postgresSystem ? start(startPostgres(run, postgresSystem.root, ports.postgres, secret())) : undefined,
  ] as const;
  const outcomes = await Promise.allSettled(starts);
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure) {
    await stop();
    throw failure.reason;
  }
  const [asterisk, redis, cyrusServer, dovecot, postgres] = await Promise.all(starts);
  const imap = cyrusServer ?? dovecot;

  return {
    id: run.id,
    folder: run.path,
    logs: run.logs,
    ports,
    mailboxes: MAILBOXES,
    extensions: EXTENSIONS,
    asterisk,
    asteriskMissing: asteriskSystem && "missing" in asteriskSystem ? asteriskSystem.missing : undefined,
    redis,
    imap,
    postgres,
    pids: () => ({
      ...Object.fromEntries(running.filter((each) => each.running).map((each) => [each.name, each.pid])),
      guardian: guard.pid() ?? process.pid,
    }),
    writeConfiguration(configuration) {
      if (!asterisk || !redis || !imap)
        throw new Error("a configuration needs Asterisk, Redis and IMAP in the lab");
      return writeAppConfiguration(run, { ari: asterisk.ari, redis, imap }, configuration);
    },
    startApp: (config, name, node) => start(startApp(run, config, name, node)),
    stop,
  };
}
