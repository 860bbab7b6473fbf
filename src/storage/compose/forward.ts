import { VoxpostError } from "../../errors.ts";
import type { MailboxAddress } from "../../model/mailbox.ts";
import type { Capabilities, Engine, Report } from "../engine.ts";
import { throwIfAborted } from "../faults.ts";
import { follow } from "../signals.ts";

type Optional = Pick<
  Engine,
  "authenticate" | "expect" | "readGreeting" | "writeGreeting" | "removeGreeting" | "watch" | "quota"
>;

/**
 * The operations of a composite that concern a mailbox as a whole, each done by one engine inside. There are those that
 * the capabilities announce; when the engine of a mailbox lacks one all the same, that is UNSUPPORTED.
 */
export function forward(
  { authenticate, greetings, watch, quota }: Capabilities,
  engineOf: (mailbox: MailboxAddress) => Engine,
): Optional {
  return {
    ...(authenticate && {
      authenticate: async (mailbox, pin, signal) => {
        const engine = engineOf(mailbox);
        if (!engine.authenticate) throw lacking(engine, "check PINs");
        return engine.authenticate(mailbox, pin, signal);
      },
      expect: (mailbox, signal) => engineOf(mailbox).expect?.(mailbox, signal),
    }),
    ...(greetings && {
      readGreeting: async (mailbox, kind, signal) => {
        const engine = engineOf(mailbox);
        if (!engine.readGreeting) throw lacking(engine, "keep greetings");
        return engine.readGreeting(mailbox, kind, signal);
      },
      writeGreeting: async (mailbox, kind, audio, signal) => {
        const engine = engineOf(mailbox);
        if (!engine.writeGreeting) throw lacking(engine, "keep greetings");
        return engine.writeGreeting(mailbox, kind, audio, signal);
      },
      removeGreeting: async (mailbox, kind, signal) => {
        const engine = engineOf(mailbox);
        if (!engine.removeGreeting) throw lacking(engine, "keep greetings");
        return engine.removeGreeting(mailbox, kind, signal);
      },
    }),
    ...(watch && {
      watch: async (mailbox, onChange, signal) => {
        const engine = engineOf(mailbox);
        if (!engine.watch) throw lacking(engine, "watch mailboxes");
        return engine.watch(mailbox, onChange, signal);
      },
    }),
    ...(quota && {
      quota: async (mailbox, signal) => engineOf(mailbox).quota?.(mailbox, signal),
    }),
  };
}

function lacking({ name }: Engine, what: string): VoxpostError {
  return new VoxpostError("UNSUPPORTED", `${name} cannot ${what}`);
}

/** What a composite can do that needs all of its engines for it. */
export function common(engines: readonly Engine[]): Capabilities {
  const all = (what: keyof Capabilities) => engines.every(({ capabilities }) => capabilities[what]);
  return {
    authenticate: all("authenticate"),
    greetings: all("greetings"),
    watch: all("watch"),
    quota: engines.some(({ capabilities }) => capabilities.quota),
    search: all("search"),
    move: all("move"),
    writable: all("writable"),
  };
}

/** The life of a composite is that of its engines; so are the mailboxes that it knows of, and the room on its disks. */
export function life(
  engines: readonly Engine[],
): Pick<Engine, "open" | "close" | "check" | "mailboxes" | "freeBytes"> {
  const counting = engines.filter(({ freeBytes }) => freeBytes);
  return {
    ...(engines.every(({ mailboxes }) => mailboxes) && {
      async *mailboxes(signal) {
        for (const engine of engines) yield* engine.mailboxes?.(signal) ?? [];
      },
    }),
    ...(counting.length > 0 && {
      async freeBytes(signal) {
        const free = counting.map((engine) => engine.freeBytes?.(signal) ?? Number.POSITIVE_INFINITY);
        return Math.min(...(await Promise.all(free)));
      },
    }),
    async open() {
      await Promise.all(engines.map((engine) => engine.open()));
    },
    async close() {
      const closed = await Promise.allSettled(engines.map((engine) => engine.close()));
      for (const result of closed) if (result.status === "rejected") throw result.reason;
    },
    async check(signal) {
      await Promise.all(engines.map((engine) => engine.check(signal)));
    },
  };
}

/** Upkeep of the composite itself and then of the engines inside; what is wrong with one keeps no other from it. */
export function upkeep(
  engines: readonly Engine[],
  own: Upkeep,
  thorough: Upkeep = own,
): Pick<Engine, "tidy" | "repair"> {
  const keepUp =
    (what: "tidy" | "repair"): Upkeep =>
    async (mailbox, report, signal) => {
      const works = [
        what === "tidy" ? own : thorough,
        ...engines.map((engine) => engine[what]?.bind(engine)),
      ];
      for (const work of works) {
        try {
          await work?.(mailbox, report, signal);
        } catch (error) {
          throwIfAborted(signal);
          report({ what: VoxpostError.from(error, "INTERNAL", "upkeep failed").message, done: false });
        }
      }
    };
  const [tidy, repair] = [keepUp("tidy"), keepUp("repair")];
  return {
    async tidy(mailbox, report, signal) {
      await tidy(mailbox, report, signal);
    },
    async repair(mailbox, report, signal) {
      await repair(mailbox, report, signal);
    },
  };
}

type Upkeep = (mailbox: MailboxAddress, report: Report, signal: AbortSignal | undefined) => Promise<unknown>;

/** Watches a mailbox in each of the engines; a change in any of them is one. */
export function watchAll(engines: ReadonlyArray<Pick<Engine, "watch">>): NonNullable<Engine["watch"]> {
  return async (mailbox, onChange, signal) => {
    const { controller, release } = follow(signal);
    try {
      await Promise.all(engines.map((engine) => engine.watch?.(mailbox, onChange, controller.signal)));
    } catch (error) {
      controller.abort();
      release();
      throw error;
    }
  };
}

/** The same, when one that watches is enough: they all have the same messages. */
export function watchAny(engines: readonly Engine[]): NonNullable<Engine["watch"]> {
  return async (mailbox, onChange, signal) => {
    const watched = await Promise.allSettled(
      engines.map((engine) => engine.watch?.(mailbox, onChange, signal)),
    );
    const [first] = watched;
    if (first?.status === "rejected" && watched.every(({ status }) => status === "rejected"))
      throw first.reason;
  };
}
