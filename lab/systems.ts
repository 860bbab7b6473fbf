import { execa } from "execa";
import { canUnpackSystems } from "./debian.ts";
import { provision, type Say } from "./provision.ts";
import type { Recipe } from "./recipes.ts";

/** Where a server's program is: `root` is an unpacked system, or undefined for a program that this machine has. */
export interface System {
  root: string | undefined;
}

const OLDEST_ASTERISK = 18;

/**
 * Provides Asterisk: unpacked where that is possible, else this machine's own if it is recent enough.
 * Resolves with the reason, for a person to read, when there is none.
 */
export async function findAsterisk(say: Say): Promise<System | { missing: string }> {
  const unpacked = await tryToUnpack("asterisk", say);
  if (unpacked) return unpacked;
  const version = await installedVersion("asterisk", ["-V"], /Asterisk (?:certified\/)?(\d+)/);
  if (version === undefined) return { missing: "there is no Asterisk on this machine" };
  if (version < OLDEST_ASTERISK) {
    return { missing: `this machine's Asterisk ${version} is older than ${OLDEST_ASTERISK}` };
  }
  say(`lab: using this machine's Asterisk ${version}, with a configuration of the lab's own`);
  return { root: undefined };
}

/** Provides Redis and Dovecot, or one of them. Rejects, saying what to install, when there is no way. */
export async function findServices(
  say: Say,
  needed: readonly ("redis" | "dovecot")[] = ["redis", "dovecot"],
): Promise<System> {
  const unpacked = await tryToUnpack("services", say);
  if (unpacked) return unpacked;
  if (needed.includes("redis")) {
    const redis = await installedVersion("redis-server", ["--version"], /v=(\d+)/);
    if (redis === undefined || redis < 5)
      throw new Error("the lab needs Redis 5 or newer: install redis-server");
  }
  if (needed.includes("dovecot")) {
    const dovecot = await installedVersion("dovecot", ["--version"], /^2\.(\d+)/);
    if (dovecot !== 3) throw new Error("the lab needs Dovecot 2.3: install dovecot-imapd of Debian 12");
  }
  return { root: undefined };
}

/** Provides Cyrus, which exists as an unpacked system only. */
export async function findCyrus(say: Say): Promise<System> {
  const unpacked = await tryToUnpack("cyrus", say);
  if (!unpacked) throw new Error("the lab runs Cyrus only as root on Debian; use --imap dovecot");
  return unpacked;
}

/** Provides PostgreSQL. Rejects, saying what to install, when there is no way. */
export async function findPostgres(say: Say): Promise<System> {
  const unpacked = await tryToUnpack("postgres", say);
  if (unpacked) return unpacked;
  const version = await installedVersion("postgres", ["--version"], /PostgreSQL\) (\d+)/);
  if (version === undefined || process.getuid?.() === 0) {
    throw new Error(
      "the lab runs PostgreSQL as root on Debian, or as another user with postgres in the PATH",
    );
  }
  return { root: undefined };
}

/** Provides the peer: an Asterisk with app_voicemail on IMAP, which exists as an unpacked system only. */
export async function findPeer(say: Say): Promise<System> {
  const unpacked = await tryToUnpack("peer", say);
  if (!unpacked) throw new Error("the lab runs app_voicemail only as root on Debian");
  return unpacked;
}

async function tryToUnpack(name: Recipe["name"], say: Say): Promise<System | undefined> {
  if (!canUnpackSystems() || process.env.VOXPOST_LAB_SYSTEM === "installed") return undefined;
  try {
    return { root: await provision(name, say) };
  } catch (error) {
    say(`lab: ${(error as Error).message}`);
    return undefined;
  }
}

async function installedVersion(
  program: string,
  args: string[],
  pattern: RegExp,
): Promise<number | undefined> {
  const path = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
  const result = await execa(program, args, { reject: false, env: { PATH: path } });
  const version = result.failed ? undefined : pattern.exec(result.stdout)?.[1];
  return version === undefined ? undefined : Number(version);
}
