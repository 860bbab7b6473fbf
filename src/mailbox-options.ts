import { IANAZone } from "luxon";
import { z } from "zod";
import { isDateFormat } from "./ivr/date-format.ts";
import { KEYS } from "./ivr/phrase.ts";
import { isDialPattern } from "./model/dial-pattern.ts";
import { FOLDERS } from "./model/folder.ts";
import { noticeAddresses, noticeOptions } from "./notice-options.ts";
import { isPinHash } from "./storage/pins.ts";

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/, "use letters, digits and _ . - only, at most 40");

const seconds = (help: string) => z.number().min(0).describe(`${help} seconds.`);

/** While a message plays, unless a site has others: app_voicemail's. */
export const PLAYBACK_KEYS = {
  "listen-control-forward-key": "#",
  "listen-control-reverse-key": "*",
  "listen-control-pause-key": "0",
  "listen-control-restart-key": "2",
} as const;

const playbackKey = (does: string, key: string) =>
  z.enum(KEYS).describe(`Key that ${does} while a message plays. Default ${key}.`).optional();

const patterns = (help: string) =>
  z
    .array(z.string().refine(isDialPattern, "not a number or a pattern such as _NXXXXXX, _+49Z. or _0[1-9]."))
    .describe(`${help}, as the dialplan writes them: 5551234, _NXXXXXX, _+49Z. Default none.`)
    .optional();

/** What may be said of a mailbox; of a context, for all its mailboxes; or at the top, for all of them. */
export const mailboxOptions = z.strictObject({
  language: name
    .describe("Language of the prompts, as Asterisk names it. Default: the channel's.")
    .optional(),
  tz: z
    .string()
    .refine((zone) => IANAZone.isValidZone(zone), "not an IANA time zone such as Europe/Berlin")
    .describe("Time zone in which times are spoken. Default: this machine's.")
    .optional(),
  dateformat: z
    .string()
    .refine(isDateFormat, "not a format as zonemessages has them, such as 'vm-received' Q 'digits/at' R")
    .describe(
      "How a message's date is said: sounds in quotes, and the letters of voicemail.conf's zonemessages. Default: by language.",
    )
    .optional(),
  maxsecs: seconds("Longest message; 0 is unlimited. Default 180").optional(),
  minsecs: seconds("A shorter message is not kept. Default 1").optional(),
  maxsilence: seconds("A silence this long ends a recording; 0 is never. Default 10").optional(),
  maxmsg: z
    .number()
    .int()
    .min(0)
    .describe("Most messages in a folder; 0 makes a mailbox that only greets. Default 100.")
    .optional(),
  review: z
    .boolean()
    .describe("Callers may hear, record again and mark their message. Default false.")
    .optional(),
  leaveurgent: z.boolean().describe("... and so mark it as urgent. Default true.").optional(),
  operator: z.boolean().describe("0 leads to extension o of exitcontext. Default false.").optional(),
  exitcontext: z
    .string()
    .describe("Dialplan context of the extensions o and a. Default: the one the call came from.")
    .optional(),
  envelope: z.boolean().describe("Say date and time before a message. Default true.").optional(),
  saycid: z.boolean().describe("Say who called before a message. Default false.").optional(),
  sayduration: z.boolean().describe("Say the length before a message. Default true.").optional(),
  saydurationm: z.number().min(0).describe("... if it is this many minutes or more. Default 2.").optional(),
  nextaftercmd: z
    .boolean()
    .describe("Play the next message after delete and save. Default false.")
    .optional(),
  messagewrap: z.boolean().describe("Next and previous wrap round. Default false.").optional(),
  skipms: z
    .number()
    .int()
    .min(100)
    .describe("Step of forward and rewind, milliseconds. Default 3000.")
    .optional(),
  moveheard: z.boolean().describe("Heard messages become old. Default true.").optional(),
  tempgreetwarn: z
    .boolean()
    .describe("Remind the owner of a temporary greeting after login. Default false.")
    .optional(),
  cidinternalcontexts: z
    .array(name)
    .describe(
      "Dialplan contexts of the site's own: who left a message from there is said by recorded name, or as an extension. Default none.",
    )
    .optional(),
  folders: z
    .partialRecord(z.enum(FOLDERS).exclude(["INBOX", "Trash"]), z.string())
    .describe("Names of folders by sound, such as Cust1: custom/invoices; these are announced. Default none.")
    .optional(),
  "listen-control-forward-key": playbackKey("goes forward", PLAYBACK_KEYS["listen-control-forward-key"]),
  "listen-control-reverse-key": playbackKey("goes back", PLAYBACK_KEYS["listen-control-reverse-key"]),
  "listen-control-pause-key": playbackKey("pauses", PLAYBACK_KEYS["listen-control-pause-key"]),
  "listen-control-restart-key": playbackKey("starts again", PLAYBACK_KEYS["listen-control-restart-key"]),
  callback: z
    .string()
    .describe("Dialplan context in which owners may call back; needs callback_allow. Default none.")
    .optional(),
  callback_allow: patterns("Numbers that may be called back"),
  dialout: z
    .string()
    .describe("Dialplan context in which owners may call any number; needs dialout_allow. Default none.")
    .optional(),
  dialout_allow: patterns("Numbers that may be called"),
  sendvoicemail: z.boolean().describe("Owners may leave messages for others. Default false.").optional(),
  usedirectory: z
    .boolean()
    .describe("Recipients can be looked up by name (forward, send). Default false.")
    .optional(),
  forward_urgent_auto: z.boolean().describe("A forwarded message stays urgent. Default false.").optional(),
  trash_days: z
    .number()
    .int()
    .min(0)
    .describe("Deleted messages can be got back for this many days; 0 is for ever. Default 14.")
    .optional(),
  attributes: z
    .record(name, z.string())
    .describe("Whatever the storage engine route sends by, such as class: gold.")
    .optional(),
  menu_class: name.describe("Class of menu_classes whose menus are heard. Default: the site's.").optional(),
  hidefromdir: z.boolean().describe("Not in the directory. Default false.").optional(),
  maxlogins: z.number().int().min(1).max(10).describe("Tries to log in per call. Default 3.").optional(),
  maxgreet: seconds("Longest greeting; 0 is unlimited. Default 60").optional(),
  minpassword: z
    .number()
    .int()
    .min(1)
    .max(20)
    .describe("Fewest digits of a PIN that an owner chooses by telephone. Default 4.")
    .optional(),
  pinlocked: z.boolean().describe("The owner cannot change the PIN by telephone. Default false.").optional(),
  forcename: z
    .boolean()
    .describe("An owner whose PIN is the mailbox's number must record a name first. Default false.")
    .optional(),
  forcegreetings: z.boolean().describe("... and greetings. Default false.").optional(),
  ...noticeOptions,
});

export const mailbox = mailboxOptions.extend({
  name: z.string().describe("Full name of the owner.").optional(),
  alias: z.string().describe("Another name of the owner, for the directory.").optional(),
  ...noticeAddresses,
  pin: z
    .string()
    .regex(/^\d{1,20}$/, "digits only, in quotes")
    .describe("PIN, if the store cannot check one. Prefer pin_hash.")
    .optional(),
  pin_hash: z
    .string()
    .refine(isPinHash, "not a hash; `voxpost mailbox hash` makes one")
    .describe("PIN as `voxpost mailbox hash` prints it.")
    .optional(),
});

export type MailboxOptions = z.infer<typeof mailboxOptions>;
export type MailboxConfig = z.infer<typeof mailbox>;
