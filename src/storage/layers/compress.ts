import { pipeline, Readable } from "node:stream";
import * as zlib from "node:zlib";
import { z } from "zod";
import { VoxpostError } from "../../errors.ts";
import type { AudioPart, AudioSource } from "../../model/message.ts";
import type { Engine } from "../engine.ts";
import { same } from "./layer.ts";

export const compression = z
  .enum(["gzip", "zstd"])
  .refine((how) => how !== "zstd" || "createZstdCompress" in zlib, "zstd needs Node 22.15; use gzip");

type Compression = z.output<typeof compression>;

/**
 * Keeps audio compressed in the engine inside. What is compressed says so in its media type, by a suffix of RFC 6839:
 * `audio/wav+gzip`; so each message is opened rightly whatever the option says today.
 */
export function withCompression(inner: Engine, how: Compression): Engine {
  return {
    ...same(inner),
    append: (folder, message, signal) =>
      inner.append(
        folder,
        { ...message, audio: message.audio.map((source) => compressed(source, how)) },
        signal,
      ),
    async read(ref, signal) {
      return (await inner.read(ref, signal)).map(decompressed);
    },
  };
}

function compressed(source: AudioSource, how: Compression): AudioSource {
  return {
    ...source,
    contentType: `${source.contentType}+${how}`,
    open: async (signal) => through(await source.open(signal), compressor(how)),
  };
}

function decompressed(part: AudioPart): AudioPart {
  const [, contentType, how] = /^(.+)\+(gzip|zstd)$/.exec(part.contentType) ?? [];
  if (contentType === undefined) return part;
  const bytes = through(part.stream, how === "gzip" ? zlib.createGunzip() : zstd("createZstdDecompress"));
  const stream = Readable.from(explained(bytes), { objectMode: false });
  stream.once("close", () => bytes.destroy());
  return { ...part, contentType, stream };
}

/** A damaged file is told of as any other damaged message. */
async function* explained(bytes: Readable): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    throw VoxpostError.from(error, "MESSAGE_MALFORMED", "Compressed audio is damaged");
  }
}

/** Whoever reads the result gets the source's error, and dropping it drops the source. */
function through(source: Readable, into: NodeJS.ReadWriteStream & Readable): Readable {
  pipeline(source, into, () => {});
  return into;
}

function compressor(how: Compression): NodeJS.ReadWriteStream & Readable {
  return how === "gzip" ? zlib.createGzip() : zstd("createZstdCompress");
}

/** The types of Node 20 do not know it, nor does Node 20 itself; later versions do. */
function zstd(name: "createZstdCompress" | "createZstdDecompress"): NodeJS.ReadWriteStream & Readable {
  const create: unknown = Reflect.get(zlib, name);
  if (typeof create === "function") return create();
  throw new VoxpostError("UNSUPPORTED", "This Node has no zstd: run Voxpost on Node 22.15 or later");
}
