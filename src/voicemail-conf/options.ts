/** Options of voicemail.conf that are no option of the same name here (docs/app_voicemail-parity.md). */

/** Other names that app_voicemail has, or had, for an option of ours. */
export const OTHER_NAMES: Readonly<Record<string, string>> = {
  deletevoicemail: "delete",
  maxmessage: "maxsecs",
  minmessage: "minsecs",
};

/** Of one mailbox, read by other files here: zones.ts, imap.ts, and where its PIN is. */
export const OF_MAILBOXES: ReadonlySet<string> = new Set([
  "tz",
  "passwordlocation",
  "imapserver",
  "imapport",
  "imapflags",
  "imapfolder",
  "imapuser",
  "imappassword",
  "imapsecret",
  "imapvmshareid",
]);

/** The same of [general]: site.ts, too. */
export const OF_GENERAL: ReadonlySet<string> = new Set([
  "tz",
  "passwordlocation",
  "aliasescontext",
  "searchcontexts",
  "directoryintro",
  "externnotify",
  "imapserver",
  "imapport",
  "imapflags",
  "imapfolder",
  "imapparentfolder",
  "imapgreetings",
  "greetingsfolder",
  "greetingfolder",
  "authuser",
  "authpassword",
]);

const BY_INPUT = "gets the PIN on standard input here, and not as an argument; adapt it, then name it as";

/** Not taken over, and what to do instead. */
export const INSTEAD: Readonly<Record<string, string>> = {
  externpass: `a program ${BY_INPUT} pins.externpass, if the mail server checks PINs (other PINs are kept by Voxpost)`,
  externpasscheck: `a program ${BY_INPUT} pins.externpasscheck`,
  externpassnotify: `a program ${BY_INPUT} pins.externpassnotify`,
  backupdeleted: "every deleted message goes to the trash; trash_days says for how long",
  mailcmd: "mails go out by SMTP: notices names the server (docs/notices.md)",
  "vm-prepend-timeout": "the prompt is not said here; prompts replaces any other",
  odbcstorage: "messages in that database are not seen by Voxpost; let them be heard before you change over",
  odbc_audio_on_disk: "messages in a database are not seen by Voxpost",
};

/** Taken over, and of no effect before something else is said. */
export const REMARKS: Readonly<Record<string, string>> = {
  callback: "callback works once callback_allow says which numbers may be called back",
  dialout: "dialout works once dialout_allow says which numbers may be called",
};

/** Nobody will miss them: they are named together, in one note. */
export const OBSOLETE: ReadonlySet<string> = new Set([
  "format",
  "attachfmt",
  "attachextrecs",
  "silencethreshold",
  "volgain",
  "charset",
  "pbxskip",
  "smdienable",
  "smdiport",
  "pollmailboxes",
  "pollfreq",
  "tps_queue_high",
  "tps_queue_low",
  "adsifdn",
  "adsisec",
  "adsiver",
  "odbctable",
  "expungeonhangup",
  "imap_poll_logout",
  "imapopentimeout",
  "imapclosetimeout",
  "imapreadtimeout",
  "imapwritetimeout",
  "listen-control-stop-key",
  "userscontext",
  "hasvoicemail",
  "secret",
  "vmsecret",
  "uniqueid",
  "stamp",
]);

/** Where app_voicemail has another default, and so what changes when [general] does not say it. */
export const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  maxsecs: "180, not unlimited",
  minsecs: "1, not 0",
  maxgreet: "60, not unlimited",
  maxsilence: "10, not off",
  minpassword: "4, not 0",
};
