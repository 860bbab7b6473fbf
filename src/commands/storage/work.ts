import { createHash } from "node:crypto";
import { fstatSync } from "node:fs";
import { join, resolve } from "node:path";
import { readStorageTree } from "../../config.ts";
import { VoxpostError } from "../../errors.ts";
import { backup } from "../../storage/services/backup/backup.ts";
import { restore } from "../../storage/services/backup/restore.ts";
import { check } from "../../storage/services/check.ts";
import { lockTarget } from "../../storage/services/lock.ts";
import { Journal } from "../../storage/services/migrate/journal.ts";
import { type MigrateResult, migrate } from "../../storage/services/migrate/migrate.ts";
import { type Place, parsePlace, samePlace } from "../../storage/services/trees.ts";
import type { Outcome, Session } from "./session.ts";

export async function checkStore(
  session: Session,
  { audio = false, repair = false }: { audio?: boolean; repair?: boolean },
): Promise<Outcome> {
  const { report, signal } = session;
  let logged = 0;
  // What an engine would log about what it meets is what the check is made for.
  const onWarning = (what: string) => {
    logged++;
    report.say(`fault: ${what}`);
  };
  const engine = await session.open(session.place(), { onWarning });
  const result = await check({ engine, mailboxes: session.mailboxes(), audio, repair, report, signal });
  const faults = result.faults + logged;
  console.log(
    `${result.mailboxes} mailboxes, ${result.messages} messages and ${result.greetings} greetings` +
      `${audio ? `, ${megabytes(result.bytes)} of audio` : ""}: ${faults} faults` +
      `${repair ? `, ${result.repaired} repaired` : ""}`,
  );
  return faults > 0 ? "faults" : "well";
}

export interface MigrateFlags {
  readonly dryRun?: boolean;
  readonly remove?: boolean;
  readonly overwriteGreetings?: boolean;
  readonly space?: boolean;
  readonly journal?: string;
}

export async function migrateStore(
  session: Session,
  fromText: string,
  toText: string,
  { dryRun = false, remove = false, overwriteGreetings = false, space = true, journal: folder }: MigrateFlags,
): Promise<Outcome> {
  const { report, signal } = session;
  const [fromPlace, toPlace] = [parsePlace(fromText, readStorageTree), parsePlace(toText, readStorageTree)];
  if (samePlace(fromPlace, toPlace)) {
    throw new VoxpostError("CONFIG_INVALID", "FROM and TO are the same store; nothing was done");
  }
  const from = await session.open(fromPlace);
  await from.check(signal);
  const to = await session.open(toPlace, { create: !dryRun });
  const path = resolve(folder ?? join("voxpost-data", "migrations", nameOf(fromPlace, toPlace)));
  const names = { from: from.name, to: to.name };
  const lock = dryRun ? undefined : lockTarget(to, toPlace.tree);
  let journal: Journal | undefined;
  try {
    journal = await (dryRun ? Journal.look(path, names) : Journal.open(path, names));
    report.say(`voxpost: from ${from.name} to ${to.name}; journal in ${path}`);
    const options = { from, to, journal, mailboxes: session.mailboxes(), report, signal };
    const result = await migrate({ ...options, dryRun, remove, overwriteGreetings, skipSpace: !space });
    for (const line of summary(result, { dryRun, remove, toText })) console.log(line);
    return result.failed > 0 ? "faults" : "well";
  } finally {
    journal?.close();
    lock?.release();
  }
}

function summary(
  { messages, copied, failed, removed, settled }: MigrateResult,
  { dryRun, remove, toText }: { dryRun: boolean; remove: boolean; toText: string },
): string[] {
  if (dryRun) return [`FROM has ${messages} messages; ${copied} would be copied. Nothing was changed.`];
  const counts = `FROM has ${messages} messages; ${copied} were copied and verified now, ${failed} failed.`;
  if (failed > 0)
    return [counts, "Do not switch yet: look at the faults above, then run the same command again."];
  if (remove) return [counts, `${removed} were removed from FROM, which TO has.`];
  return [
    counts,
    settled ? "Everything in FROM is in TO." : "FROM keeps changing; the rest comes after the switch.",
    `Now: 1. put the storage of ${toText} into voxpost.yaml, and restart voxpost.`,
    "     2. run this command once more: it brings what arrived in FROM until then.",
  ];
}

/** One journal for one pair of stores. A password that changes is no other store. */
function nameOf(from: Place, to: Place): string {
  const withoutSecrets = (key: string, value: unknown) =>
    /password|token|secret/.test(key) ? undefined : value;
  const places = [from, to].map(({ tree, folder }) => ({ tree, folder }));
  return createHash("sha256").update(JSON.stringify(places, withoutSecrets)).digest("hex").slice(0, 16);
}

export async function backupStore(session: Session, { dryRun }: { dryRun?: boolean }): Promise<Outcome> {
  const { report, signal } = session;
  if (!dryRun && process.stdout.isTTY) {
    throw new VoxpostError(
      "UNSUPPORTED",
      "A backup is not for a terminal: send it with > to a file, or with | on",
    );
  }
  const engine = await session.open(session.place());
  // Elsewhere a reader that goes away is no error; here the backup ends in the middle.
  process.stdout.removeAllListeners("error");
  const out = dryRun ? undefined : process.stdout;
  const { messages, greetings, faults } = await backup({
    engine,
    mailboxes: session.mailboxes(),
    out,
    report,
    signal,
  }).catch((error: unknown) => {
    throw VoxpostError.from(error, "STORE_REFUSED", "The backup could not be written to its end");
  });
  const what = `${messages} messages and ${greetings} greetings`;
  report.say(
    dryRun ? `${what} would be backed up` : `${what} are in the backup, ${faults} could not be read`,
  );
  return faults > 0 ? "faults" : "well";
}

export async function restoreStore(
  session: Session,
  { dryRun = false, overwriteGreetings = false }: { dryRun?: boolean; overwriteGreetings?: boolean },
): Promise<Outcome> {
  const { report, signal } = session;
  if (process.stdin.isTTY) {
    throw new VoxpostError("UNSUPPORTED", "A backup comes on standard input: voxpost storage restore < FILE");
  }
  const place = session.place();
  const engine = await session.open(place, { create: !dryRun });
  const input = fstatSync(0);
  const lock = dryRun ? undefined : lockTarget(engine, place.tree);
  const { restored, existed, faults, complete } = await restore({
    engine,
    stream: process.stdin,
    isMeant: (mailbox) => session.isMeant(mailbox),
    report,
    dryRun,
    overwriteGreetings,
    size: input.isFile() ? input.size : undefined,
    signal,
  }).finally(() => lock?.release());
  const verb = dryRun ? "would be restored" : "were restored";
  console.log(`${restored} messages and greetings ${verb}, ${existed} were there already, ${faults} failed`);
  if (complete) return faults > 0 ? "faults" : "well";
  report.say(
    "fault: the backup ends in the middle: what came before is restored, what came behind is missing",
  );
  return "faults";
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
