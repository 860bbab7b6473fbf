import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMirror } from "../../src/storage/compose/mirror/engine.ts";
import type { MirrorOptions } from "../../src/storage/compose/mirror/options.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
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
