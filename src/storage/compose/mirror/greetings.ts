import { VoxpostError } from "../../../errors.ts";
import { GREETINGS, type GreetingKind } from "../../../model/greeting.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import { copyGreeting } from "../../carry/greetings.ts";
import type { Engine, Report } from "../../engine.ts";
import { throwIfAborted } from "../../faults.ts";
import { type Member, type Members, missedBy, missedIn } from "./members.ts";
import { GONE } from "./states.ts";

type Greetings = Required<Pick<Engine, "readGreeting" | "writeGreeting" | "removeGreeting">>;

/** Greetings in every engine that keeps them. Each write replaces the one before, so the last that was made counts. */
export function mirrorGreetings(members: Members): Greetings {
  const { marks } = members;
  const keepers = members.all.filter(({ engine }) => engine.capabilities.greetings);

  const onAll = async (
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal: AbortSignal | undefined,
    work: (engine: Engine) => Promise<void> | undefined,
    isEnough: (done: readonly Member[]) => boolean,
  ): Promise<Member[]> => {
    throwIfAborted(signal);
    const done: Member[] = [];
    const faults: unknown[] = [];
    // Marked as missed by all before the first has it, so that a program that is killed leaves no difference unseen.
    await marks.set(mailbox, subject(kind), ...keepers.map(({ at }) => missedBy(at)));
    for (const member of keepers) {
      try {
        await work(member.engine);
        done.push(member);
      } catch (error) {
        members.noticed(member, error);
        faults.push(error);
        if (signal?.aborted || !(error instanceof VoxpostError)) break;
      }
    }
    if (done.length > 0) await marks.unset(mailbox, subject(kind), ...done.map(({ at }) => missedBy(at)));
    if (faults.length > 0 && !isEnough(done)) throw faults[0];
    return done;
  };

  return {
    async readGreeting(mailbox, kind, signal) {
      const missed = missedIn(await marks.of(mailbox, subject(kind)));
      const order = [...keepers].sort(
        (a, b) => Number(missed.includes(a.at)) - Number(missed.includes(b.at)),
      );
      return members.first(
        mailbox,
        signal,
        async ({ engine }) => engine.readGreeting?.(mailbox, kind, signal),
        order,
      );
    },
    async writeGreeting(mailbox, kind, audio, signal) {
      await marks.unset(mailbox, subject(kind), GONE);
      const write = (engine: Engine) => engine.writeGreeting?.(mailbox, kind, audio, signal);
      await onAll(mailbox, kind, signal, write, (done) => members.isEnough(done));
    },
    async removeGreeting(mailbox, kind, signal) {
      const remove = (engine: Engine) => engine.removeGreeting?.(mailbox, kind, signal);
      const done = await onAll(mailbox, kind, signal, remove, (removed) => removed.length > 0);
      if (done.length < keepers.length) await marks.set(mailbox, subject(kind), GONE);
    },
  };
}

/** Gives those that missed a greeting the one that is in force, or takes away what was removed. */
export async function settleGreetings(
  members: Members,
  mailbox: MailboxAddress,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const kind of GREETINGS) {
    const marked = await members.marks.of(mailbox, subject(kind));
    const missed = missedIn(marked);
    if (missed.length === 0) continue;
    const keepers = members.all.filter(({ engine }) => engine.capabilities.greetings);
    const behind = keepers.filter(({ at }) => missed.includes(at));
    // When a program was killed all may be behind: then the first has what was written last.
    const [from] = [...keepers.filter(({ at }) => !missed.includes(at)), ...behind];
    for (const { engine } of behind) {
      if (marked.has(GONE)) await engine.removeGreeting?.(mailbox, kind, signal);
      else if (from && engine !== from.engine) await copyGreeting(from.engine, mailbox, kind, engine, signal);
    }
    await members.marks.unset(mailbox, subject(kind), ...missed.map(missedBy), GONE);
    report({ what: `the ${kind} greeting is the same in all engines again`, done: true });
  }
}

/** No message has such an id. */
function subject(kind: GreetingKind): string {
  return `greeting:${kind}`;
}
