import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "../../src/log.ts";
import { FOLDERS } from "../../src/model/folder.ts";
import { formatMailbox } from "../../src/model/mailbox.ts";
import { type SimulatedProgram, startSimulatedProgram } from "../asterisk/program.ts";
import { samples } from "../asterisk/wav.ts";

/** A message in a mailbox. */
export interface Stored {
  readonly mailbox: string;
  readonly folder: string;
  readonly id: string;
  readonly words: Buffer;
  /** Whose call it was and when: the same in a message that was forwarded. */
  readonly origin: string;
}

export interface Site extends SimulatedProgram {
  /** Lines of the program's log at level error and above. */
  readonly errors: readonly string[];
  stored(): Promise<Stored[]>;
  /** What calls left behind and should not have. */
  leftovers(): string[];
}

const ANYWHERE = { dialout: "exits", dialout_allow: ["_X."], callback: "exits", callback_allow: ["_X."] };
const EXIT = { exitcontext: "exits" };
const MAILBOXES = {
  "1001": { pin: "4711", name: "Ann Able", sendvoicemail: true, ...ANYWHERE },
  "1002": {
    pin: "4712",
    name: "Bob Baker",
    review: true,
    operator: true,
    ...EXIT,
    sendvoicemail: true,
    usedirectory: true,
  },
  "1003": { pin: "1003", name: "Cid Cook", operator: true, ...EXIT, nextaftercmd: true, forcename: true },
  "1004": {
    pin: "4714",
    name: "Dan Dole",
    saycid: true,
    maxmsg: 3,
    messagewrap: true,
    minpassword: 4,
    ...ANYWHERE,
  },
  "1005": { pin: "4715", name: "Eve Earl", maxmsg: 0 },
};

/** A program with mailboxes of every kind, on a simulated Asterisk. */
export async function startSite(redis: string): Promise<Site> {
  const errors: string[] = [];
  const log = createLogger(process.env.VOXPOST_TEST_LOG ?? "info", {
    write(line) {
      if ((JSON.parse(line) as { level: number }).level >= 50) errors.push(line);
      if (process.env.VOXPOST_TEST_LOG) process.stderr.write(line);
    },
  });
  const program = await startSimulatedProgram({ redis, mailboxes: MAILBOXES, log, quietMs: 1 });
  const { asterisk, config, engine } = program;
  for (const extension of ["o", "a", "5551234", "12345", "1001", "1002", "1003"]) {
    asterisk.site.set(`exits/${extension}`, (line) => line.playback("auth-thankyou"));
  }
  asterisk.sounds.missing.add("nowhere");
  return {
    ...program,
    errors,
    async stored() {
      const all: Stored[] = [];
      for (const mailbox of Object.keys(MAILBOXES)) {
        const address = { mailbox, context: "default" };
        for (const folder of FOLDERS) {
          const { entries } = await engine.list(address, folder, { view: "all", limit: 10_000 });
          for (const { ref, envelope } of entries) {
            const chunks: Buffer[] = [];
            for (const { stream } of await engine.read(ref)) {
              if (chunks.length > 0) stream.destroy();
              else for await (const chunk of stream) chunks.push(Buffer.from(chunk));
            }
            const { id, caller, receivedAt, callId } = envelope;
            const origin = `${caller.number} ${receivedAt.getTime()} ${callId}`;
            all.push({
              mailbox: formatMailbox(address),
              folder,
              id,
              origin,
              words: samples(Buffer.concat(chunks)),
            });
          }
        }
      }
      return all;
    },
    leftovers: () => [
      ...[...asterisk.channels.keys()].map((id) => `channel ${id}`),
      ...[...asterisk.playbacks.keys()].map((id) => `playback ${id}`),
      ...[...asterisk.recordings.keys()].map((name) => `live recording ${name}`),
      ...[...asterisk.bridges].filter((id) => id !== "voxpost-lab-forget").map((id) => `bridge ${id}`),
      ...asterisk.spool.list().map(({ name }) => `recording ${name}`),
      ...[...asterisk.sounds.cache]
        .filter((url) => !/\/(sounds|silence)\//.test(url))
        .map((url) => `copy of ${url}`),
      ...["calls", "deliveries"].flatMap((folder) => filesIn(join(config.data, folder))),
    ],
  };
}

function filesIn(folder: string): string[] {
  const found = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  return found.map((file) => `file ${folder}/${file}`);
}
