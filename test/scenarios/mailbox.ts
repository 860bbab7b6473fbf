import { expect } from "vitest";
import { createLogger } from "../../src/log.ts";
import type { Folder } from "../../src/model/folder.ts";
import type { PartKind } from "../../src/model/message.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { frequencyOf } from "../asterisk/wav.ts";
import type { HeardMessage, MailboxView } from "./world.ts";

/** Until a condition holds; throws, saying what was waited for. */
export type Eventually = (condition: () => Promise<boolean>, what: () => string) => Promise<void>;

/** Opens the storage of the program under test a second time, to look into mailboxes from outside. */
export async function openStorage(tree: unknown, folder: string): Promise<Engine> {
  const engine = createEngine(tree, { log: createLogger("silent"), folder });
  await engine.open();
  return engine;
}

export function viewMailbox(
  engine: Engine,
  number: string,
  eventually: Eventually,
  pause: () => Promise<void>,
): MailboxView {
  const address = { mailbox: number, context: "default" };
  return {
    async has(wanted, folder = "INBOX") {
      let seen = "";
      await eventually(
        async () => {
          const counts = await engine.count(address, folder);
          seen = `${counts.urgent} urgent, ${counts.new} new, ${counts.old} old`;
          const { urgent = 0, new: unheard = 0, old = 0 } = wanted;
          return counts.urgent === urgent && counts.new === unheard && counts.old === old;
        },
        () => `${number} ${folder} to have ${JSON.stringify(wanted)}; it has ${seen}`,
      );
    },
    async greets(kind) {
      await eventually(
        async () => {
          const part = await engine.readGreeting?.(address, kind);
          part?.stream.destroy();
          return part !== undefined;
        },
        () => `${number} to have the greeting ${kind}`,
      );
    },
    async staysEmpty() {
      await pause();
      expect(await engine.count(address, "INBOX")).toEqual({ urgent: 0, new: 0, old: 0 });
    },
    messages: (folder = "INBOX") => readAll(engine, address, folder),
  };
}

async function readAll(
  engine: Engine,
  address: { mailbox: string; context: string },
  folder: Folder,
): Promise<HeardMessage[]> {
  const { entries } = await engine.list(address, folder, { view: "all", limit: 100 });
  const messages: HeardMessage[] = [];
  for (const { ref, envelope } of entries) {
    const voices: Partial<Record<PartKind, number>> = {};
    for (const { kind, stream } of await engine.read(ref)) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(Buffer.from(chunk));
      voices[kind] = frequencyOf(Buffer.concat(chunks));
    }
    const { voice, comment } = voices;
    if (voice === undefined) throw new Error(`a message of ${address.mailbox} has no audio`);
    const { id, caller, receivedAt, duration, heard } = envelope;
    messages.push({
      id,
      caller,
      receivedAt,
      duration,
      heard,
      voice,
      ...(comment === undefined ? {} : { comment }),
    });
  }
  return messages;
}
