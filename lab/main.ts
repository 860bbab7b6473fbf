import { existsSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { watchWrappers } from "./ancestors.ts";
import { type Lab, startLab } from "./lab.ts";
import { LAB_FILE, type LabFile, removeLabFile, removeStaleLabFile, writeLabFile } from "./lab-file.ts";
import { PHONE_PASSWORD, TRUNK } from "./mailboxes.ts";
import { LAB, PROJECT } from "./paths.ts";

interface Options {
  imap: "dovecot" | "cyrus";
  ports?: number;
  app: boolean;
  keep?: boolean;
}

const say = (line: string) => console.log(line);

/** A stable name for the configuration of the lab that was started last. */
const CONFIG = `${LAB}/voxpost.yaml`;

new Command("npm run lab --")
  .description("Keeps real servers and Voxpost up for hands and tools, until Ctrl-C.")
  .addOption(new Option("--imap <server>", "mail server").choices(["dovecot", "cyrus"]).default("dovecot"))
  .option("--ports <base>", "first of a block of seven ports (default: free ones)", toPort)
  .option("--no-app", "only the servers, so that the program can be started by hand")
  .option("--keep", "keep the run's folder afterwards")
  .action((options: Options) => main(options))
  .parseAsync()
  .catch((error: Error) => {
    console.error(`lab: ${error.message}`);
    process.exit(1);
  });

async function main(options: Options): Promise<void> {
  const started = Date.now();
  let lab: Lab | undefined;
  let file: LabFile | undefined;
  let stopping = false;
  const stop = async (code: number) => {
    // Asked twice, we go at once; the guardian ends what still runs.
    if (stopping || !lab) process.exit(code);
    stopping = true;
    if (file) removeLabFile(file);
    if (!existsSync(CONFIG) || readlinkSync(CONFIG).startsWith(lab.folder)) rmSync(CONFIG, { force: true });
    await lab.stop();
    say(options.keep ? `lab: everything is stopped; kept ${lab.folder}` : "lab: everything is stopped");
    process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));
  watchWrappers(() => void stop(1));

  removeStaleLabFile();
  lab = await startLab({
    imap: options.imap,
    keep: options.keep ?? false,
    say,
    ...(options.ports === undefined ? {} : { ports: options.ports }),
  });
  if (lab.asteriskMissing) {
    say(
      `lab: ${lab.asteriskMissing}; the lab needs a real one (Debian as root unpacks it; elsewhere install Asterisk 18+)`,
    );
    return stop(1);
  }
  const config = lab.writeConfiguration();
  rmSync(CONFIG, { force: true });
  symlinkSync(config, CONFIG);
  if (options.app) {
    try {
      const app = await lab.startApp(config);
      void app.exited.then((code) => {
        if (!stopping) say(`lab: voxpost ended (${code === undefined ? "by a signal" : `exit ${code}`})`);
      });
    } catch (error) {
      say(`lab: ${(error as Error).message}`);
      return stop(1);
    }
  }
  file = writeLabFile(lab);
  say(`lab: ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  for (const line of describe(file, lab, options)) say(line);
  // Whatever happens on standard output (a closed pipe), the lab goes on until it is told to stop.
  process.stdout.on("error", () => {});
  setInterval(() => {}, 60_000);
}

function describe(file: LabFile, lab: Lab, options: Options): string[] {
  const { first, last, pin } = file.mailboxes;
  const tls = lab.imap?.tls;
  return [
    `  phones      register ${first}–${last} (or ${TRUNK}) with password ${PHONE_PASSWORD} at ${file.sip.host}:${file.sip.port}, UDP`,
    `  dial        ${first}–${last} leaves a message; ${file.extensions.retrieve} asks for mailbox and PIN; ${file.extensions.own} is your own mailbox; *96 echoes`,
    `  PIN         ${pin}, of every mailbox`,
    "  by hand     npx tsx lab/dial.ts 1001",
    `  ARI         ${file.ari.url}/ari  user ${file.ari.user}  password ${file.ari.password}`,
    `  AMI         ${file.ami.host}:${file.ami.port}  user ${file.ami.user}  password ${file.ami.password}`,
    `  IMAP        ${file.imap.host}:${file.imap.port} (${options.imap})  user 1001  password ${pin}${tls ? `; TLS at ${tls.host}:${tls.port}` : ""}`,
    `  Redis       ${file.redis.url}`,
    `  dialplan    your own entries: ${file.dialplan}/*.conf, then: npx tsx lab/console.ts dialplan reload`,
    `  logs        ${file.logs}`,
    `  program     ${options.app ? "runs; again after its end" : "start it"} with: npm start -- --config ${CONFIG.slice(PROJECT.length + 1)}`,
    `  for tools   ${LAB_FILE}`,
    "  Ctrl-C ends everything.",
  ];
}

function toPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1024 || port > 65_500) {
    throw new InvalidArgumentError("a number from 1024 to 65500");
  }
  return port;
}
