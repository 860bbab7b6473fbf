import { MAILBOXES, TRUNK } from "./mailboxes.ts";

/**
 * The lab's dialplan. Every phone and every caller from outside arrives in `[lab]`; `[default]` is included, so that a file in
 * the folder of one's own entries may use either.
 */
export function dialplan(paths: { administrator: string; own: string; instances: string[] }): string {
  const { context } = MAILBOXES;
  const deposit = (pattern: string) =>
    `exten => ${pattern},1,Gosub(voxpost,deposit,1(\${EXTEN}@${context},u))\n same => n,Hangup()`;
  return `; Generated for one run of the lab.
[globals]
VOXPOST_INSTANCES=${paths.instances.map((name) => `voxpost-${name}`).join("&")}

[lab]
${["_100[1-9]", "_10[1-9]X", "1100"].map(deposit).join("\n")}
; asks for mailbox and PIN
exten => *98,1,Gosub(voxpost,retrieve,1(@${context},))
 same => n,Hangup()
; the caller's own mailbox, PIN only: whose phone it is tells the endpoint, not the caller id, which anyone may write
exten => *97,1,Gosub(voxpost,retrieve,1(\${CHANNEL(endpoint)}@${context},))
 same => n,Hangup()
; for trying out a phone: repeats what it hears
exten => *96,1,Answer()
 same => n,Playback(beep)
 same => n,Echo()
include => default

[default]

#include "${paths.administrator}/*.conf"
#include "${paths.own}/*.conf"
`;
}

/** Endpoints for the mailbox numbers, for \`trunk\`, and for unknown callers; all on UDP. */
export function sipConfiguration(port: number, numbers: string[], password: string): string {
  const phones = numbers.map(
    (number) => `
[${number}](phone)
auth=${number}
aors=${number}
mailboxes=${number}@${MAILBOXES.context}
[${number}](login)
username=${number}
[${number}](registration)
mailboxes=${number}@${MAILBOXES.context}`,
  );
  return `
[global]
type=global
endpoint_identifier_order=auth_username,username,ip,anonymous
user_agent=Voxpost lab

[udp]
type=transport
protocol=udp
bind=127.0.0.1:${port}

[line](!)
type=endpoint
transport=udp
context=lab
disallow=all
allow=ulaw,alaw
dtmf_mode=rfc4733
direct_media=no
; RTP listens on loopback only
media_address=127.0.0.1
bind_rtp_to_media_address=yes
; as for callers from outside: the lab believes what From or P-Asserted-Identity says
trust_id_inbound=yes

[phone](!,line)
mwi_subscribe_replaces_unsolicited=yes

[login](!)
type=auth
auth_type=userpass
password=${password}

[registration](!)
type=aor
max_contacts=5
remove_existing=yes
minimum_expiration=5

[${TRUNK}](phone)
auth=${TRUNK}
aors=${TRUNK}
[${TRUNK}](login)
username=${TRUNK}
[${TRUNK}](registration)

[anonymous](line)
${phones.join("\n")}
`;
}
