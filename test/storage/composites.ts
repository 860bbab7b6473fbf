import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import { createMirror } from "../../src/storage/compose/mirror/engine.ts";
import type { MirrorOptions } from "../../src/storage/compose/mirror/options.ts";
import { createRoute } from "../../src/storage/compose/route/engine.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { same } from "../../src/storage/layers/layer.ts";
import { Marks } from "../../src/storage/marks.ts";
import { type Harness, testEngine } from "./contract.ts";
import { recordingLog } from "./samples.ts";

/** Where the engines of one composite keep what they have: the same for every program that opens it. */
export interface Site {
  readonly folder: string;
  readonly marks: Marks;
  /** An engine over the memory, or the folder, of this name; another one each time. */
  memory(name: string, maxBytes?: number): Engine;
  file(name: string): Engine;
  dispose(): Promise<void>;
}

/** Everything is in `a`, but for the folder Work, which is in `b`. */
export function routeByFolder(a: Engine, b: Engine, marks: Marks): Engine {
  return createRoute({
    engines: new Map([
      ["a", a],
      ["b", b],
    ]),
    default: "a",
    rules: [{ folder: ["Work"], to: "b" }],
    attributesOf: () => ({}),
    marks,
  });
}

export async function newSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "voxpost-compose-"));
  const memories = new Map<string, MemoryData>();
  return {
    folder,
    marks: new Marks(join(folder, "notes"), recordingLog().log),
    memory(name, maxBytes) {
      const data = memories.get(name) ?? new MemoryData();
      memories.set(name, data);
      return new MemoryEngine(data, maxBytes);
    },
    file: (name) => new FileEngine({ root: join(folder, name), log: recordingLog().log }),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The contract over a composite of memory and file engines. */
export function testComposite(
  name: string,
  create: (site: Site) => Engine,
  options: Omit<Harness, "name" | "fresh"> = {},
): void {
  testEngine({
    ...options,
    name,
    async fresh() {
      const site = await newSite();
      return {
        mailbox: { mailbox: "10", context: "default" },
        similar: { mailbox: "100", context: "default" },
        elsewhere: { mailbox: "10", context: "sales" },
        async open() {
          const engine = create(site);
          await engine.open();
          return engine;
        },
        dispose: site.dispose,
      };
    },
  });
}

/** The first is the primary; who does not answer is passed over quickly, and asked again at once. */
export function mirrorOf(engines: readonly Engine[], marks: Marks, write: MirrorOptions["write"]): Engine {
  const [primary, ...replicas] = engines;
  if (!primary) throw new Error("a mirror needs an engine");
  return createMirror({ primary, replicas, marks, write, answer_ms: 2_000, transfer_ms: 10_000, away_ms: 1 });
}

/** Whatever is stored or moved is archived at once when it is old: what the contract sees is always in both engines. */
export function archivesAtOnce(archive: Engine): Engine {
  const tidied = async (id: string, mailbox: MailboxAddress, signal?: AbortSignal) => {
    await archive.tidy?.(mailbox, () => {}, signal);
    const [entry] = await archive.find(mailbox, { id }, signal);
    if (!entry) throw new Error("archiving lost a message");
    return entry;
  };
  return {
    ...same(archive),
    async append(folder, message, signal) {
      await archive.append(folder, message, signal);
      return tidied(message.id, message.mailbox, signal);
    },
    async move(ref, to, signal) {
      const moved = await archive.move(ref, to, signal);
      const [, id = ""] = moved.key.split(".");
      return (await tidied(id, ref.mailbox, signal)).ref;
    },
  };
}
