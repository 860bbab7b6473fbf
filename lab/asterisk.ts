import { cpSync, existsSync, lstatSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { execa } from "execa";
import { type AsteriskSecrets, writeAsteriskConfiguration } from "./asterisk-config.ts";
import { folder, LAB } from "./paths.ts";
import type { Ports } from "./ports.ts";
import { type Server, startServer } from "./processes.ts";
import type { RunFolder } from "./run-folder.ts";
import { linkLanguages } from "./sounds.ts";

export interface AsteriskLab extends Server {
  sip: { host: string; port: number };
  ari: { url: string; user: string; password: string };
  ami: { host: string; port: number; user: string; password: string };
  /** The folder whose `*.conf` files the dialplan includes; shared by all labs of the project. */
  dialplan: string;
  /** Folders of this run as this process sees them. */
  spool: string;
  recordings: string;
  mediaCache: string;
  /** Asterisk's own log. */
  fullLog: string;
  /** Runs a console command such as `dialplan reload`; resolves with what it printed. */
  console(command: string): Promise<string>;
}

/**
 * Starts Asterisk on loopback with a configuration of its own and 100 phones; resolves when it is fully booted and ARI answers.
 * `instances` are the programs whose Stasis apps the dialplan tries, in order.
 */
export async function startAsterisk(
  run: RunFolder,
  root: string | undefined,
  ports: Ports,
  secrets: AsteriskSecrets,
  instances: string[],
): Promise<AsteriskLab> {
  const place = run.place("asterisk", root);
  if (root) linkLanguages(root);
  const dialplan = dialplanFolder(root);
  writeAsteriskConfiguration(place, ports, secrets, instances, root ? "/lab/extensions.d" : dialplan);
  const config = `${place.inside}/etc/asterisk.conf`;
  const fullLog = `${place.outside}/log/full`;
  symlinkSync(fullLog, `${run.logs}/asterisk-full.log`);
  const console = async (command: string): Promise<string> => {
    const run = place.command("asterisk", ["-C", config, "-rx", command]);
    const { stdout } = await execa(run.command, run.args, {
      env: run.env,
      extendEnv: false,
      timeout: 10_000,
    });
    return stdout;
  };
  const ari = { url: `http://127.0.0.1:${ports.ari}`, user: "voxpost", password: secrets.ari };
  const server = await startServer({
    name: "asterisk",
    ...place.command("asterisk", ["-C", config, "-f", "-n"]),
    log: `${run.logs}/asterisk.log`,
    moreLogs: [fullLog],
    readyWithinMs: 60_000,
    isReady: async () => (await ariAnswers(ari)) && (await isFullyBooted(console)),
  });
  return Object.assign(server, {
    sip: { host: "127.0.0.1", port: ports.sip },
    ari,
    ami: { host: "127.0.0.1", port: ports.ami, user: "lab", password: secrets.ami },
    dialplan,
    spool: `${place.outside}/spool`,
    recordings: `${place.outside}/spool/recording`,
    mediaCache: `${place.outside}/cache`,
    fullLog,
    console,
  });
}

async function ariAnswers(ari: AsteriskLab["ari"]): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`${ari.user}:${ari.password}`).toString("base64")}`;
  const response = await fetch(`${ari.url}/ari/asterisk/info`, {
    headers: { authorization },
    signal: AbortSignal.timeout(1_000),
  });
  return response.ok;
}

async function isFullyBooted(console: (command: string) => Promise<string>): Promise<boolean> {
  return (await console("core waitfullybooted")).includes("fully booted");
}

/**
 * `.lab/asterisk/extensions.d`. An Asterisk in an unpacked system cannot see outside of it, so there the folder lies inside and
 * `.lab/asterisk/extensions.d` is a link to it; files that were put there before the first start are taken along.
 */
function dialplanFolder(root: string | undefined): string {
  const visible = `${folder(`${LAB}/asterisk`)}/extensions.d`;
  if (!root) {
    if (isLink(visible)) rmSync(visible);
    return withReadme(folder(visible));
  }
  const real = folder(`${root}/lab/extensions.d`);
  if (existsSync(visible) && !isLink(visible)) {
    cpSync(visible, real, { recursive: true });
    rmSync(visible, { recursive: true });
  }
  if (!isLink(visible)) symlinkSync(real, visible);
  return withReadme(visible);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function withReadme(path: string): string {
  writeFileSync(
    `${path}/README.conf`,
    `; Files *.conf in this folder belong to the lab's dialplan: write [lab] and your own entries, for example
;   [lab]
;   exten => 2000,1,Playback(demo-congrats)
; then say "dialplan reload".
`,
  );
  return path;
}
