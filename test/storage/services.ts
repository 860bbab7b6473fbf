import { FOLDERS } from "../../src/model/folder.ts";
import { GREETINGS } from "../../src/model/greeting.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import { weigh, weighMessage } from "../../src/storage/carry/weigh.ts";
import type { Engine, Ref } from "../../src/storage/engine.ts";
import type { Finding, Report } from "../../src/storage/services/report.ts";
import { knownMailboxes, walk } from "../../src/storage/services/walk.ts";
import { bytesOf } from "./samples.ts";

export const ALICE: MailboxAddress = { mailbox: "1001", context: "default" };
export const BOB: MailboxAddress = { mailbox: "1002", context: "default" };

/** What the engine tells itself, without a configuration. */
export const told = knownMailboxes(() => []);

export function reporting(onProgress: (done: number) => void = () => {}): {
  report: Report;
  findings: Finding[];
} {
  const findings: Finding[] = [];
  const report = {
    progress: ({ done }: { done: number }) => onProgress(done),
    finding: (finding: Finding) => findings.push(finding),
  };
  return { report, findings };
}

/** Everything that a store holds, in a form that two stores can be compared by; keys are each engine's own. */
export async function contentsOf(
  engine: Engine,
  mailboxes: readonly MailboxAddress[] = [ALICE, BOB],
): Promise<unknown[]> {
  const contents: unknown[] = [];
  for (const mailbox of mailboxes) {
    const messages: Array<{ id: string }> = [];
    for await (const { ref, envelope } of walk(engine, mailbox, { folders: FOLDERS })) {
      const text = await engine.readText?.(ref);
      messages.push({
        ...envelope,
        ...(text === undefined ? {} : { text }),
        ...(await extrasOf(engine, ref)),
        audio: await weighMessage(engine, ref),
      } as never);
    }
    messages.sort((a, b) => (a.id < b.id ? -1 : 1));
    const greetings: unknown[] = [];
    for (const kind of GREETINGS) {
      const part = await engine.readGreeting?.(mailbox, kind);
      if (part) greetings.push([kind, part.contentType, await weigh(part)]);
    }
    contents.push({ mailbox, messages, greetings });
  }
  return contents;
}

async function extrasOf(engine: Engine, ref: Ref): Promise<{ extras?: string }> {
  const stream = await engine.readExtras?.(ref);
  return stream ? { extras: (await bytesOf(stream)).toString("latin1") } : {};
}
