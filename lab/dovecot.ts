import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { execa, execaSync } from "execa";
import { greets, type ImapLab } from "./imap.ts";
import { MAILBOXES, mailboxNumbers } from "./mailboxes.ts";
import { folder } from "./paths.ts";
import type { Ports } from "./ports.ts";
import { startServer } from "./processes.ts";
import type { Place, RunFolder } from "./run-folder.ts";

/** Loopback too, but another address: Dovecot decides by address whether it offers TLS. */
const TLS_HOST = "127.0.0.2";

/** Arguments: the file of accounts and the mailbox; the PIN comes on standard input, and is on no command line here either. */
const CHANGE_PIN = 'read -r pin; printf "s/^%s:[^:]*/%s:{PLAIN}%s/" "$1" "$1" "$pin" | sed -i -f - "$0"';

/**
 * Starts Dovecot 2.3 with an account per mailbox number, whose password is the PIN, and a master user `voxpost` that acts for
 * every account by SASL PLAIN's authorization identity. Mail lies as Maildir under `<outside>/mail/<number>`.
 */
export async function startDovecot(
  run: RunFolder,
  root: string | undefined,
  ports: Ports,
  proxyPassword: string,
): Promise<ImapLab> {
  const place = run.place("dovecot", root);
  const tls = await makeCertificate(place);
  for (const each of ["run", "state"]) folder(`${place.outside}/${each}`);
  // The mail processes run as the user `mail`, who must be able to make the accounts' folders.
  await execa("sh", [
    "-c",
    `mkdir -p "${place.outside}/mail" && chown 8:8 "${place.outside}/mail" 2>/dev/null || true`,
  ]);
  const accounts = mailboxNumbers().map((number) => `${number}:{PLAIN}${MAILBOXES.pin}::::::`);
  writeFileSync(`${place.outside}/accounts`, `${accounts.join("\n")}\n`, { mode: 0o644 });
  writeFileSync(`${place.outside}/masters`, `voxpost:{PLAIN}${proxyPassword}\n`, { mode: 0o644 });
  writeFileSync(`${place.outside}/dovecot.conf`, configuration(place.inside, ports, tls));
  const server = await startServer({
    name: "dovecot",
    ...place.command("dovecot", ["-F", "-c", `${place.inside}/dovecot.conf`]),
    log: `${run.logs}/dovecot.log`,
    readyWithinMs: 20_000,
    isReady: () => greets(ports.imap),
  });
  return Object.assign(server, {
    kind: "dovecot" as const,
    host: "127.0.0.1",
    port: ports.imap,
    tls: tls ? { host: TLS_HOST, port: ports.imaps, startTlsPort: ports.imap } : undefined,
    proxy: { user: "voxpost", password: proxyPassword },
    changePin: ["sh", "-c", CHANGE_PIN, `${place.outside}/accounts`],
  });
}

async function makeCertificate(place: Place): Promise<boolean> {
  const { failed } = await execa(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=localhost"],
      ...["-addext", `subjectAltName=IP:${TLS_HOST},DNS:localhost`],
      ...["-keyout", `${place.outside}/key.pem`, "-out", `${place.outside}/cert.pem`],
    ],
    { reject: false },
  );
  return !failed;
}

function configuration(dir: string, ports: Ports, tls: boolean): string {
  const { uid, gid } = userInfo();
  const [owner, group] = uid === 0 ? ["mail", "mail"] : [uid, gid];
  // Without root Dovecot can neither change users nor enter empty folders.
  const unprivileged =
    uid === 0
      ? ""
      : `default_internal_user = ${userInfo().username}
default_internal_group = ${execaSync("id", ["-gn"]).stdout}
default_login_user = ${userInfo().username}
${["anvil", "imap-login", "stats"].map((name) => `service ${name} {\n  chroot =\n}`).join("\n")}`;
  return `
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = /dev/stderr
protocols = imap
ssl = ${tls ? `yes\nssl_cert = <${dir}/cert.pem\nssl_key = <${dir}/key.pem` : "no"}
# Without STARTTLS here, so that every mail client gets in without being asked about the certificate.
local 127.0.0.1 {
  ssl = no
}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:${dir}/mail/%u
mail_max_userip_connections = 500
# The default, 30 s, counts where a user's inotify instances have run out, which all labs of this machine share.
mailbox_idle_check_interval = 1 s
namespace inbox {
  inbox = yes
  mailbox Trash {
    special_use = \\Trash
    auto = subscribe
  }
}
passdb {
  driver = passwd-file
  args = ${dir}/masters
  master = yes
  result_success = continue
}
passdb {
  driver = passwd-file
  args = ${dir}/accounts
}
userdb {
  driver = static
  args = uid=${owner} gid=${group} home=${dir}/mail/%u
}
${unprivileged}
service imap-login {
  service_count = 0
  process_min_avail = 1
  client_limit = 2000
  inet_listener imap {
    address = 127.0.0.1 ${TLS_HOST}
    port = ${ports.imap}
  }
  inet_listener imaps {
    address = ${TLS_HOST}
    port = ${tls ? ports.imaps : 0}
  }
}
service imap {
  process_limit = 2000
  service_count = 200
}
# Dovecot slows down an address after wrong passwords, and every caller of Voxpost comes from one address.
service anvil {
  client_limit = 5000
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  client_limit = 5000
}
`;
}
