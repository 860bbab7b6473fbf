import { Command, InvalidArgumentError } from "commander";
import type { Config } from "../config.ts";
import { adoptStore } from "./storage/adopt.ts";
import { catAudio, listMailboxes, listMessages, showMessage } from "./storage/look.ts";
import { type ServeFlags, serveStore } from "./storage/serve.ts";
import { type Outcome, runSession, type Session } from "./storage/session.ts";
import { backupStore, checkStore, type MigrateFlags, migrateStore, restoreStore } from "./storage/work.ts";

const PLACE = "@FILE.yaml, file:///PATH, spool:///PATH, sqlite:///PATH, postgres://…, https://…";

/** `voxpost storage …`: docs/storage.md. Results on standard output, progress and findings on standard error. */
export function storageCommand(loadConfig: () => Config): Command {
  const storage = new Command("storage")
    .description("look at stored messages, check, move, back up and restore them")
    .option("--in <store>", `another store than the configuration's: ${PLACE}`)
    .option("--mailbox <mailbox>", "this mailbox only; may be given several times", collect);

  /** Ties a command's action to a session. */
  const run = (command: Command, work: (session: Session) => Promise<Outcome>) =>
    runSession(command, loadConfig, work);

  storage
    .command("ls [mailbox]")
    .description("every mailbox with its counts; or the messages of one")
    .option("--folder <folder>", "this folder only")
    .option("--json", "one JSON object a line")
    .action((mailbox: string | undefined, options: { folder?: string; json?: boolean }, command: Command) =>
      run(command, (session) =>
        mailbox === undefined ? listMailboxes(session) : listMessages(session, mailbox, options),
      ),
    );

  storage
    .command("show <mailbox> <id>")
    .description("everything that is known of one message")
    .action((mailbox: string, id: string, _options: object, command: Command) =>
      run(command, (session) => showMessage(session, mailbox, id)),
    );

  storage
    .command("cat <mailbox> <id>")
    .description("the audio of a message, or of a greeting (unavailable, busy, temporary, name)")
    .option("--part <number>", "not the voice, but this part; 1 is heard first", toNumber)
    .action((mailbox: string, id: string, options: { part?: number }, command: Command) =>
      run(command, (session) => catAudio(session, mailbox, id, options)),
    );

  storage
    .command("check")
    .description("read every envelope, and tell what is malformed, there twice or left over")
    .option("--audio", "read all audio to its end as well")
    .option("--repair", "put right what can be put right without losing anything")
    .option("--dry-run", "with --repair: tell only")
    .action((options: { audio?: boolean; repair?: boolean; dryRun?: boolean }, command: Command) =>
      run(command, (session) =>
        checkStore(session, { ...options, repair: options.repair === true && !options.dryRun }),
      ),
    );

  storage
    .command("migrate <from> <to>")
    .description(
      `copy everything from one store to another, verified; may be stopped and run again: ${PLACE}`,
    )
    .option("--dry-run", "tell what would be copied")
    .option("--remove", "in the end, remove from FROM what TO has, after reading both once more")
    .option("--overwrite-greetings", "replace other greetings that TO has already")
    .option("--no-space", "do not ask first whether TO has room for it")
    .option("--journal <folder>", "where the journal is kept; default: voxpost-data/migrations/…")
    .action((from: string, to: string, options: MigrateFlags, command: Command) =>
      run(command, (session) => migrateStore(session, from, to, options)),
    );

  storage
    .command("backup")
    .description("write everything to standard output as one stream")
    .option("--dry-run", "count only")
    .action((options: { dryRun?: boolean }, command: Command) =>
      run(command, (session) => backupStore(session, options)),
    );

  storage
    .command("restore")
    .description("put back what a backup on standard input holds and the store does not")
    .option("--dry-run", "read and compare only")
    .option("--overwrite-greetings", "replace other greetings that the store has already")
    .action((options: { dryRun?: boolean; overwriteGreetings?: boolean }, command: Command) =>
      run(command, (session) => restoreStore(session, options)),
    );

  storage
    .command("adopt <what>")
    .description(
      "print the configuration of storage that was found without one: a path, or imaps://USER@HOST",
    )
    .option("--password-file <file>", "of the IMAP user; default: the environment's VOXPOST_IMAP_PASSWORD")
    .option("--voicemail-conf <file>", "of a spool of app_voicemail: where its mailboxes stand")
    .action((what: string, options: { passwordFile?: string; voicemailConf?: string }, command: Command) =>
      run(command, (session) => adoptStore(session, what, options)),
    );

  storage
    .command("serve")
    .description("show the store to other machines by the protocol of docs/engines/http.md, until SIGTERM")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port; 0 is any free one", toNumber, 8091)
    .option("--token-file <file>", "first line: the bearer token that clients must send")
    .option("--cert <file>", "PEM certificate, with those between it and its authority; default: plain HTTP")
    .option("--key <file>", "PEM key of the certificate")
    .option(
      "--uploads <folder>",
      "where uploads wait for their messages; default: the system's folder for such",
    )
    .action((options: ServeFlags, command: Command) =>
      run(command, (session) => serveStore(session, options)),
    );

  return storage;
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function toNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError("a whole number");
  return number;
}
