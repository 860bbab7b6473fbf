import type { PartKind } from "../../model/message.ts";

/**
 * Names of one audio format. app_voicemail tells the format from the ending of the file name alone, and tells `.WAV`
 * (GSM 6.10 in RIFF) from `.wav` (PCM) by its case; whoever plays it looks into the RIFF header.
 */
const FORMATS: readonly { type: string; ending: string; aliases: readonly string[] }[] = [
  { type: "audio/wav", ending: "wav", aliases: ["audio/x-wav", "audio/wave", "audio/vnd.wave"] },
  { type: "audio/gsm", ending: "gsm", aliases: ["audio/x-gsm"] },
  { type: "audio/basic", ending: "ulaw", aliases: ["audio/x-ulaw", "audio/ulaw", "audio/pcmu"] },
  { type: "audio/x-alaw", ending: "alaw", aliases: ["audio/pcma"] },
  { type: "audio/ogg", ending: "ogg", aliases: ["application/ogg", "audio/x-ogg", "audio/opus"] },
  { type: "audio/mpeg", ending: "mp3", aliases: ["audio/mp3"] },
];

const TOKEN = /^[a-z]+\/[\w.+-]+$/;

/** One name for each format; types that are not known stay, in lower case. */
export function audioType(contentType: string): string {
  const plain = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const known = FORMATS.find(({ type, aliases }) => type === plain || aliases.includes(plain));
  return known?.type ?? (TOKEN.test(plain) ? plain : "application/octet-stream");
}

/** Ending of a file with such audio, without dot. */
export function endingOf(contentType: string): string {
  const type = audioType(contentType);
  return FORMATS.find((format) => format.type === type)?.ending ?? "bin";
}

/** What is known of a MIME part without its body. */
export interface PartNames {
  readonly contentType: string;
  readonly fileName?: string | undefined;
  /** `voice` parameter of Content-Disposition (RFC 3801 4.4.3). */
  readonly voice?: string | undefined;
}

/** Spoken names and subjects of VPIM belong to other fields than the message itself. */
const NOT_THE_MESSAGE = /^(originator-spoken-name|recipient-spoken-name|spoken-subject)$/i;
/** app_voicemail's name for what somebody who forwards a message says before it. */
const COMMENT = /^msgintro/i;
const AUDIO_FILE = /\.(wav|gsm|ulaw|alaw|ogg|mp3|amr|au)$/i;

/** Whether a part is to be heard, and as what. */
export function partKind({ contentType, fileName = "", voice = "" }: PartNames): PartKind | undefined {
  const isAudio =
    audioType(contentType).startsWith("audio/") ||
    (/^application\/(octet-stream|ogg)/i.test(contentType) && AUDIO_FILE.test(fileName));
  if (!isAudio || NOT_THE_MESSAGE.test(voice)) return undefined;
  return COMMENT.test(fileName) ? "comment" : "voice";
}

/** Parts stand in a mail as app_voicemail wants them, voice first; they are heard comments first. */
export function inHearingOrder<T extends { kind: PartKind }>(parts: readonly T[]): T[] {
  return [...parts.filter(({ kind }) => kind === "comment"), ...parts.filter(({ kind }) => kind === "voice")];
}

/** `inHearingOrder`, backwards. */
export function inMailOrder<T extends { kind: PartKind }>(parts: readonly T[]): T[] {
  return [...parts.filter(({ kind }) => kind === "voice"), ...parts.filter(({ kind }) => kind === "comment")];
}
