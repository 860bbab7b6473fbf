import { VoxpostError } from "../../../errors.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import type { Engine } from "../../engine.ts";
import type { Marks } from "../../marks.ts";

/** A record of ours: it hides what is below, whatever anybody calls a message, a folder or a caller. */
export const TOMBSTONE = "tombstone";

type Greetings = Required<Pick<Engine, "readGreeting" | "removeGreeting">>;

/** The upper engine's greeting; without one the first below, unless the owner removed it. */
export function greetingsThrough(upper: Engine, lower: readonly Engine[], marks: Marks): Greetings {
  return {
    async readGreeting(mailbox, kind, signal) {
      const own = await upper.readGreeting?.(mailbox, kind, signal);
      if (own || (await marks.of(mailbox, subject(kind))).has(TOMBSTONE)) return own;
      for (const engine of lower) {
        const below = await engine.readGreeting?.(mailbox, kind, signal);
        if (below) return below;
      }
      return undefined;
    },
    async removeGreeting(mailbox, kind, signal) {
      if (!upper.removeGreeting) throw new VoxpostError("UNSUPPORTED", `${upper.name} keeps no greetings`);
      // Hidden first: a program that is killed between leaves the owner's own in force, not the one below.
      if (lower.some(({ readGreeting }) => readGreeting)) await marks.set(mailbox, subject(kind), TOMBSTONE);
      await upper.removeGreeting(mailbox, kind, signal);
    },
  };
}

/** No message has such an id. */
function subject(kind: GreetingKind): string {
  return `greeting:${kind}`;
}
