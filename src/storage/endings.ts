/** Endings by media type, so that a player on a shell knows what it is given. The first of a type is what we write. */
const ENDINGS: ReadonlyArray<readonly [ending: string, contentType: string]> = [
  ["wav", "audio/wav"],
  ["wav", "audio/x-wav"],
  ["wav", "audio/wave"],
  ["wav", "audio/vnd.wave"],
  ["gsm", "audio/gsm"],
  ["gsm", "audio/x-gsm"],
  ["ulaw", "audio/pcmu"],
  ["au", "audio/basic"],
  ["alaw", "audio/pcma"],
  ["g722", "audio/g722"],
  ["sln", "audio/l16"],
  ["ogg", "audio/ogg"],
  ["opus", "audio/opus"],
  ["mp3", "audio/mpeg"],
  ["m4a", "audio/mp4"],
  ["flac", "audio/flac"],
  ["webm", "audio/webm"],
];

export function endingOf(contentType: string): string {
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  return ENDINGS.find(([, known]) => known === type)?.[0] ?? "bin";
}

/** Undefined for a file that is no audio of a kind that we know. */
export function contentTypeOf(file: string): string | undefined {
  const ending = file.slice(file.lastIndexOf(".") + 1).toLowerCase();
  return ENDINGS.find(([known]) => known === ending)?.[1];
}
