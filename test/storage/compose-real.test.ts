import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { Engine } from "../../src/storage/engine.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { archivesAtOnce } from "./composites.ts";
import { type Harness, testEngine } from "./contract.ts";
import { BEARER, serve } from "./http-server.ts";
import { type ImapServer, PIN, startImapServer } from "./imap-server.ts";
import { recordingLog } from "./samples.ts";

/**
 * The contract over composites of the engines that people compose: an IMAP server, a database, a server behind HTTP and an old
 * spool. The others are in compose-contract.test.ts; there they are composed of what is fast.
 */

let imap: ImapServer;
beforeAll(async () => {
  imap = await startImapServer();
});
afterAll(() => imap?.stop());

const runs = process.env.VOXPOST_TEST_ALL ? 10 : 1;

/** Where composites differ from the engines inside: pages, counts and moves over both, and what several programs see. */
const SHORT = [
  "a message comes back with everything that was said of it",
  "pages join to the whole, in every view",
  "the next page stays right when messages come and go between",
  "a search by flags and folders finds what is there now",
  "a moved message is in one folder only, whole, with its flags",
  "a removed message is gone for good, and may be removed again",
  "a watcher is told of what another program does",
  "everything is there after a restart",
  "two programs on one store see each other's work at once",
  "any sequence of operations ends as a simple model does",
];

/** What a tree is made of; the servers behind it have nothing in them yet. */
interface Parts {
  readonly imap: Record<string, unknown>;
  readonly sql: Record<string, unknown>;
  readonly spool: Record<string, unknown>;
  readonly http: Record<string, unknown>;
  file(name: string): Record<string, unknown>;
}

interface Options extends Omit<Harness, "name" | "fresh"> {
  readonly wrap?: (engine: Engine) => Engine;
}

function testTree(
  name: string,
  tree: (parts: Parts) => Record<string, unknown>,
  { wrap = (engine) => engine, ...options }: Options = {},
): void {
  testEngine({
    runs,
    short: SHORT,
    sameTime: "any",
    ...options,
    name,
    async fresh() {
      const folder = await mkdtemp(join(tmpdir(), "voxpost-compose-"));
      const number = imap.freshNumber();
      await mkdir(join(folder, "spool"));
      const http = await serve();
      const parts: Parts = {
        imap: imap.tree(),
        sql: { engine: "sql", url: "sqlite:voicemail.db", max_bytes: 50_000_000, poll_ms: 20 },
        spool: { engine: "spool", path: join(folder, "spool") },
        http: { engine: "http", url: http.url, token: BEARER, without: ["authenticate"] },
        file: (path) => ({ engine: "file", path: join(folder, path) }),
      };
      return {
        mailbox: { mailbox: number, context: "default" },
        similar: { mailbox: `${number}0`, context: "default" },
        elsewhere: { mailbox: number, context: "sales" },
        pin: PIN,
        async open() {
          const place = { folder, data: join(folder, "data"), log: recordingLog().log };
          const engine = wrap(createEngine(tree(parts), place));
          await engine.open();
          return engine;
        },
        async dispose() {
          await http.dispose();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  });
}

testTree("route: folders on imap and file", ({ imap: inbox, file }) => ({
  engine: "route",
  engines: { mail: inbox, disk: file("disk") },
  default: "mail",
  rules: [{ folder: ["Work", "Trash"], to: "disk" }],
}));

testTree(
  "mirror of imap and sql",
  ({ imap: primary, sql }) => ({ engine: "mirror", primary, replicas: [sql], write: "all" }),
  { movers: "both" },
);

testTree(
  "archive of imap in a file, that archives all the time",
  ({ imap: live, file }) => ({ engine: "archive", live, archive: file("old"), after: "90d" }),
  {
    wrap: archivesAtOnce,
    skip: {
      "tells the room that is left": "what the case stores is archived at once",
      "a watcher is told of what another program does":
        "what it stores is archived before Dovecot tells of it",
    },
  },
);

testTree(
  "overlay of imap on a spool",
  ({ imap: upper, spool }) => ({ engine: "overlay", upper, lower: [spool] }),
  { movers: "both" },
);

testTree("overlay of sql on a spool", ({ sql, spool }) => ({
  engine: "overlay",
  upper: sql,
  lower: [spool],
}));

testTree("merge by hash of http and sql", ({ http, sql }) => ({
  engine: "merge",
  engines: [http, sql],
  place: "hash",
}));
