import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { execa } from "execa";
import { findMirror, findMmdebstrap } from "./debian.ts";
import { guard } from "./guardian.ts";
import { isAlive, withLock } from "./lock.ts";
import { folder, LAB, ROOTS } from "./paths.ts";
import { RECIPES, type Recipe } from "./recipes.ts";
import { ownerOf } from "./run-folder.ts";

/** Receives lines for a person to read. */
export type Say = (line: string) => void;

/**
 * Makes sure that the system of a recipe is unpacked, and returns its folder. Needs root on Debian.
 * It is unpacked under another name and renamed when complete, so an interrupted run leaves nothing that looks whole;
 * processes that ask at the same time wait for one of them. Rejects with the end of the log when it cannot be done.
 */
export async function provision(name: Recipe["name"], say: Say): Promise<string> {
  const recipe = RECIPES[name];
  const root = `${ROOTS}/${name}`;
  if (isComplete(root, recipe)) return root;
  await withLock(
    `provision-${name}`,
    async () => {
      if (!isComplete(root, recipe)) await unpack(recipe, root, say);
    },
    { onWait: () => say(`lab: waiting for another process that is unpacking ${recipe.contents} …`) },
  );
  return root;
}

/** Papers and caches of an unpacked system. */
const NOT_NEEDED = [
  "usr/share/doc",
  "usr/share/man",
  "usr/share/locale",
  "var/lib/apt/lists",
  "var/cache/apt",
];

function stampOf(root: string): string {
  return `${root}/lab/recipe.json`;
}

function isComplete(root: string, recipe: Recipe): boolean {
  return existsSync(stampOf(root)) && readFileSync(stampOf(root), "utf8") === JSON.stringify(recipe);
}

async function unpack(recipe: Recipe, root: string, say: Say): Promise<void> {
  say(`lab: unpacking ${recipe.contents} (about ${recipe.megabytes} MB on disk) into ${root}`);
  say("lab: from Debian's packages; nothing is installed on this system and no service is started");
  const started = Date.now();
  removeLeftovers(recipe.name);
  const [mirror, mmdebstrap] = await withLock("apt", async () => [
    await findMirror(),
    await findMmdebstrap(say),
  ]);
  const partial = `${root}.partial-${process.pid}`;
  // mmdebstrap leaves a keyring folder behind, which apt's own user must be able to enter.
  const scratch = mkdtempSync(`${tmpdir()}/voxpost-unpack-`);
  chmodSync(scratch, 0o755);
  const log = `${folder(`${LAB}/logs`)}/unpack-${recipe.name}.log`;
  const run = execa(
    ...(await inOwnMountNamespace(mmdebstrap, [
      "--variant=apt",
      "--mode=root",
      // The suite's Release file may be past its date on a mirror that is a snapshot.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      '--aptopt=APT::Install-Recommends "false"',
      '--aptopt=Acquire::Retries "3"',
      `--include=${recipe.packages.join(",")}`,
      recipe.suite,
      partial,
      `deb ${mirror.trusted ? "[trusted=yes] " : ""}${mirror.uri} ${recipe.suite} main`,
    ])),
    {
      all: true,
      timeout: 900_000,
      reject: false,
      buffer: { all: false },
      detached: true,
      env: { TMPDIR: scratch },
    },
  );
  if (run.pid) guard.watch(run.pid);
  run.all?.on("data", reportProgress(recipe.name, say));
  run.all?.pipe(createWriteStream(log));
  const { failed } = await run;
  if (run.pid) guard.release(run.pid);
  rmSync(scratch, { recursive: true, force: true });
  if (failed) {
    rmSync(partial, { recursive: true, force: true });
    const end = readFileSync(log, "utf8").trimEnd().split("\n").slice(-12).join("\n");
    throw new Error(`mmdebstrap could not unpack ${recipe.contents}; the end of ${log}:\n${end}`);
  }
  for (const path of NOT_NEEDED) rmSync(`${partial}/${path}`, { recursive: true, force: true });
  folder(`${partial}/lab`);
  writeFileSync(stampOf(partial), JSON.stringify(recipe));
  replace(root, partial);
  say(`lab: ${recipe.contents} unpacked in ${Math.round((Date.now() - started) / 1000)} s`);
}

/**
 * mmdebstrap mounts /proc and /sys into what it makes. In a mount namespace of its own they are gone with it, however it ends;
 * in ours a killed one would leave them there, and whoever removes the folder would reach through into the machine's.
 */
async function inOwnMountNamespace(command: string, args: string[]): Promise<[string, string[]]> {
  const { failed } = await execa("unshare", ["--mount", "true"], { reject: false });
  return failed ? [command, args] : ["unshare", ["--mount", command, ...args]];
}

/** mmdebstrap's own steps ("I: downloading …") as they come. */
function reportProgress(name: string, say: Say): (data: Buffer) => void {
  return (data) => {
    for (const [, step] of data.toString().matchAll(/^I: (downloading|extracting|installing) (.*)$/gm)) {
      say(`lab:   ${name}: ${step} …`);
    }
  };
}

/** Puts a new root in place. An old one goes aside first, and is removed unless a lab still runs in it. */
function replace(root: string, next: string): void {
  if (existsSync(root)) {
    const ownDialplan = `${root}/lab/extensions.d`;
    if (existsSync(ownDialplan)) renameSync(ownDialplan, `${next}/lab/extensions.d`);
    const aside = `${root}.old-${Date.now()}`;
    renameSync(root, aside);
    if (!hasLivingRun(aside)) rmSync(aside, { recursive: true, force: true });
  }
  renameSync(next, root);
}

function hasLivingRun(root: string): boolean {
  if (!existsSync(`${root}/lab`)) return false;
  return readdirSync(`${root}/lab`).some((entry) => ownerOf(entry) > 0 && isAlive(ownerOf(entry)));
}

function removeLeftovers(name: string): void {
  for (const entry of readdirSync(folder(ROOTS))) {
    const path = `${ROOTS}/${entry}`;
    const stale = entry.startsWith(`${name}.partial-`) || entry.startsWith(`${name}.old-`);
    if (stale && !hasLivingRun(path)) rmSync(path, { recursive: true, force: true });
  }
}
