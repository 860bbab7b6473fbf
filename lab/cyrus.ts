import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { execa } from "execa";
import { greets, type ImapLab } from "./imap.ts";
import { ImapLines } from "./imap-lines.ts";
import { MAILBOXES, mailboxNumbers } from "./mailboxes.ts";
import { folder } from "./paths.ts";
import type { Ports } from "./ports.ts";
import { startServer } from "./processes.ts";
import type { Place, RunFolder } from "./run-folder.ts";

const REALM = "localhost";

/**
 * Starts Cyrus 3.6 with an account and an INBOX per mailbox number, whose password is the PIN, and a proxy user `voxpost` that acts for
 * every account by SASL PLAIN's authorization identity.
 */
export async function startCyrus(
  run: RunFolder,
  root: string | undefined,
  ports: Ports,
  proxyPassword: string,
): Promise<ImapLab> {
  const place = run.place("cyrus", root);
  const admin = randomBytes(12).toString("hex");
  // idled tells imapd processes of changes through sockets that they make in config/socket, and is deaf without that folder.
  for (const each of ["config/socket", "mail", "socket", "proc", "lock"]) folder(`${place.outside}/${each}`);
  writeFileSync(`${place.outside}/imapd.conf`, imapdConfiguration(place.inside));
  writeFileSync(`${place.outside}/cyrus.conf`, masterConfiguration(place.inside, ports));
  await makeAccounts(place, admin, proxyPassword);
  const server = await startServer({
    name: "cyrus",
    ...place.command("cyrmaster", [
      ...["-D", "-C", `${place.inside}/imapd.conf`, "-M", `${place.inside}/cyrus.conf`],
      ...["-p", `${place.inside}/master.pid`],
    ]),
    log: `${run.logs}/cyrus.log`,
    readyWithinMs: 20_000,
    isReady: () => greets(ports.imap),
  });
  try {
    await makeMailboxes(ports.imap, admin);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return Object.assign(server, {
    kind: "cyrus" as const,
    host: "127.0.0.1",
    port: ports.imap,
    changePin: undefined,
    tls: undefined,
    proxy: { user: "voxpost", password: proxyPassword },
  });
}

/** Passwords go in over standard input, never on a command line. */
async function makeAccounts(place: Place, admin: string, proxyPassword: string): Promise<void> {
  const accounts: [string, string][] = [
    ["cyrus", admin],
    ["voxpost", proxyPassword],
    ...mailboxNumbers().map((number): [string, string] => [number, MAILBOXES.pin]),
  ];
  const script = `while read -r user password; do
    printf '%s' "$password" | saslpasswd2 -p -c -u ${REALM} -f "${place.inside}/sasldb2" "$user" || exit 1
  done
  chown -R cyrus:mail "${place.inside}"`;
  const { command, args, env } = place.command("sh", ["-c", script]);
  const input = accounts.map((account) => account.join(" ")).join("\n");
  await execa(command, args, { env, extendEnv: false, input: `${input}\n`, timeout: 30_000 });
}

async function makeMailboxes(port: number, admin: string): Promise<void> {
  const imap = await ImapLines.connect(port);
  await imap.command(`LOGIN cyrus ${admin}`);
  for (const number of mailboxNumbers()) {
    await imap.command(`CREATE user/${number}`);
    await imap.command(`CREATE user/${number}/Trash`);
  }
  imap.close();
}

function imapdConfiguration(dir: string): string {
  return `
configdirectory: ${dir}/config
proc_path: ${dir}/proc
mboxname_lockpath: ${dir}/lock
defaultpartition: default
partition-default: ${dir}/mail
idlesocket: ${dir}/socket/idle
lmtpsocket: ${dir}/socket/lmtp
notifysocket: ${dir}/socket/notify
servername: ${REALM}
altnamespace: yes
unixhierarchysep: yes
hashimapspool: true
allowplaintext: yes
admins: cyrus
proxyservers: voxpost
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${dir}/sasldb2
sasl_mech_list: PLAIN LOGIN
xlist-trash: Trash
umask: 077
`.trimStart();
}

function masterConfiguration(dir: string, ports: Ports): string {
  return `
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C ${dir}/imapd.conf -r"
  idled cmd="idled -C ${dir}/imapd.conf"
}
SERVICES {
  imap cmd="imapd -C ${dir}/imapd.conf" listen="127.0.0.1:${ports.imap}" prefork=2 maxchild=500
}
EVENTS {
  checkpoint cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C ${dir}/imapd.conf -c" period=30
}
`.trimStart();
}
