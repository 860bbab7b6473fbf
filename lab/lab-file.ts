import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Lab } from "./lab.ts";
import { isAlive } from "./lock.ts";
import { LAB } from "./paths.ts";

/** Where tools find the lab that runs. */
export const LAB_FILE = `${LAB}/lab.json`;

/** What `.lab/lab.json` says: the endpoints of the lab that was started last. */
export interface LabFile {
  sip: { host: string; port: number };
  /** `deposit` is any mailbox number; `retrieve` asks for mailbox and PIN, `own` for the PIN of the phone's own mailbox. */
  extensions: { deposit: string; retrieve: string; own: string };
  mailboxes: { context: string; first: number; last: number; pin: string };
  ari: { url: string; user: string; password: string };
  ami: { host: string; port: number; user: string; password: string };
  /** The user is the mailbox number. */
  imap: { host: string; port: number; password: string };
  redis: { url: string };
  /** Folder whose `*.conf` the dialplan includes. */
  dialplan: string;
  /** Folder of the servers' and the program's logs. */
  logs: string;
  /** Processes by name. */
  pids: Record<string, number>;
}

/** Writes `.lab/lab.json` for a complete lab, at once and readable for its owner only; returns what it wrote. */
export function writeLabFile(lab: Lab): LabFile {
  const { asterisk, redis, imap } = lab;
  if (!asterisk || !redis || !imap)
    throw new Error("only a lab with Asterisk, Redis and IMAP has a lab.json");
  const content: LabFile = {
    sip: asterisk.sip,
    extensions: { ...lab.extensions },
    mailboxes: { ...lab.mailboxes },
    ari: asterisk.ari,
    ami: asterisk.ami,
    imap: { host: imap.host, port: imap.port, password: lab.mailboxes.pin },
    redis: { url: redis.url },
    dialplan: asterisk.dialplan,
    logs: lab.logs,
    pids: lab.pids(),
  };
  const unfinished = `${LAB_FILE}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, LAB_FILE);
  return content;
}

/** Reads `.lab/lab.json`; throws with a remedy when no lab runs. */
export function readLabFile(): LabFile {
  try {
    return JSON.parse(readFileSync(LAB_FILE, "utf8")) as LabFile;
  } catch {
    throw new Error("no lab is running: start one with `npm run lab` in another terminal");
  }
}

/** Removes the file of a lab that was killed: none of its processes is alive. */
export function removeStaleLabFile(): void {
  try {
    if (!Object.values(readLabFile().pids).some(isAlive)) rmSync(LAB_FILE);
  } catch {
    // None there.
  }
}

/** Removes it, unless another lab has written its own since. */
export function removeLabFile(written: LabFile): void {
  try {
    if (readLabFile().logs === written.logs) rmSync(LAB_FILE);
  } catch {
    // Gone already.
  }
}
