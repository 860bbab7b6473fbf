import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dialplan, sipConfiguration } from "./asterisk-dialplan.ts";
import { mailboxNumbers, PHONE_PASSWORD } from "./mailboxes.ts";
import { folder, PROJECT } from "./paths.ts";
import type { Ports } from "./ports.ts";
import type { Place } from "./run-folder.ts";

export interface AsteriskSecrets {
  ari: string;
  ami: string;
}

/** Modules that are not for a lab: another voicemail, databases, line hardware, calendars. */
const NOT_LOADED = [
  ...["app_voicemail", "app_voicemail_odbc", "app_voicemail_imap", "app_jack", "app_queue", "app_festival"],
  ...["cdr_adaptive_odbc", "cdr_csv", "cdr_custom", "cdr_manager", "cdr_odbc", "cdr_pgsql", "cdr_radius"],
  ...["cdr_sqlite3_custom", "cdr_tds", "cel_custom", "cel_manager", "cel_odbc", "cel_pgsql", "cel_radius"],
  ...["cel_sqlite3_custom", "cel_tds", "chan_alsa", "chan_console", "chan_dahdi", "chan_iax2", "chan_mgcp"],
  ...[
    "chan_motif",
    "chan_oss",
    "chan_sip",
    "chan_skinny",
    "chan_unistim",
    "func_odbc",
    "pbx_ael",
    "pbx_dundi",
  ],
  ...["pbx_lua", "pbx_realtime", "res_ael_share", "res_calendar", "res_calendar_caldav", "res_calendar_ews"],
  ...[
    "res_calendar_exchange",
    "res_calendar_icalendar",
    "res_config_curl",
    "res_config_ldap",
    "res_config_odbc",
  ],
  ...["res_config_pgsql", "res_config_sqlite3", "res_geolocation", "res_pjsip_geolocation", "res_hep"],
  ...["res_hep_pjsip", "res_hep_rtcp", "res_odbc", "res_odbc_transaction", "res_phoneprov", "res_prometheus"],
  ...["res_pjsip_phoneprov_provider", "res_smdi", "res_snmp", "res_stir_shaken", "res_pjsip_stir_shaken"],
  ...["res_statsd", "res_xmpp", "res_fax", "res_fax_spandsp", "res_speech_aeap", "res_aeap"],
  ...[
    "app_adsiprog",
    "app_agent_pool",
    "app_alarmreceiver",
    "app_amd",
    "app_confbridge",
    "app_followme",
    "app_getcpeid",
  ],
  ...[
    "app_page",
    "app_sla",
    "app_sms",
    "res_adsi",
    "res_parking",
    "res_pjsip_config_wizard",
    "res_pjsip_notify",
  ],
  ...["res_pjsip_phoneprov", "res_clialiases", "res_stun_monitor", "res_musiconhold", "chan_websocket"],
  ...["res_resolver_unbound", "res_config_mysql", "res_corosync"],
];

/** Configuration files that Asterisk complains about when they are not there. */
const EMPTY = [
  "cdr",
  "cel",
  "udptl",
  "acl",
  "ccss",
  "features",
  "pjproject",
  "res_http_media_cache",
  "websocket_client",
];

const TONES = `
[general]
country=us
[us]
description=United States
ringcadence=2000,4000
dial=350+440
busy=480+620/500,0/500
ring=440+480/2000,0/4000
congestion=480+620/250,0/250
`;

/** Writes a whole configuration for one run; the administrator's files that Voxpost ships are copied into it. */
export function writeAsteriskConfiguration(
  place: Place,
  ports: Ports,
  secrets: AsteriskSecrets,
  instances: string[],
  ownDialplan: string,
): void {
  const etc = folder(`${place.outside}/etc`);
  for (const each of ["spool/recording", "run", "db/keys", "cache", "log"])
    folder(`${place.outside}/${each}`);
  const administrator = folder(`${etc}/voxpost`);
  const shipped = `${PROJECT}/config/asterisk`;
  const files = existsSync(shipped)
    ? readdirSync(shipped).filter((file) => file.startsWith("extensions"))
    : [];
  // Asterisk refuses the whole dialplan when an #include matches no file.
  writeFileSync(
    `${administrator}/extensions-none.conf`,
    "; the files that Voxpost ships lie beside this one\n",
  );
  for (const file of files) copyFileSync(`${shipped}/${file}`, `${administrator}/${file}`);

  const inside = place.inside;
  const write = (name: string, text: string) => writeFileSync(`${etc}/${name}`, `${text.trim()}\n`);
  write("asterisk.conf", directories(place));
  write(
    "modules.conf",
    `[modules]\nautoload=yes\n${NOT_LOADED.map((name) => `noload=${name}.so`).join("\n")}`,
  );
  write("logger.conf", "[logfiles]\nfull => notice,warning,error,verbose(3)");
  write("rtp.conf", "[general]\nrtpstart=10000\nrtpend=20000\nstrictrtp=yes");
  write("pjsip.conf", sipConfiguration(ports.sip, mailboxNumbers(), PHONE_PASSWORD));
  write("extensions.conf", dialplan({ administrator: `${inside}/etc/voxpost`, own: ownDialplan, instances }));
  write("http.conf", `[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=${ports.ari}\nsessionlimit=1000`);
  write("ari.conf", `[general]\nenabled=yes\n[voxpost]\ntype=user\npassword=${secrets.ari}`);
  write(
    "manager.conf",
    `[general]\nenabled=yes\nbindaddr=127.0.0.1\nport=${ports.ami}\n[lab]\nsecret=${secrets.ami}\nread=all\nwrite=all`,
  );
  write("minivm.conf", "[general]\nformat=wav");
  for (const name of EMPTY) write(`${name}.conf`, "; the defaults serve");
  write("indications.conf", TONES);
}

/** The system's own folders for modules and sounds, everything that is written in ours. */
export function directories(place: Place): string {
  const kept = Object.entries({ ...usualFolders(place), ...stockFolders(place) }).map((pair) =>
    pair.join(" => "),
  );
  const inside = place.inside;
  return `
[directories]
${kept.join("\n")}
astetcdir => ${inside}/etc
astdbdir => ${inside}/db
astkeydir => ${inside}/db
astspooldir => ${inside}/spool
astrundir => ${inside}/run
astlogdir => ${inside}/log
astcachedir => ${inside}/cache
[options]
verbose=3
systemname=lab
`;
}

const SYSTEM_FOLDERS = ["astmoddir", "astvarlibdir", "astdatadir", "astagidir", "astsbindir"];

/** What the system's own asterisk.conf says; nothing where only root may read it. */
function stockFolders(place: Place): Record<string, string> {
  try {
    const stock = readFileSync(place.system("/etc/asterisk/asterisk.conf"), "utf8");
    const pairs = SYSTEM_FOLDERS.flatMap((key) => {
      const value = new RegExp(`^${key}\\s*=>?\\s*(\\S+)`, "m").exec(stock)?.[1];
      return value ? [[key, value]] : [];
    });
    return Object.fromEntries(pairs);
  } catch {
    return {};
  }
}

/** Where distributions and Asterisk's own build put modules and sounds. */
function usualFolders(place: Place): Record<string, string> {
  const exists = (path: string) => existsSync(place.system(path));
  const { arch } = process;
  const triplet = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[arch as "x64" | "arm64"] ?? arch;
  const modules = [`/usr/lib/${triplet}`, "/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib"]
    .map((path) => `${path}/asterisk/modules`)
    .find(exists);
  const data = ["/usr/share/asterisk", "/var/lib/asterisk", "/usr/local/share/asterisk"].find((path) =>
    exists(`${path}/sounds`),
  );
  return { ...(modules && { astmoddir: modules }), ...(data && { astdatadir: data }) };
}
