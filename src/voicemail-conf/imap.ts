import type { Notes } from "./notes.ts";
import type { VoicemailConf } from "./read.ts";
import type { Secrets } from "./secrets.ts";
import type { Given } from "./take.ts";
import { isTrue } from "./values.ts";

/** Options of which a configuration would fill something in from the environment (secrets.ts) are left out. */
function plain(options: Given, where: string, notes: Notes): Given {
  return new Map(
    [...options].filter(([name, value]) => {
      const isPlain =
        !/^(?:imap|greetingsfolder|greetingfolder|authuser)/.test(name) || !value.includes("${");
      if (!isPlain) notes.add(where, `${name} is not taken over: it holds a \${`);
      return isPlain;
    }),
  );
}

/**
 * The storage tree of an app_voicemail that keeps its messages by IMAP: undefined when no mailbox has an IMAP user. PINs stay
 * Voxpost's own, because there they were never the accounts' passwords.
 */
export function imapTree(
  conf: Pick<VoicemailConf, "general" | "accounts">,
  secrets: Secrets,
  notes: Notes,
): Record<string, unknown> | undefined {
  const general = plain(conf.general, "general", notes);
  const accounts = new Map([...conf.accounts].map(([name, all]) => [name, plain(all, name, notes)]));
  const users = [...accounts].flatMap(([name, options]) => {
    const user = options.get("imapuser");
    return user === undefined ? [] : [[name, user] as const];
  });
  if (users.length === 0) {
    if (general.has("imapserver"))
      notes.add("general", "imapserver: no mailbox has an imapuser, so messages are no mails");
    return undefined;
  }
  for (const name of accounts.keys()) noteAccount(name, accounts.get(name), notes);
  const shared = new Set(users.map(([, user]) => user)).size < users.length;
  return {
    engine: "imap",
    host: general.get("imapserver") ?? "localhost",
    ...portOf(general),
    ...tlsOf(general, notes),
    ...usersOf(users),
    pins: "own",
    ...loginOf(general, accounts, users, secrets),
    ...(shared ? { shared } : {}),
    ...foldersOf(general, notes),
  };
}

/** What app_voicemail allows each mailbox, and one engine of ours has once. */
const ONE_SERVER = ["imapserver", "imapport", "imapflags", "imapfolder"];

function noteAccount(name: string, options: Given | undefined, notes: Notes): void {
  if (!options?.has("imapuser"))
    notes.add(name, "no imapuser: give it an IMAP account (storage.users, or route)");
  if (options?.has("imapvmshareid"))
    notes.add(name, "imapvmshareid is not taken over: name one mailbox, and the others as its aliases");
  const own = ONE_SERVER.filter((option) => options?.has(option));
  if (own.length > 0)
    notes.add(
      name,
      `${own.join(", ")} of one mailbox: put a second engine beside it (docs/engines/route.md)`,
    );
}

function portOf(general: Given): object {
  const port = Number(general.get("imapport"));
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? { port } : {};
}

/** c-client's flags. Without any it takes STARTTLS where it is offered, and goes on in clear where it is not. */
function tlsOf(general: Given, notes: Notes): object {
  const flags = (general.get("imapflags") ?? "").toLowerCase().split("/").filter(Boolean);
  const known = ["ssl", "tls", "notls", "novalidate-cert", "validate-cert", "imap", "secure", "norsh"];
  for (const flag of flags.filter((one) => !known.includes(one)))
    notes.add("general", `imapflags: ${JSON.stringify(flag.slice(0, 40))} is not taken over`);
  const fromFirstByte = flags.includes("ssl") || general.get("imapport") === "993";
  const tls = fromFirstByte ? "tls" : flags.includes("notls") ? "none" : "starttls";
  if (tls === "starttls" && !flags.includes("tls"))
    notes.add(
      "general",
      "imapflags does not say whether to encrypt: storage.tls is starttls, and refuses to log in without it",
    );
  if (tls === "none") notes.add("general", "imapflags=notls: passwords and voices go in clear (storage.tls)");
  const anybody = flags.includes("novalidate-cert");
  if (anybody)
    notes.add("general", "imapflags=novalidate-cert: any certificate is accepted; set storage.ca instead");
  return { tls, ...(anybody ? { allow_self_signed: true } : {}) };
}

/** `{mailbox}` and the like where all users are named alike, else each by itself. */
function usersOf(users: readonly (readonly [string, string])[]): object {
  const [first] = users;
  const number = first?.[0].split("@")[0] ?? "";
  const template = first?.[1].replace(number, "{mailbox}") ?? "";
  const isTemplate = users.every(
    ([name, user]) => user === template.replace("{mailbox}", name.split("@")[0] ?? ""),
  );
  return isTemplate && template.includes("{mailbox}")
    ? { user: template }
    : { users: Object.fromEntries(users) };
}

function loginOf(
  general: Given,
  accounts: VoicemailConf["accounts"],
  users: readonly (readonly [string, string])[],
  secrets: Secrets,
): object {
  const [user, common] = [general.get("authuser"), general.get("authpassword")];
  const byProxy = (name: string, password?: string) => ({
    proxy: { user: name, password_file: secrets.file("imap", `password of the IMAP user ${name}`, password) },
  });
  if (user !== undefined) return byProxy(user, common);
  if (common !== undefined) {
    const file = secrets.file("imap", "password of every IMAP account (authpassword)", common);
    return { passwords: Object.fromEntries(users.map(([name]) => [`${name}_file`, file])) };
  }
  const own = users.flatMap(([name, account]) => {
    const options = accounts.get(name);
    const password = options?.get("imappassword") ?? options?.get("imapsecret");
    // app_voicemail takes the password of the first mailbox that has this user.
    const like = users.find(([other, same]) => same === account && passwordOf(accounts.get(other)))?.[0];
    const value = password ?? passwordOf(accounts.get(like ?? ""));
    return value === undefined
      ? []
      : [[`${name}_file`, secrets.file(`imap-${name}`, `password of the IMAP user of ${name}`, value)]];
  });
  return own.length > 0 ? { passwords: Object.fromEntries(own) } : byProxy("voxpost");
}

function passwordOf(options: Given | undefined): string | undefined {
  return options?.get("imappassword") ?? options?.get("imapsecret");
}

function foldersOf(general: Given, notes: Notes): object {
  const [inbox, parent] = [general.get("imapfolder"), general.get("imapparentfolder")];
  const inAccount = isTrue(general.get("imapgreetings"));
  const named = general.get("greetingsfolder") ?? general.get("greetingfolder");
  const greetings = inAccount ? (named ?? inbox ?? "INBOX") : undefined;
  if (greetings && parent)
    notes.add(
      "general",
      "greetings are looked for below imapparentfolder here; move their folder, or record them again",
    );
  const folders = {
    ...(inbox ? { inbox } : {}),
    ...(parent ? { parent: [parent] } : {}),
    ...(greetings ? { greetings } : {}),
  };
  return Object.keys(folders).length > 0 ? { folders } : {};
}
