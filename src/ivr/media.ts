import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Context, Hono } from "hono";
import { type Listening, listen } from "../listen.ts";
import type { Logger } from "../log.ts";
import { wavHeader } from "../model/wav.ts";
import { audioEnding } from "./audio-ending.ts";
import { isPrompt } from "./prompts.ts";

export interface MediaOptions {
  /** Address to listen on. */
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
  /** How Asterisk reaches us; default `http://host:port`. */
  readonly url?: string;
  readonly log: Logger;
  /** Folder of our own recordings, one folder a language; default: the project's `sounds/`. */
  readonly sounds?: string;
  /** Sounds of Asterisk's that a site has instead of prompts. Default none. */
  readonly prompts?: Readonly<Record<string, string>>;
  /** A published file is served at most this long; default 12 hours, as a paused playback fetches again. */
  readonly expireMs?: number;
}

/** A file that Asterisk may fetch, at a URL that nobody can guess. */
export interface Published {
  readonly url: string;
  /** Bytes handed out so far, all fetches together. */
  readonly bytesServed: number;
  /** Fetched to its end at least once. */
  readonly served: boolean;
  /** Whether anybody has ever begun to fetch it; resolves when nobody is fetching it any more. */
  fetched(): Promise<boolean>;
  /** From now on the answer is 410. Resolves when somebody has been told so; see `MediaCache`. */
  withdraw(): Promise<void>;
}

interface Item {
  readonly path: string;
  readonly expires: number;
  bytesServed: number;
  served: boolean;
  /** Ends of all fetches so far. */
  readonly fetches: Promise<unknown>[];
  /** Set when withdrawn; called at the first request after that. */
  told: (() => void) | undefined;
}

const DAY_SECONDS = 86_400;

/**
 * Asterisk cuts the path of its cached copy to the length of the URL that it was fetched from, and then plays nothing; so every URL
 * has room for an `astcachedir` of some 80 characters. Not for more: Asterisk takes no request of over 4,096, and lists are long.
 */
const ROOM = `/${"-".repeat(64)}`;

/** The HTTP server from which Asterisk fetches messages, greetings and our own sounds. */
export class Media {
  readonly #options: MediaOptions;
  readonly #items = new Map<string, Item>();
  #listening: Listening | undefined;
  #base = "";

  constructor(options: MediaOptions) {
    this.#options = options;
  }

  /** @throws VoxpostError CONFIG_INVALID when the address cannot be listened on */
  async listen(): Promise<void> {
    const { host, port, url } = this.#options;
    const app = new Hono().basePath(ROOM);
    app.get("/m/:name", (context) => this.#message(context));
    app.get("/sounds/:language/:name", (context) => this.#ourSound(context));
    app.get("/silence/:name", (context) => silence(context));
    this.#listening = await listen({ fetch: app.fetch, host, port, key: "media" });
    this.#base = (url?.replace(/\/+$/, "") ?? this.#listening.url) + ROOM;
  }

  async close(): Promise<void> {
    await this.#listening?.close();
  }

  publish(path: string, contentType: string): Published {
    this.#removeExpired();
    const name = `${randomBytes(16).toString("hex")}.${audioEnding(path, contentType)}`;
    const item: Item = {
      path,
      expires: Date.now() + (this.#options.expireMs ?? 12 * 3_600_000),
      bytesServed: 0,
      served: false,
      fetches: [],
      told: undefined,
    };
    this.#items.set(name, item);
    return {
      url: `${this.#base}/m/${name}`,
      get bytesServed() {
        return item.bytesServed;
      },
      get served() {
        return item.served;
      },
      async fetched() {
        await Promise.all(item.fetches);
        return item.fetches.length > 0;
      },
      withdraw: () =>
        new Promise((resolve) => {
          item.told = () => {
            this.#items.delete(name);
            resolve();
          };
        }),
    };
  }

  siteSound(prompt: string): string | undefined {
    return this.#options.prompts?.[prompt];
  }

  ourSound(language: string, name: string): string {
    return `${this.#base}/sounds/${language}/${name}.wav`;
  }

  /** At most ten seconds. */
  silence(milliseconds: number): string {
    return `${this.#base}/silence/${Math.min(Math.max(Math.round(milliseconds), 20), 10_000)}.wav`;
  }

  async #message(context: Context): Promise<Response> {
    const item = this.#items.get(context.req.param("name") ?? "");
    if (!item || item.told || item.expires < Date.now()) {
      item?.told?.();
      return context.body(null, 410, { "cache-control": "no-store" });
    }
    const audio = Readable.from(counted(item));
    item.fetches.push(new Promise((resolve) => audio.once("close", resolve)));
    const size = (await stat(item.path).catch(() => undefined))?.size;
    if (size === undefined) {
      audio.destroy();
      return context.body(null, 404);
    }
    return context.body(Readable.toWeb(audio) as ReadableStream, 200, {
      // Asterisk would choose the format by a media type that it knows; the ending in the URL is surer.
      "content-type": "application/octet-stream",
      "content-length": String(size),
      "cache-control": "no-store",
    });
  }

  async #ourSound(context: Context): Promise<Response> {
    const { language = "", name = "" } = context.req.param();
    if (
      !/^[a-z]{2,3}(_[A-Z]{2})?$/.test(language) ||
      !isPrompt(`voxpost/${name.replace(/\.wav$/, "")}`, language)
    ) {
      return context.body(null, 404);
    }
    const path = `${this.#options.sounds ?? OUR_SOUNDS}/${language}/${name}`;
    const size = (await stat(path).catch(() => undefined))?.size;
    if (size === undefined) return context.body(null, 404);
    return context.body(Readable.toWeb(createReadStream(path)) as ReadableStream, 200, {
      "content-type": "audio/wav",
      "content-length": String(size),
      "cache-control": `max-age=${DAY_SECONDS}`,
    });
  }

  #removeExpired(): void {
    const now = Date.now();
    for (const [name, item] of this.#items) if (item.expires < now) this.#items.delete(name);
  }
}

const OUR_SOUNDS = fileURLToPath(new URL("../../sounds", import.meta.url));

async function* counted(item: Item): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(item.path)) {
    item.bytesServed += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  item.served = true;
}

/** Asterisk's own silences are of whole seconds. */
function silence(context: Context): Response {
  const milliseconds = Number(/^(\d{2,5})\.wav$/.exec(context.req.param("name") ?? "")?.[1] ?? 0);
  if (milliseconds < 20 || milliseconds > 10_000) return context.body(null, 404);
  const samples = milliseconds * 8;
  const wav = Buffer.concat([wavHeader(samples * 2), Buffer.alloc(samples * 2)]);
  return context.body(new Uint8Array(wav), 200, {
    "content-type": "audio/wav",
    "cache-control": `max-age=${DAY_SECONDS}`,
  });
}
