import type { Config } from "./config.ts";
import { type MailboxConfig, type MailboxOptions, PLAYBACK_KEYS } from "./mailbox-options.ts";
import { formatMailbox, type MailboxAddress, parseMailbox } from "./model/mailbox.ts";
import type { Subscriber, Subscribers } from "./model/subscriber.ts";
import { noticesOf } from "./notice-options.ts";
import type { PinEntry } from "./storage/pins.ts";

const DEFAULTS = {
  tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
  maxsecs: 180,
  minsecs: 1,
  maxsilence: 10,
  maxmsg: 100,
  review: false,
  leaveurgent: true,
  operator: false,
  envelope: true,
  saycid: false,
  sayduration: true,
  saydurationm: 2,
  nextaftercmd: false,
  messagewrap: false,
  skipms: 3000,
  maxlogins: 3,
  maxgreet: 60,
  minpassword: 4,
  pinlocked: false,
  forcename: false,
  forcegreetings: false,
  tempgreetwarn: false,
  moveheard: true,
  cidinternalcontexts: [],
  folders: {},
  ...PLAYBACK_KEYS,
  sendvoicemail: false,
  usedirectory: false,
  forward_urgent_auto: false,
  trash_days: 14,
  hidefromdir: false,
} satisfies MailboxOptions;

/** A key that is not given is absent, never undefined, so a layer cannot blank a default below it. */
type Complete = MailboxConfig & typeof DEFAULTS;

/**
 * The mailboxes of a configuration. A number that is written out wins over a range that contains it; the options of a
 * mailbox win over its context's, and these over `defaults`.
 */
export function createSubscribers(config: Config): Subscribers & {
  pin(address: MailboxAddress): PinEntry | undefined;
  /** What the administrator says of it, for storage that is chosen by it; nothing of an unknown one. */
  attributesOf(address: MailboxAddress): Readonly<Record<string, string>>;
  /** Of every mailbox. Costs much less than all that is said of them. */
  addresses(): Iterable<MailboxAddress>;
  /** Other names under which its lamp is asked for. */
  aliasesOf(address: MailboxAddress): readonly MailboxAddress[];
} {
  const exact = new Map<string, { context: string; options: MailboxConfig }>();
  for (const [context, { mailboxes }] of Object.entries(config.contexts)) {
    for (const [key, options] of Object.entries(mailboxes).sort(rangesFirst)) {
      for (const mailbox of expand(key)) {
        exact.set(formatMailbox({ mailbox, context }), { context, options: options ?? {} });
      }
    }
  }

  const lookup = (name: MailboxAddress): Subscriber | undefined => {
    const alias = config.aliases[formatMailbox(name)];
    const address = alias === undefined ? name : parseMailbox(alias);
    const found = exact.get(formatMailbox(address));
    if (!found) return undefined;
    const {
      mailboxes: _,
      directoryintro: __,
      ...ofContext
    } = config.contexts[found.context] ?? { mailboxes: {} };
    const options = { ...DEFAULTS, ...config.defaults, ...ofContext, ...found.options } as Complete;
    const notices = config.notices && noticesOf(options);
    return { ...toSubscriber(address, options), ...(notices ? { notices } : {}) };
  };

  function* addresses(): Generator<MailboxAddress> {
    for (const [key, { context }] of exact) {
      yield { mailbox: key.slice(0, key.lastIndexOf("@")), context };
    }
  }

  return {
    find: lookup,
    attributesOf(address) {
      const found = exact.get(formatMailbox(address));
      const ofContext = found && config.contexts[found.context]?.attributes;
      return { ...config.defaults.attributes, ...ofContext, ...found?.options.attributes };
    },
    directoryIntro: (context) => config.contexts[context]?.directoryintro ?? config.directoryintro,
    maxLogins: config.defaults.maxlogins ?? DEFAULTS.maxlogins,
    searchesContexts: config.searchcontexts,
    aliasesOf: (address) =>
      Object.entries(config.aliases).flatMap(([alias, mailbox]) =>
        mailbox === formatMailbox(address) ? [parseMailbox(alias)] : [],
      ),
    addresses,
    *all() {
      for (const address of addresses()) {
        const subscriber = lookup(address);
        if (subscriber) yield subscriber;
      }
    },
    pin(address) {
      const options = exact.get(formatMailbox(address))?.options;
      if (!options?.pin && !options?.pin_hash) return undefined;
      return {
        ...(options.pin ? { pin: options.pin } : {}),
        ...(options.pin_hash ? { pinHash: options.pin_hash } : {}),
      };
    },
  };
}

const RANGE = /^(\d+)-(\d+)$/;
/** A range is written out in memory; this many mailboxes is a slip of the pen. */
const LONGEST_RANGE = 1_000_000;

function rangesFirst([a]: [string, unknown], [b]: [string, unknown]): number {
  return Number(RANGE.test(b)) - Number(RANGE.test(a));
}

function* expand(key: string): Iterable<string> {
  const range = RANGE.exec(key);
  if (!range) {
    yield key;
    return;
  }
  const [, first = "", last = ""] = range;
  const end = Math.min(Number(last), Number(first) + LONGEST_RANGE);
  for (let number = Number(first); number <= end; number++) yield String(number).padStart(first.length, "0");
}

function toSubscriber(address: MailboxAddress, options: Complete): Subscriber {
  return {
    address,
    ...(options.name ? { fullName: options.name } : {}),
    ...(options.language ? { language: options.language } : {}),
    ...(options.exitcontext ? { exitContext: options.exitcontext } : {}),
    timezone: options.tz,
    ...(options.dateformat ? { dateFormat: options.dateformat } : {}),
    maxSeconds: options.maxsecs,
    minSeconds: options.minsecs,
    maxSilence: options.maxsilence,
    maxMessages: options.maxmsg,
    review: options.review,
    leaveUrgent: options.leaveurgent,
    operator: options.operator,
    sayEnvelope: options.envelope,
    sayCaller: options.saycid,
    sayDuration: options.sayduration,
    sayDurationMinutes: options.saydurationm,
    nextAfterCommand: options.nextaftercmd,
    messageWrap: options.messagewrap,
    skipMs: options.skipms,
    maxLogins: options.maxlogins,
    maxGreeting: options.maxgreet,
    minPin: options.minpassword,
    pinLocked: options.pinlocked,
    forceName: options.forcename,
    forceGreetings: options.forcegreetings,
    warnsOfTemporary: options.tempgreetwarn,
    moveHeard: options.moveheard,
    internalContexts: options.cidinternalcontexts,
    folderSounds: options.folders,
    playbackKeys: {
      [options["listen-control-forward-key"]]: "forward",
      [options["listen-control-reverse-key"]]: "rewind",
      [options["listen-control-pause-key"]]: "pause",
      [options["listen-control-restart-key"]]: "restart",
    },
    ...(options.callback
      ? { callback: { dialplanContext: options.callback, allow: options.callback_allow ?? [] } }
      : {}),
    ...(options.dialout
      ? { dialout: { dialplanContext: options.dialout, allow: options.dialout_allow ?? [] } }
      : {}),
    sendVoicemail: options.sendvoicemail,
    useDirectory: options.usedirectory,
    forwardUrgent: options.forward_urgent_auto,
    trashDays: options.trash_days,
    hiddenFromDirectory: options.hidefromdir,
    ...(options.alias ? { alias: options.alias } : {}),
    ...(options.menu_class ? { menuClass: options.menu_class } : {}),
  };
}
