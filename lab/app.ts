import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { AsteriskLab } from "./asterisk.ts";
import type { ImapLab } from "./imap.ts";
import { MAILBOXES } from "./mailboxes.ts";
import { folder, PROJECT } from "./paths.ts";
import { type Server, startServer } from "./processes.ts";
import type { RedisLab } from "./redis.ts";
import type { RunFolder } from "./run-folder.ts";

/** The servers that a program is pointed at. */
export interface AppServers {
  ari: AsteriskLab["ari"];
  redis: RedisLab;
  imap: ImapLab;
}

/**
 * Writes a `voxpost.yaml` for a program instance against the lab's servers, and returns its path.
 * The program's own files go beside it, into `<instance>-data`.
 */
export function writeAppConfiguration(
  run: RunFolder,
  servers: AppServers,
  { instance = "lab", overrides = {} }: { instance?: string; overrides?: Record<string, unknown> } = {},
): string {
  const { ari, redis, imap } = servers;
  const file = `${run.path}/${instance === "lab" ? "voxpost" : instance}.yaml`;
  const configuration = {
    instance,
    asterisk: [{ name: "lab", url: ari.url, user: ari.user, password: ari.password }],
    redis: { url: redis.url },
    storage: {
      engine: "imap",
      host: imap.host,
      port: imap.port,
      tls: "none",
      user: "{mailbox}",
      proxy: imap.proxy,
    },
    ...(imap.changePin ? { pins: { externpass: imap.changePin } } : {}),
    media: { host: "127.0.0.1", port: 0 },
    data: folder(`${run.path}/${instance}-data`),
    contexts: { [MAILBOXES.context]: { mailboxes: { [`${MAILBOXES.first}-${MAILBOXES.last}`]: {} } } },
    ...overrides,
  };
  writeFileSync(file, stringify(configuration), { mode: 0o600 });
  return file;
}

/** Starts the program on a configuration file, with options for Node if need be; resolves at its line `voxpost: ready`. */
export async function startApp(
  run: RunFolder,
  config: string,
  name = "voxpost",
  node: readonly string[] = [],
): Promise<Server> {
  let ready = false;
  const server = await startServer({
    name,
    // Not through the `tsx` command, which would start a second process and hide the program's id.
    command: process.execPath,
    args: [...node, "--import", "tsx", "src/cli.ts", "start", "--config", config],
    cwd: PROJECT,
    log: `${run.logs}/${name}.log`,
    readyWithinMs: 60_000,
    beforeStart: () => {
      ready = false;
    },
    onLine: (line) => {
      if (line.startsWith("voxpost: ready")) ready = true;
    },
    isReady: async () => ready,
  });
  return server;
}
