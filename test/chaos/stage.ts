import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { parse } from "yaml";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import type { ImapLab } from "../../lab/imap.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import type { Server } from "../../lab/processes.ts";
import type { RedisLab } from "../../lab/redis.ts";
import type { Told } from "./callers.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";
import { Tape } from "./tape.ts";

/** Mailboxes whose callers may review what they said. */
export const REVIEW = ["1061", "1080"] as const;
/** An extension that leaves a message for both of these. */
export const BOTH = { extension: "both", boxes: ["1091", "1092"] } as const;
const CONTEXT = "default";
/** A dead worker's jobs are run again soon, so that a run need not wait for minutes. */
const STALLED_SECONDS = 3;
/** Shorter than an administrator would set it, so that a run need not wait, and no shorter than other programs promise to see. */
const WATCHDOG_SECONDS = 9;

/** Real servers, a proxy in front of each, and two programs that share them. */
export interface Stage {
  readonly lab: Lab;
  readonly asterisk: AsteriskLab;
  readonly imap: ImapLab;
  readonly redis: RedisLab;
  /** Straight to it, whatever the proxies do. */
  readonly commands: Redis;
  readonly lines: { readonly ari: TcpProxy; readonly imap: TcpProxy; readonly redis: TcpProxy };
  /** `a` is tried first by every call; `b` gets the calls that `a` does not take, and its share of the jobs. */
  readonly programs: { readonly a: Server; readonly b: Server };
  readonly tape: Tape;
  /** Asterisk's: how often it was full, and what ends that now. */
  readonly disk: { times: number; giveSpace: (() => Promise<void>) | undefined };
  /** Every call that was made here, in this run or one before. */
  readonly calls: Told[];
  /** A number that no caller had. */
  nextCaller(): number;
  /** Folders of the programs' own files. */
  readonly data: readonly string[];
  /** What every mailbox may hold, as Dovecot writes sizes. */
  setQuota(size: string): void;
  close(): Promise<void>;
}

/** Undefined, with the reason, where there is no Asterisk. */
export async function startStage({ keep = false } = {}): Promise<Stage | { missing: string }> {
  const lab = await startLab({ instances: ["a", "b"], keep });
  const { asterisk, imap, redis } = lab;
  if (!asterisk || !imap || !redis) {
    await lab.stop();
    return { missing: lab.asteriskMissing ?? "no servers" };
  }
  try {
    return await furnish(lab, { asterisk, imap, redis });
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

async function furnish(lab: Lab, servers: Pick<Stage, "asterisk" | "imap" | "redis">): Promise<Stage> {
  const { asterisk, imap, redis } = servers;
  writeFileSync(`${asterisk.spool}/../etc/voxpost/chaos.conf`, DIALPLAN);
  await asterisk.console("dialplan reload");
  const mailConfig = join(lab.folder, "dovecot", "dovecot.conf");
  const unlimited = readFileSync(mailConfig, "utf8");
  const setQuota = (size: string) => writeFileSync(mailConfig, unlimited + quota(size));
  setQuota("1G");
  await imap.restart();
  const [ari, mail, queue] = await Promise.all([
    startProxy(lab.ports.ari),
    startProxy(imap.port),
    startProxy(lab.ports.redis),
  ]);
  const lines = { ari, imap: mail, redis: queue };
  const configure = (instance: string) => {
    const path = lab.writeConfiguration({ instance });
    const plain = parse(readFileSync(path, "utf8"));
    const overrides = {
      asterisk: [{ ...plain.asterisk[0], url: `http://127.0.0.1:${ari.port}` }],
      redis: { url: `redis://127.0.0.1:${queue.port}` },
      storage: { ...plain.storage, port: mail.port, max_watched: 0, idle_ms: 2_000 },
      sweep: { every: 1 },
      workers: { stalled: STALLED_SECONDS },
      contexts: {
        [CONTEXT]: {
          mailboxes: {
            "1001-1060": {},
            [`${REVIEW[0]}-${REVIEW[1]}`]: { review: true, operator: true, exitcontext: "chaos-exits" },
            "1081-1100": {},
          },
        },
      },
    };
    return lab.writeConfiguration({ instance, overrides });
  };
  const [a, b] = await Promise.all([lab.startApp(configure("a"), "a"), lab.startApp(configure("b"), "b")]);
  const tape = new Tape(asterisk.recordings, join(asterisk.spool, "..", "tape"));
  const commands = new Redis(lab.ports.redis, "127.0.0.1", { maxRetriesPerRequest: 1 });
  commands.on("error", () => {});
  let callers = 0;
  return {
    lab,
    asterisk,
    imap,
    redis,
    commands,
    lines,
    programs: { a, b },
    tape,
    disk: { times: 0, giveSpace: undefined },
    calls: [],
    nextCaller: () => callers++,
    data: ["a", "b"].map((instance) => join(lab.folder, `${instance}-data`)),
    setQuota(size) {
      setQuota(size);
      process.kill(imap.pid, "SIGHUP");
    },
    async close() {
      tape.stop();
      commands.disconnect();
      await lab.stop();
      await Promise.all(Object.values(lines).map((line) => line.close()));
    },
  };
}

const DIALPLAN = `
[globals](+)
VOXPOST_WATCHDOG=${WATCHDOG_SECONDS}

[lab](+)
exten => ${BOTH.extension},1,Gosub(voxpost,deposit,1(${BOTH.boxes.map((box) => `${box}@${CONTEXT}`).join("&")},u))
 same => n,Hangup()

[chaos-exits]
exten => o,1,Hangup()
`;

const quota = (size: string) => `
mail_plugins = quota
plugin {
  quota = maildir:Voicemail
  quota_rule = *:storage=${size}
}
`;
