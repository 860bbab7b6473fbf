import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { ImapFlow } from "imapflow";
import { type Lab, startLab } from "../../lab/lab.ts";
import { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { imapOptions } from "../../src/storage/engines/imap/options.ts";
import { recordingLog } from "./samples.ts";

export const PIN = "471147";
const ACCOUNTS = 400;

/**
 * The largest message of the contract fits, one half as large again does not. Dovecot tells watchers at once by inotify, and by
 * looking where a machine's inotify instances are used up.
 */
const SETTINGS = `
mailbox_idle_check_interval = 1s
mail_plugins = quota
protocol imap {
  mail_plugins = quota imap_quota
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=40M
}
`;

/** A real Dovecot with as many fresh accounts as tests want: `<mailbox>-<context>`, all with one PIN. */
export interface ImapServer {
  readonly lab: Lab;
  readonly port: number;
  readonly proxy: { user: string; password: string };
  /** A number of which no account was used yet; followed by 0 it is another such number. */
  freshNumber(): string;
  /** Engine options for this server; `over` replaces top-level ones. */
  tree(over?: Record<string, unknown>): Record<string, unknown>;
  engine(over?: Record<string, unknown>): Promise<ImapEngine>;
  /** A mail client of the owner's, logged in, for a look from outside. The caller logs out. */
  client(user: string): Promise<ImapFlow>;
  stop(): Promise<void>;
}

export async function startImapServer(): Promise<ImapServer> {
  const lab = await startLab({ servers: ["imap"] });
  const { imap } = lab;
  if (!imap) throw new Error("the lab has no IMAP server");
  addAccounts(`${lab.folder}/dovecot/accounts`);
  appendFileSync(`${lab.folder}/dovecot/dovecot.conf`, SETTINGS);
  await imap.restart();
  let used = 0;
  const tree = (over: Record<string, unknown> = {}) => ({
    engine: "imap",
    host: imap.host,
    port: imap.port,
    tls: "none",
    user: "{mailbox}-{context}",
    proxy: imap.proxy,
    domain: "pbx.example.org",
    ...over,
  });
  return {
    lab,
    port: imap.port,
    proxy: imap.proxy,
    freshNumber: () => `7${String(used++).padStart(3, "0")}`,
    tree,
    async engine(over) {
      const engine = new ImapEngine(imapOptions.parse(tree(over)), {
        log: recordingLog().log,
        path: (file) => file,
      });
      await engine.open();
      return engine;
    },
    async client(user) {
      const client = new ImapFlow({
        host: imap.host,
        port: imap.port,
        secure: false,
        doSTARTTLS: false,
        auth: { user, pass: PIN },
        logger: false,
        disableAutoIdle: true,
      });
      client.on("error", () => {});
      await client.connect();
      return client;
    },
    stop: () => lab.stop(),
  };
}

/** Dovecot reads its file of accounts again when it has changed. */
function addAccounts(file: string): void {
  const numbers = Array.from({ length: ACCOUNTS }, (_, index) => `7${String(index).padStart(3, "0")}`);
  const users = numbers.flatMap((number) => [`${number}-default`, `${number}0-default`, `${number}-sales`]);
  const lines = users.map((user) => `${user}:{PLAIN}${PIN}::::::`);
  writeFileSync(file, `${readFileSync(file, "utf8")}${lines.join("\n")}\n`);
}
