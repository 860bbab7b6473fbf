import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { Command, InvalidArgumentError } from "commander";
import { asideCommand } from "./commands/aside.ts";
import { configCommand } from "./commands/config.ts";
import { refreshCommand } from "./commands/refresh.ts";
import { storageCommand } from "./commands/storage.ts";
import { type Config, readConfig } from "./config.ts";
import { examine } from "./doctor.ts";
import { embeddedConfig } from "./embedded.ts";
import { VoxpostError } from "./errors.ts";
import { createLogger } from "./log.ts";
import { menusByClass } from "./menus/classes.ts";
import { menuGraph, menuGuide } from "./menus/guide.ts";
import { SHIPPED, type SiteMenus } from "./menus/overrides.ts";
import { loadPlugins } from "./menus/plugins.ts";
import { formatMailbox } from "./model/mailbox.ts";
import { hashPin } from "./storage/pins.ts";
import { createSubscribers } from "./subscribers.ts";
import { version } from "./version.ts";

const program = new Command("voxpost")
  .description("Voicemail for Asterisk, on anybody's mail server")
  .version(version)
  .option(
    "-c, --config <file>",
    "configuration; default: $VOXPOST_CONFIG, else ./voxpost.yaml, else what this machine has",
  )
  .showHelpAfterError();

program
  .command("start", { isDefault: true })
  .description("serve calls until SIGTERM, then end after the calls in progress")
  .option("--drain <seconds>", "longest wait for calls in progress at the end", toSeconds, 600)
  .action(async ({ drain }: { drain: number }) => {
    const config = loadConfig();
    const log = createLogger(config.log.level);
    // Here and not above: the other commands need little of the program, and start sooner without it.
    const { startVoxpost } = await import("./main.ts");
    const voxpost = await startVoxpost(config, log, {
      onFatal: (error) => {
        console.error(`voxpost: ${error.message}`);
        process.exit(1);
      },
    });
    const end = onSignals(["SIGTERM", "SIGINT"], () => {
      console.log("voxpost: draining; a second signal ends it at once");
      return Promise.race([voxpost.drain(), after(drain * 1000)]);
    });
    // Told in the order in which it happens: an end may come first.
    void voxpost.ready.then(() => console.log("voxpost: ready")).catch(() => {});
    const drained = await end;
    await voxpost.stop(drained ? undefined : 0);
    console.log(drained ? "voxpost: ended" : "voxpost: ended at once");
    process.exit(drained ? 0 : 1);
  });

program
  .command("doctor")
  .description("say of everything that is needed whether it is there, and what to do")
  .action(async () => {
    let healthy = true;
    for await (const { subject, detail, error } of examine(loadConfig())) {
      healthy &&= error === undefined;
      console.log(`${error ? "not ok" : "ok    "}  ${subject}: ${error?.message ?? detail}`);
    }
    process.exit(healthy ? 0 : 1);
  });

const mailbox = program.command("mailbox").description("what the configuration says of mailboxes");
mailbox
  .command("list")
  .description("every mailbox, one a line")
  .action(() => {
    for (const { address, fullName = "" } of createSubscribers(loadConfig()).all()) {
      console.log(`${formatMailbox(address)}\t${fullName}`.trimEnd());
    }
  });
mailbox
  .command("hash")
  .description("read a PIN from standard input and print what to write as pin_hash")
  .action(async () => {
    for await (const line of createInterface({ input: process.stdin })) {
      if (!/^\d{4,20}$/.test(line))
        throw new VoxpostError("CONFIG_INVALID", "A PIN has 4 to 20 digits and nothing else");
      console.log(await hashPin(line));
      return;
    }
  });

program
  .command("menus")
  .description("what a caller may press, menu by menu; without a configuration: as shipped")
  .option("--class <name>", "for mailboxes of this class (menu_classes)")
  .option("--graph", "as a Mermaid graph instead")
  .action(async ({ graph, class: menuClass }: { graph?: boolean; class?: string }) => {
    const menus = await configuredMenus(menuClass);
    console.log(graph ? menuGraph(menus) : menuGuide(menus));
  });

// `voxpost menus | head` is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

program.addCommand(configCommand());
program.addCommand(storageCommand(loadConfig));
program.addCommand(asideCommand(loadConfig));
program.addCommand(refreshCommand(loadConfig));

program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof VoxpostError)) throw error;
  console.error(`voxpost: ${error.message} [${error.code}]`);
  process.exit(1);
});

function configFile(): string | undefined {
  const { config: path } = program.opts<{ config?: string }>();
  return path ?? process.env.VOXPOST_CONFIG ?? (existsSync("voxpost.yaml") ? "voxpost.yaml" : undefined);
}

async function configuredMenus(menuClass: string | undefined): Promise<SiteMenus> {
  const file = configFile();
  if (!file && menuClass === undefined) return SHIPPED;
  const config = loadConfig();
  if (menuClass !== undefined && !config.menu_classes[menuClass]) {
    const known = Object.keys(config.menu_classes).join(", ") || "none";
    throw new VoxpostError(
      "CONFIG_INVALID",
      `menu_classes has no "${menuClass}"; its classes: ${known} (docs/menus.md)`,
    );
  }
  const menusOf = menusByClass(config, await loadPlugins(config.plugins, config.folder));
  return menusOf(menuClass === undefined ? {} : { menuClass });
}

function loadConfig(): Config {
  const file = configFile();
  if (file) return readConfig(file);
  const { config, notes } = embeddedConfig("voxpost-data");
  // Not on standard output, where a command's own result goes: a backup, audio.
  console.error(
    `voxpost: no voxpost.yaml, so this machine's own:\n${notes.map((note) => `  ${note}`).join("\n")}`,
  );
  return config;
}

/** True when the work that the first signal began is done, false at a second signal. A later one ends the process there and then. */
function onSignals(signals: NodeJS.Signals[], begin: () => Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    let received = 0;
    let over = false;
    const end = (drained: boolean) => {
      over = true;
      resolve(drained);
    };
    for (const signal of signals) {
      process.on(signal, () => {
        if (over) process.exit(1);
        if (received++ > 0) return end(false);
        void begin().then(() => end(true));
      });
    }
  });
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function toSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0) throw new InvalidArgumentError("a number of seconds");
  return seconds;
}
