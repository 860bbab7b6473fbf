import { writeFileSync } from "node:fs";
import { execa } from "execa";
import { directories } from "./asterisk-config.ts";
import { sipConfiguration } from "./asterisk-dialplan.ts";
import type { ImapLab } from "./imap.ts";
import { MAILBOXES, mailboxNumbers, PHONE_PASSWORD } from "./mailboxes.ts";
import { folder } from "./paths.ts";
import { type Ports, takePorts } from "./ports.ts";
import { type Server, startServer } from "./processes.ts";
import type { Say } from "./provision.ts";
import { makeRunFolder, type Place } from "./run-folder.ts";
import { findPeer } from "./systems.ts";

/** A real app_voicemail on the lab's mail accounts. What is dialled: a mailbox number, `*98` or `*97` as in the lab. */
export interface PeerLab extends Server {
  sip: { host: string; port: number };
  /** Dialled before a mailbox number: the message is urgent. */
  urgent: string;
}

const URGENT = "*1";

/** What would fail here: other voicemails, databases, hardware, and SIP's older half on our port. */
const NOT_LOADED = [
  "chan_sip",
  "chan_iax2",
  "chan_mgcp",
  "chan_skinny",
  "chan_unistim",
  "chan_oss",
  "chan_alsa",
]
  .concat(["chan_console", "chan_motif", "pbx_ael", "pbx_dundi", "pbx_lua", "res_phoneprov", "res_hep"])
  .concat(["app_queue", "app_minivm", "res_config_ldap", "res_config_pgsql", "res_odbc", "res_corosync"]);

/**
 * Starts Asterisk 16 with app_voicemail, whose messages lie in the accounts of `imap`. It is a lab of its own beside the one that
 * `imap` belongs to; its `stop` leaves nothing behind. Needs root on Debian, and 400 MB for the first time.
 */
export async function startPeer(imap: ImapLab, say: Say = () => {}): Promise<PeerLab> {
  const { root } = await findPeer(say);
  const run = makeRunFolder();
  const { ports, release } = await takePorts();
  const place = run.place("peer", root);
  writeConfiguration(place, ports, imap);
  const config = `${place.inside}/etc/asterisk.conf`;
  const isReady = async () => {
    const { command, args, env } = place.command("asterisk", ["-C", config, "-rx", "core waitfullybooted"]);
    const { stdout } = await execa(command, args, { env, extendEnv: false, timeout: 10_000 });
    return stdout.includes("fully booted");
  };
  const server = await startServer({
    name: "peer",
    ...place.command("asterisk", ["-C", config, "-f", "-n"]),
    log: `${run.logs}/peer.log`,
    moreLogs: [`${place.outside}/log/full`],
    readyWithinMs: 60_000,
    isReady,
  });
  const { stop: stopServer } = server;
  const stop = async () => {
    await stopServer();
    run.remove();
    release();
  };
  return Object.assign(server, { stop, sip: { host: "127.0.0.1", port: ports.sip }, urgent: URGENT });
}

function writeConfiguration(place: Place, ports: Ports, imap: ImapLab): void {
  const etc = folder(`${place.outside}/etc`);
  for (const each of ["spool/voicemail", "run", "db/keys", "cache", "log"])
    folder(`${place.outside}/${each}`);
  const write = (name: string, text: string) => writeFileSync(`${etc}/${name}.conf`, `${text.trim()}\n`);
  write("asterisk", directories(place));
  write("modules", `[modules]\nautoload=yes\n${NOT_LOADED.map((name) => `noload=${name}.so`).join("\n")}`);
  write("logger", "[logfiles]\nfull => notice,warning,error,verbose(3)");
  write("rtp", "[general]\nrtpstart=10000\nrtpend=20000");
  write("pjsip", sipConfiguration(ports.sip, mailboxNumbers(), PHONE_PASSWORD));
  write("extensions", dialplan());
  write("voicemail", voicemail(imap));
}

function dialplan(): string {
  const { context } = MAILBOXES;
  return `
[lab]
exten => _1XXX,1,VoiceMail(\${EXTEN}@${context},s)
 same => n,Hangup()
exten => _${URGENT}1XXX,1,VoiceMail(\${EXTEN:${URGENT.length}}@${context},sU)
 same => n,Hangup()
exten => *98,1,VoiceMailMain(@${context})
exten => *97,1,VoiceMailMain(\${CHANNEL(endpoint)}@${context})
[default]
`;
}

/** The master user acts for every account, as Voxpost does. */
function voicemail({ host, port, proxy }: ImapLab): string {
  const boxes = mailboxNumbers().map(
    (number) => `${number} => ${MAILBOXES.pin},User ${number},,,imapuser=${number}`,
  );
  return `
[general]
format=wav
minsecs=0
maxsilence=0
imapserver=${host}
imapport=${port}
imapflags=notls
authuser=${proxy.user}
authpassword=${proxy.password}
[${MAILBOXES.context}]
${boxes.join("\n")}
`;
}
