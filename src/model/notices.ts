/**
 * How the owner of a mailbox is told of each message by mail; the names are app_voicemail's where it has the option. Texts are
 * templates (notices/template.ts) and were checked at the start; those that are left out come in the owner's language.
 */
export interface Notices {
  /** Get the message with its audio. */
  readonly email: readonly string[];
  /** Get a short text. */
  readonly pager: readonly string[];
  readonly attach: boolean;
  /** More audio than this is not attached, bytes. */
  readonly attachMaxBytes: number;
  /** The message goes to the trash when its mail was accepted at every address, with all of its audio. */
  readonly deleteWhenSent: boolean;
  readonly serverEmail: string;
  readonly fromString?: string | undefined;
  readonly emailSubject?: string | undefined;
  readonly emailBody?: string | undefined;
  /** Instead of `emailBody`, of a message that somebody sent on. */
  readonly emailBodyForwarded?: string | undefined;
  readonly emailDateFormat?: string | undefined;
  readonly pagerFromString?: string | undefined;
  readonly pagerSubject?: string | undefined;
  readonly pagerBody?: string | undefined;
  readonly pagerDateFormat?: string | undefined;
  /** BCP 47. */
  readonly locale: string;
}
