import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { conflicts, describeIssue, faultList } from "./config-faults.ts";
import { VoxpostError } from "./errors.ts";
import { isPrompt } from "./ivr/prompts.ts";
import { command, externnotifyOptions, webhookOptions } from "./jobs/externnotify-options.ts";
import { redisOptions } from "./jobs/redis-options.ts";
import { mailbox, mailboxOptions, name } from "./mailbox-options.ts";
import { isMailboxName } from "./model/mailbox.ts";
import { smtpOptions } from "./notices/smtp-options.ts";
import { fillSecrets } from "./secrets.ts";
import { isLoopback } from "./storage/engines/http/loopback.ts";
import { engineFaults } from "./storage/registry.ts";

/**
 * The one schema of `voxpost.yaml`: every key with its default, its unit and its help. docs/config.md is generated from
 * it. Where app_voicemail has an option of the same meaning, it has the same name here.
 */

const isMailbox = (text: string) => /^[^@]+@[^@]+$/.test(text) && text.split("@").every(isMailboxName);

const sound = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$/, "name a sound as Asterisk does, without ending: custom/x");

const context = mailboxOptions.extend({
  directoryintro: sound.describe("Welcomes callers of this context's directory.").optional(),
  mailboxes: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/, "a mailbox number, or a range such as 1001-1100"),
      mailbox.nullable(),
    )
    .describe("By number, or a range of numbers such as 1001-1100."),
});

const asterisk = z.strictObject({
  name: name.describe(
    "Unique name of this Asterisk; part of where its recordings are looked for, so never change it.",
  ),
  url: z.url().describe("Where its HTTP server listens, such as http://127.0.0.1:8088."),
  user: z.string().describe("ARI user (ari.conf)."),
  password: z.string().describe("ARI password; or password_file."),
});

export const configSchema = z.strictObject({
  instance: name
    .default("1")
    .describe("Name of this program; its Stasis application is voxpost-NAME. Every program needs its own."),
  asterisk: z.array(asterisk).min(1).describe("The Asterisks that this program serves."),
  redis: redisOptions
    .optional()
    .describe("Queue of jobs. Default: a private Redis that the program starts itself."),
  storage: z
    .record(z.string(), z.unknown())
    .describe("`engine: NAME` and the keys of that engine (docs/engines/)."),
  media: z
    .strictObject({
      host: z
        .string()
        .default("127.0.0.1")
        .describe("Address to listen on for Asterisk's requests for audio."),
      port: z.number().int().min(0).max(65535).default(0).describe("0 is any free port."),
      url: z.url().optional().describe("How Asterisk reaches it, if not http://host:port."),
    })
    .prefault({})
    .describe("Asterisk fetches messages and greetings from here."),
  web: z
    .strictObject({
      host: z.string().default("127.0.0.1").describe("Address to listen on."),
      port: z.number().int().min(0).max(65535).default(9464).describe("0 is any free port."),
      token: z
        .string()
        .regex(/^[!-~]{16,}$/, "at least 16 printable characters without blanks")
        .optional()
        .describe(
          "What a scrape of the metrics sends as bearer token. **Required** where other machines can connect.",
        ),
    })
    .refine(({ host, token }) => token !== undefined || isLoopback(host), {
      path: ["token"],
      message: "other machines reach the metrics at this host, so they need a token",
    })
    .optional()
    .describe("Health and metrics (docs/observability.md). Default: nothing listens."),
  traces: z
    .strictObject({
      url: z.url().describe("Where OpenTelemetry's traces go: http://127.0.0.1:4318/v1/traces."),
      headers: z.record(z.string(), z.string()).default({}).describe("Sent along, such as authorization."),
      sample: z.number().min(0).max(1).default(1).describe("Share of all calls that is traced."),
    })
    .optional()
    .describe("Traces by OTLP over HTTP (docs/observability.md). Default: none."),
  data: z
    .string()
    .default("voxpost-data")
    .describe("Folder for this program's own files: snapshots, private Redis. No other program may use it."),
  log: z
    .strictObject({
      level: z
        .enum(["trace", "debug", "info", "warn", "error", "silent"])
        .default("info")
        .describe("Least severe lines that are written."),
    })
    .prefault({})
    .describe("Logs are JSON lines on standard error."),
  pins: z
    .strictObject({
      history: z
        .number()
        .int()
        .min(0)
        .max(10)
        .default(3)
        .describe("So many earlier PINs may not be chosen again."),
      externpasscheck: command
        .optional()
        .describe(
          "Judges a PIN that an owner chooses: gets it on standard input, mailbox and context as arguments; says VALID.",
        ),
      externpass: command
        .optional()
        .describe("Changes the PIN where the store checks it; called alike. Without it owners cannot."),
      externpassnotify: command
        .optional()
        .describe("Is told of every PIN that was changed; called alike. Its failure is only logged."),
    })
    .prefault({})
    .describe("PINs that owners change by telephone (docs/decisions/0006-pins-in-redis-and-on-disk.md)."),
  calls: z
    .strictObject({
      most: z
        .number()
        .int()
        .min(1)
        .default(400)
        .describe(
          "So many calls at once, on all Asterisks together; who comes on top is led to the next program, and then to the dialplan's own recording.",
        ),
    })
    .prefault({}),
  lamps: z
    .strictObject({
      watched: z
        .number()
        .int()
        .min(0)
        .default(50)
        .describe(
          "Mailboxes, those used last, of which the store itself tells what a mail program changes; each may take a connection of it.",
        ),
      poll: z
        .number()
        .min(1)
        .default(900)
        .describe("Pause between two rounds in which all the others are looked at, seconds."),
    })
    .prefault({})
    .describe("Message waiting lamps (docs/scaling.md)."),
  externnotify: externnotifyOptions.optional(),
  webhook: webhookOptions.optional(),
  sweep: z
    .strictObject({
      every: z
        .number()
        .min(1)
        .default(30)
        .describe("How often forgotten recordings are looked for, seconds."),
    })
    .prefault({}),
  workers: z
    .strictObject({
      stalled: z
        .number()
        .min(1)
        .default(30)
        .describe(
          "After so many seconds without a sign of life a worker's jobs go to another; its locks last four times as long.",
        ),
    })
    .prefault({})
    .describe("Jobs: messages to stores, lamps (docs/custody.md)."),
  notices: smtpOptions.optional().describe("Mails about messages (docs/notices.md). Default: none."),
  defaults: mailboxOptions.prefault({}).describe("For all mailboxes."),
  searchcontexts: z
    .boolean()
    .default(false)
    .describe("A mailbox number that is given or entered without a context may be in any."),
  directoryintro: sound
    .optional()
    .describe("Sound that welcomes callers of a directory. Default dir-welcome; a context may have its own."),
  aliases: z
    .record(
      z.string().refine(isMailbox, "write MAILBOX@CONTEXT"),
      z.string().refine(isMailbox, "write MAILBOX@CONTEXT"),
    )
    .default({})
    .describe("Other names of mailboxes: 2001@default: 1001@default. Messages and lamps are the same."),
  contexts: z.record(name, context).describe("Voicemail contexts and their mailboxes."),
  prompts: z
    .record(
      z.string().refine((key) => isPrompt(key), "no prompt has this name; sounds/en/ has them all"),
      sound,
    )
    .default({})
    .describe("Sounds of your own instead of prompts, everywhere: vm-login: custom/login."),
  menus: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("Changes of keys, prompts, waits and tries, by menu (docs/menus.md)."),
  menu_classes: z
    .record(name, z.record(z.string(), z.unknown()))
    .default({})
    .describe(
      "The same by class of mailboxes, on top of menus; menu_class of a mailbox or context names one.",
    ),
  plugins: z
    .array(z.string())
    .default([])
    .describe("Files with actions and menus of the site's own (docs/menus.md#plug-ins)."),
});

export type Config = z.infer<typeof configSchema> & {
  /** Relative paths start here: where the configuration file lies. */
  readonly folder: string;
};

/**
 * Reads a configuration file, with secrets from files and the environment filled in.
 * @throws VoxpostError CONFIG_INVALID that lists every fault with its path
 */
export function readConfig(path: string, environment: NodeJS.ProcessEnv = process.env): Config {
  return parseConfig(readText(path), { path, folder: dirname(resolve(path)), environment });
}

/**
 * The storage of a configuration, or of a file that holds nothing else, with its secrets filled in; the engine checks
 * the rest. For commands that work on storage which is not, or not yet, the program's own.
 * @throws VoxpostError CONFIG_INVALID that lists every fault with its path
 */
export function readStorageTree(
  path: string,
  environment: NodeJS.ProcessEnv = process.env,
): { tree: Record<string, unknown>; folder: string; config?: string } {
  const yaml = parseYaml(readText(path), path);
  const ofConfig = withStorage.safeParse(yaml).data?.storage;
  const tree = ofConfig ?? storageTree.safeParse(yaml).data;
  if (!tree)
    throw new VoxpostError("CONFIG_INVALID", `${path} has neither "storage:" nor "engine:" at its top`);
  const folder = dirname(resolve(path));
  const faults: string[] = [];
  const filled = fillSecrets(tree, ["storage"], { folder, environment }, faults);
  if (faults.length > 0) throw new VoxpostError("CONFIG_INVALID", faultList(path, faults));
  return { tree: storageTree.parse(filled), folder, ...(ofConfig && { config: path }) };
}

const storageTree = z.looseObject({ engine: z.string() });
const withStorage = z.looseObject({ storage: storageTree });

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw VoxpostError.from(error, "CONFIG_INVALID", `Cannot read the configuration ${path}`);
  }
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const where = error instanceof YAMLParseError ? ` (line ${error.linePos?.[0].line})` : "";
    throw VoxpostError.from(error, "CONFIG_INVALID", `${path} is not YAML${where}`);
  }
}

export function parseConfig(
  text: string,
  source: { path: string; folder: string; environment: NodeJS.ProcessEnv },
): Config {
  const faults: string[] = [];
  const filled = fillSecrets(parseYaml(text, source.path), [], source, faults);
  const parsed = configSchema.safeParse(filled);
  if (!parsed.success) faults.push(...parsed.error.issues.map(describeIssue));
  const storage = z.object({ storage: z.record(z.string(), z.unknown()) }).safeParse(filled);
  if (storage.success) faults.push(...engineFaults(storage.data.storage));
  if (!parsed.success || faults.length > 0) {
    throw new VoxpostError("CONFIG_INVALID", faultList(source.path, faults), {
      context: { path: source.path },
    });
  }
  const config = { ...parsed.data, folder: source.folder, data: resolve(source.folder, parsed.data.data) };
  faults.push(...conflicts(config));
  if (faults.length > 0) throw new VoxpostError("CONFIG_INVALID", faultList(source.path, faults));
  return config;
}
