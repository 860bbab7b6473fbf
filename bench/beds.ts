import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lab, startLab } from "../lab/lab.ts";
import { createLogger } from "../src/log.ts";
import type { Engine } from "../src/storage/engine.ts";
import { createEngine } from "../src/storage/registry.ts";
import { serveStorage } from "../src/storage/server/serve.ts";
import { type ImapProxy, startImapProxy } from "../test/storage/imap-proxy.ts";
import { type Fill, throughEngine, throughImap } from "./fill.ts";
import { RawImap } from "./raw-imap.ts";

type End = () => Promise<void>;

/** One engine on its ground, with the raw limit below it. */
export interface Bed {
  readonly name: string;
  /** A fresh engine: connections are opened anew. */
  open(): Promise<Engine>;
  readonly fill: Fill;
  /** What was sent to a server since the last call; undefined where there is none. */
  commands?(): string[];
  /** Repeats what the engine has sent, or reads bare files of the same number and size. Connections are ended by what they resolve to. */
  raw?: {
    page(mailbox: string, messages: number, sent: readonly string[]): Promise<End>;
    audio(mailbox: string, bytes: number, sent: readonly string[]): Promise<End>;
    append(mailbox: string, bytes: number): Promise<() => Promise<void>>;
  };
  close(): Promise<void>;
}

export const BEDS: Readonly<Record<string, (lab: Lab) => Promise<Bed>>> = {
  memory: async () => {
    const engine = make({ engine: "memory" });
    return {
      name: "memory",
      open: async () => engine,
      fill: throughEngine(engine),
      close: () => engine.close(),
    };
  },
  file: async () => onDisk("file", (path) => ({ engine: "file", path })),
  sqlite: async () =>
    onDisk("sql (SQLite)", (path) => ({ engine: "sql", url: `sqlite://${path}/voxpost.db` })),
  http: overHttp,
  imap: (lab) => overImap(lab, "imap (Dovecot)"),
  away: (lab) => overImap(lab, `imap, ${AWAY_MS} ms away`, { delayMs: AWAY_MS }),
};

/** A round trip to a mail server in the same country, milliseconds. */
const AWAY_MS = 10;

export function startBenchLab(say: (line: string) => void): Promise<Lab> {
  return startLab({ servers: ["imap"], say });
}

function make(tree: Record<string, unknown>): Engine {
  return createEngine(tree, { log: createLogger("silent"), folder: tmpdir() });
}

async function onDisk(name: string, tree: (path: string) => Record<string, unknown>): Promise<Bed> {
  const folder = mkdtempSync(join(tmpdir(), "voxpost-bench-"));
  const open = async () => make(tree(join(folder, "store")));
  const filler = await open();
  await filler.open();
  return {
    name,
    open,
    fill: throughEngine(filler),
    raw: bareFiles(join(folder, "raw")),
    close: async () => {
      await filler.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function overHttp(): Promise<Bed> {
  const ground = await onDisk("http over file", (path) => ({ engine: "file", path }));
  const inner = await ground.open();
  await inner.open();
  const token = randomBytes(16).toString("hex");
  const server = await serveStorage(inner, {
    host: "127.0.0.1",
    port: 0,
    token,
    log: createLogger("silent"),
  });
  return {
    ...ground,
    open: async () => make({ engine: "http", url: server.url, token }),
    close: async () => {
      await server.close();
      await inner.close();
      await ground.close();
    },
  };
}

async function overImap({ imap }: Lab, name: string, link: { delayMs?: number } = {}): Promise<Bed> {
  if (!imap) throw new Error("this measurement needs the mail server");
  const { proxy: login } = imap;
  const away = link.delayMs ? await startImapProxy(imap.port, link) : undefined;
  const port = away?.port ?? imap.port;
  const proxy: ImapProxy = await startImapProxy(port);
  const tree = { engine: "imap", host: imap.host, tls: "none", proxy: login };
  let through = port;
  const replay = async (sent: readonly string[]) => {
    const raw = await RawImap.open(port);
    await raw.run(sent.filter((command) => command !== "LOGOUT"));
    return () => raw.logout();
  };
  const loggedIn = async (mailbox: string) => {
    const raw = await RawImap.open(port);
    await raw.login(mailbox, login.user, login.password);
    return raw;
  };
  return {
    name,
    open: async () => make({ ...tree, port: through }),
    fill: throughImap(loggedIn),
    // What is counted goes through a proxy; what is timed does not.
    commands: () => {
      through = through === port ? proxy.port : port;
      return proxy.commands.splice(0);
    },
    raw: {
      page: (_mailbox, _messages, sent) => replay(sent),
      audio: (_mailbox, _bytes, sent) => replay(sent),
      append: async (mailbox, bytes) => {
        const raw = await loggedIn(mailbox);
        const lines = Math.ceil((bytes * 4) / 3 / 76);
        const mail = `Subject: bare\r\n\r\n${`${"A".repeat(76)}\r\n`.repeat(lines)}`;
        return () => raw.append(mail);
      },
    },
    close: async () => {
      await proxy.close();
      await away?.close();
    },
  };
}

const nothing: End = async () => {};

/** As many names and small files as a page shows, the first bytes of audio, and a file that is on the disk. */
function bareFiles(folder: string): NonNullable<Bed["raw"]> {
  const made = new Map<string, Promise<void>>();
  const once = (name: string, work: () => Promise<void>) => {
    const working = made.get(name) ?? mkdir(join(folder, name), { recursive: true }).then(work);
    made.set(name, working);
    return working;
  };
  return {
    page: async (_, messages) => {
      const path = join(folder, String(messages));
      await once(String(messages), async () => {
        for (let each = 0; each < messages; each++)
          await write(join(path, `${each}.json`), Buffer.alloc(600), false);
      });
      const names = await readdir(path);
      await Promise.all(names.slice(0, 25).map((name) => readFile(join(path, name))));
      return nothing;
    },
    audio: async (_, bytes) => {
      const path = join(folder, "audio", "voice.wav");
      await once("audio", () => write(path, Buffer.alloc(bytes), false));
      const file = await open(path);
      await file.read(Buffer.alloc(64 * 1024));
      return () => file.close();
    },
    append: async (_, bytes) => {
      await once("append", async () => {});
      let count = 0;
      return async () => {
        const path = join(folder, "append", String(count++));
        await write(`${path}.new`, Buffer.alloc(bytes), true);
        await rename(`${path}.new`, path);
        const parent = await open(join(folder, "append"));
        await parent.sync();
        await parent.close();
      };
    },
  };
}

async function write(path: string, data: Buffer, durably: boolean): Promise<void> {
  const file = await open(path, "w");
  await file.writeFile(data);
  if (durably) await file.sync();
  await file.close();
}
