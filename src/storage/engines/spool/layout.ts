import type { Folder } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import type { Flags } from "../../../model/message.ts";
import { contentTypeOf } from "../../endings.ts";

/** How app_voicemail lays out its files: CONTEXT/MAILBOX/FOLDER/msgNNNN.txt, and the audio beside it. */

/** app_voicemail tells by the folder what Voxpost tells by flags. Whoever saves a message to a folder has heard it. */
export const SPOOL_FOLDERS: Readonly<Record<string, Flags & { folder: Folder }>> = {
  INBOX: { folder: "INBOX", heard: false, urgent: false },
  Urgent: { folder: "INBOX", heard: false, urgent: true },
  Old: { folder: "INBOX", heard: true, urgent: false },
  Work: { folder: "Work", heard: true, urgent: false },
  Family: { folder: "Family", heard: true, urgent: false },
  Friends: { folder: "Friends", heard: true, urgent: false },
  Cust1: { folder: "Cust1", heard: true, urgent: false },
  Cust2: { folder: "Cust2", heard: true, urgent: false },
  Cust3: { folder: "Cust3", heard: true, urgent: false },
  Cust4: { folder: "Cust4", heard: true, urgent: false },
  Cust5: { folder: "Cust5", heard: true, urgent: false },
  Deleted: { folder: "Trash", heard: true, urgent: false },
};

export const GREETING_FILES: Readonly<Record<GreetingKind, string>> = {
  unavailable: "unavail",
  busy: "busy",
  temporary: "temp",
  name: "greet",
};

/** Endings of audio, the ones that sound best first; `WAV` and `wav49` are GSM in a RIFF file. */
export const FORMATS = [
  "wav",
  "g722",
  "ulaw",
  "alaw",
  "sln",
  "flac",
  "ogg",
  "opus",
  "mp3",
  "m4a",
  "au",
  "WAV",
  "wav49",
  "gsm",
] as const;

export type Format = (typeof FORMATS)[number];

export function typeOf(format: Format): string {
  return contentTypeOf(format === "wav49" ? "wav" : format) ?? "application/octet-stream";
}

/** `0007` of `msg0007.txt`, `msg0007.wav`; more than four digits from the 10,000th on. */
export function messageNumber(file: string): string | undefined {
  return /^msg(\d{4,9})\.\w+$/.exec(file)?.[1];
}
