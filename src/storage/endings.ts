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

/** What the archive compresses has this behind its media type (RFC 6839), and `.gz` behind its name. */
const GZIP = "+gzip";

export function endingOf(contentType: string): string {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const packed = type.endsWith(GZIP);
  const plain = packed ? type.slice(0, -GZIP.length) : type;
  return (ENDINGS.find(([, known]) => known === plain)?.[0] ?? "bin") + (packed ? ".gz" : "");
}

/** Undefined for a file that is no audio of a kind that we know. */
export function contentTypeOf(file: string): string | undefined {
  const packed = file.toLowerCase().endsWith(".gz");
  const plain = packed ? file.slice(0, -".gz".length) : file;
  const ending = plain.slice(plain.lastIndexOf(".") + 1).toLowerCase();
  const type = ENDINGS.find(([known]) => known === ending)?.[1];
  return type && packed ? type + GZIP : type;
}
