import { closeSync, openSync, readSync } from "node:fs";

/**
 * The file name ending by which Asterisk chooses the format of audio. WAV holds several codecs, and stored messages are
 * often called `audio/x-wav` whatever is in them, so a WAV file is asked itself.
 */
export function audioEnding(path: string, contentType: string): string {
  const wav = wavEnding(path);
  if (wav) return wav;
  const [type = "", codec] = contentType.toLowerCase().split(/;\s*/);
  return (codec?.includes("gsm") ? "gsm" : ENDINGS[type]) ?? "wav";
}

const ENDINGS: Readonly<Record<string, string>> = {
  "audio/gsm": "gsm",
  "audio/x-gsm": "gsm",
  "audio/basic": "ulaw",
  "audio/pcmu": "ulaw",
  "audio/x-ulaw": "ulaw",
  "audio/pcma": "alaw",
  "audio/x-alaw": "alaw",
  "audio/g722": "g722",
  "audio/ogg": "ogg",
};

/** Asterisk's `.wav49`, GSM in a WAV, is upper case in app_voicemail's mails; `.wav16` is 16 kHz. */
function wavEnding(path: string): string | undefined {
  const header = Buffer.alloc(28);
  const file = openSync(path, "r");
  try {
    if (readSync(file, header) < header.length) return undefined;
  } finally {
    closeSync(file);
  }
  if (header.toString("latin1", 0, 4) !== "RIFF" || header.toString("latin1", 8, 12) !== "WAVE")
    return undefined;
  if (header.readUInt16LE(20) === GSM) return "wav49";
  return header.readUInt32LE(24) === 16_000 ? "wav16" : "wav";
}

/** WAVE_FORMAT_GSM610. */
const GSM = 0x31;
