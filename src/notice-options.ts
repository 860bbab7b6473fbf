import { z } from "zod";
import type { Notices } from "./model/notices.ts";
import { isMailDateFormat, localeOf } from "./notices/mail-date.ts";
import { templateFault } from "./notices/template.ts";

/** An address without a name. Which of them exist only its mail server knows. */
const ADDRESS = /^[^\s@<>()[\]:;,"\\|]+@[^\s@<>()[\]:;,"\\|]+$/;
const address = z.string().regex(ADDRESS, "not a mail address such as anna@example.org");

/** One, several with | between as voicemail.conf has them, or a list. */
const addresses = z.preprocess(
  (value) => (typeof value === "string" ? value.split("|").map((one) => one.trim()) : value),
  z.array(address),
);

/** Texts are not repeated in faults: they may be long. */
const template = (help: string) =>
  z
    .string()
    .superRefine((text, context) => {
      const fault = templateFault(text);
      if (fault) context.addIssue(fault);
    })
    .describe(help)
    .optional();

const dateFormat = (help: string) =>
  z
    .string()
    .refine(isMailDateFormat, "has a % that strftime does not know; %A, %d %B %Y at %R is one that it does")
    .describe(help)
    .optional();

/** How owners are told of messages by mail: app_voicemail's options, and some of our own. */
export const noticeOptions = {
  attach: z.boolean().describe("Mails about messages have the audio with them. Default true.").optional(),
  attach_mb: z
    .number()
    .min(0)
    .describe("... if it is no larger than this, megabytes; a minute is about one. Default 15.")
    .optional(),
  delete: z
    .boolean()
    .describe(
      "A message goes to the trash when its mail was accepted at every address, with the audio. Default false.",
    )
    .optional(),
  serveremail: address
    .describe("Sender of mails about messages. **Required** under defaults where notices is given.")
    .optional(),
  fromstring: template(
    `The sender's name. Here and in the following \${VM_CALLERID} and the like are filled in.`,
  ),
  emailsubject: template("Subject of mails about messages."),
  emailbody: template("Text of mails about messages."),
  emailbody_forwarded: template("... about those that somebody sent on. Default: emailbody."),
  emaildateformat: dateFormat("Dates in them, as strftime has it. Default: in full, as the language has it."),
  pagerfromstring: template("The sender's name in mails to the pager. Default: fromstring."),
  pagersubject: template("Subject of mails to the pager."),
  pagerbody: template("Text of mails to the pager."),
  pagerdateformat: dateFormat("Dates in them. Default: emaildateformat."),
  locale: z
    .string()
    .refine((name) => localeOf(name) !== undefined, "not a language such as de_DE or pt-BR")
    .describe("Language of mails about messages, and of their dates. Default: language, else English.")
    .optional(),
};

/** Of one mailbox. */
export const noticeAddresses = {
  email: addresses
    .describe("Mail addresses of the owner. Where notices is given, mails about messages go there.")
    .optional(),
  pager: addresses.describe("Addresses that get a short text about each message, without audio.").optional(),
};

const MEGABYTE = 1_000_000;

type NoticeConfig = Partial<z.output<z.ZodObject<typeof noticeOptions & typeof noticeAddresses>>>;

/** Undefined where nobody is told by mail. */
export function noticesOf(
  options: NoticeConfig & { readonly language?: string | undefined },
): Notices | undefined {
  const { serveremail } = options;
  const [email, pager] = [[...new Set(options.email)], [...new Set(options.pager)]];
  if (serveremail === undefined || email.length + pager.length === 0) return undefined;
  return {
    email,
    pager,
    attach: options.attach ?? true,
    attachMaxBytes: (options.attach_mb ?? 15) * MEGABYTE,
    deleteWhenSent: options.delete ?? false,
    serverEmail: serveremail,
    fromString: options.fromstring,
    emailSubject: options.emailsubject,
    emailBody: options.emailbody,
    emailBodyForwarded: options.emailbody_forwarded,
    emailDateFormat: options.emaildateformat,
    pagerFromString: options.pagerfromstring,
    pagerSubject: options.pagersubject,
    pagerBody: options.pagerbody,
    pagerDateFormat: options.pagerdateformat,
    locale: localeOf(options.locale ?? options.language ?? "") ?? "en",
  };
}
