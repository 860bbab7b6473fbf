import { assign, createActor, fromPromise, setup, toPromise } from "xstate";
import type { Key, Script } from "../ivr/phrase.ts";
import type { Outcome, Pressed } from "./menu.ts";

/**
 * The one machine that runs any menu. It knows nothing of calls, sessions or sounds: `Dialogue` speaks, listens and acts
 * for it (run.ts). A hang-up makes whichever of the three is waiting fail, and the machine ends as `gone`; it never
 * leaves one of them running behind its back, so that what follows (closing a folder) finds everything at rest.
 */
export interface Dialogue {
  /** Says `lead` and then the menu's prompt; resolves to the key that interrupted. */
  say(menu: string, what: "intro" | "prompt" | "help", lead: Script): Promise<Key | undefined>;
  /** Waits for a key or an entry; `first` was pressed already. Undefined: the caller is idle. */
  listen(menu: string, first: Key | undefined): Promise<Pressed | undefined>;
  act(menu: string, pressed: Pressed): Promise<Outcome | "invalid">;
  /** What to tell the caller about an error; undefined when the caller has gone. */
  explain(error: unknown): Script | undefined;
  invalid(menu: string): Script;
  timeout(menu: string): Script;
  tries(menu: string): number;
  silenceEnds(menu: string): boolean;
}

export interface MenuEnd {
  /** `exit`: the caller left. `timeout`: no usable key for too long. `failed`: nothing worked any more. */
  readonly how: "exit" | "timeout" | "gone" | "failed";
  readonly to?: Exit["to"];
  /** Last words that the caller was promised. */
  readonly say?: Script;
}

type Exit = Extract<Outcome, { next: "exit" }>;

interface Input {
  readonly dialogue: Dialogue;
  readonly start: string;
  readonly opening: Outcome | undefined;
}

/** A line that keeps sending keys which mean nothing, or errors that come in a row, must end too. */
const MOST_INVALID = 10;
const MOST_FAULTS = 10;

interface Context {
  readonly dialogue: Dialogue;
  /** Open menus, the current one last. */
  readonly stack: readonly string[];
  readonly what: "intro" | "prompt" | "help";
  readonly lead: Script;
  readonly pressed: Pressed | undefined;
  /** In a row. */
  readonly idle: number;
  readonly invalid: number;
  readonly faults: number;
  /** The prompt before this one could not be said. */
  readonly unsaid: boolean;
  readonly end: MenuEnd | undefined;
  readonly next: "prompting" | "collecting" | "acting" | "submenu" | "gone";
}

const current = (context: Context) => context.stack.at(-1) ?? "";

/** Exported for the test that walks every path of it. */
export const machine = setup({
  types: { context: {} as Context, input: {} as Input, output: {} as MenuEnd },
  actors: {
    say: fromPromise<Key | undefined, Context>(({ input }) =>
      input.dialogue.say(current(input), input.what, input.lead),
    ),
    listen: fromPromise<Pressed | undefined, Context>(({ input }) =>
      input.dialogue.listen(current(input), input.pressed?.key),
    ),
    act: fromPromise<Outcome | "invalid", Context>(({ input }) =>
      input.dialogue.act(current(input), input.pressed ?? {}),
    ),
  },
}).createMachine({
  id: "menu",
  context: ({ input }) => opened(input),
  initial: "choosing",
  states: {
    prompting: {
      invoke: {
        src: "say",
        input: ({ context }) => context,
        onDone: {
          target: "collecting",
          actions: assign(({ event }) => ({
            what: "prompt",
            lead: [],
            unsaid: false,
            pressed: event.output === undefined ? undefined : { key: event.output },
          })),
        },
        onError: {
          target: "choosing",
          actions: assign(({ context, event }) => afterUnsaid(context, event.error)),
        },
      },
    },
    collecting: {
      invoke: {
        src: "listen",
        input: ({ context }) => context,
        onDone: {
          target: "choosing",
          actions: assign(({ context, event }) =>
            event.output ? { pressed: event.output, idle: 0, next: "acting" } : afterSilence(context),
          ),
        },
        onError: {
          target: "choosing",
          actions: assign(({ context, event }) => afterFault(context, event.error)),
        },
      },
    },
    acting: {
      invoke: {
        src: "act",
        input: ({ context }) => context,
        onDone: {
          target: "choosing",
          actions: assign(({ context, event }) => afterAction(context, event.output)),
        },
        onError: {
          target: "choosing",
          actions: assign(({ context, event }) => afterFault(context, event.error)),
        },
      },
    },
    choosing: {
      always: [
        { guard: ({ context }) => context.end !== undefined, target: "gone" },
        { guard: ({ context }) => context.next === "acting", target: "acting" },
        { guard: ({ context }) => context.next === "collecting", target: "collecting" },
        { guard: ({ context }) => context.next === "submenu", target: "submenu" },
        { target: "prompting" },
      ],
    },
    submenu: {
      always: [
        { guard: ({ context }) => context.pressed !== undefined, target: "acting" },
        { target: "prompting" },
      ],
    },
    gone: { type: "final" },
  },
  output: ({ context }) => context.end ?? { how: "failed" },
});

/** Runs menus from `start` until the caller leaves, falls silent or hangs up. Never rejects, always ends. */
export function runMachine(dialogue: Dialogue, start: string, opening?: Outcome): Promise<MenuEnd> {
  const actor = createActor(machine, { input: { dialogue, start, opening } });
  actor.start();
  return toPromise(actor);
}

function opened({ dialogue, start, opening }: Input): Context {
  const context: Context = {
    dialogue,
    stack: [start],
    what: "intro",
    lead: [],
    pressed: undefined,
    idle: 0,
    invalid: 0,
    faults: 0,
    unsaid: false,
    end: undefined,
    next: "prompting",
  };
  return opening ? { ...context, ...afterAction(context, opening) } : context;
}

/** A prompt that cannot be said is told like any fault; if that cannot be said either, the menu listens all the same. */
function afterUnsaid(context: Context, error: unknown): Partial<Context> {
  const fault = afterFault(context, error);
  return fault.end || !context.unsaid
    ? { ...fault, unsaid: true }
    : { ...fault, lead: [], next: "collecting" };
}

function afterFault(context: Context, error: unknown): Partial<Context> {
  const words = context.dialogue.explain(error);
  if (!words) return { end: { how: "gone" } };
  const faults = context.faults + 1;
  if (faults >= MOST_FAULTS) return { faults, end: { how: "failed" } };
  return { faults, lead: words, what: "prompt", pressed: undefined, next: "prompting" };
}

function afterSilence(context: Context): Partial<Context> {
  const menu = current(context);
  const idle = context.idle + 1;
  if (idle < context.dialogue.tries(menu)) {
    return { idle, lead: context.dialogue.timeout(menu), next: "prompting" };
  }
  return context.stack.length > 1 && !context.dialogue.silenceEnds(menu)
    ? { idle: 0, stack: context.stack.slice(0, -1), lead: [], next: "prompting" }
    : { idle, end: { how: "timeout" } };
}

function afterAction(context: Context, outcome: Outcome | "invalid"): Partial<Context> {
  const menu = current(context);
  if (outcome === "invalid") {
    const invalid = context.invalid + 1;
    if (invalid >= MOST_INVALID) return { invalid, end: { how: "timeout" } };
    return { invalid, pressed: undefined, lead: context.dialogue.invalid(menu), next: "prompting" };
  }
  const well = { invalid: 0, faults: 0, pressed: undefined };
  switch (outcome.next) {
    case "stay":
      return { ...well, next: "collecting" };
    case "repeat":
    case "help":
      return {
        ...well,
        lead: outcome.say ?? [],
        what: outcome.next === "help" ? "help" : "prompt",
        next: "prompting",
      };
    case "up": {
      const stack = context.stack.length > 1 ? context.stack.slice(0, -1) : context.stack;
      return { ...well, stack, lead: outcome.say ?? [], what: "prompt", next: "prompting" };
    }
    case "menu": {
      const open = context.stack.indexOf(outcome.menu);
      const over = context.stack.indexOf(outcome.over ?? menu);
      const below = over >= 0 ? context.stack.slice(0, over + 1) : context.stack;
      return {
        ...well,
        stack: open >= 0 ? context.stack.slice(0, open + 1) : [...below, outcome.menu],
        what: open >= 0 ? "prompt" : "intro",
        lead: outcome.say ?? [],
        pressed: outcome.key === undefined ? undefined : { key: outcome.key },
        next: "submenu",
      };
    }
    case "press":
      return { ...well, pressed: { key: outcome.key }, next: "acting" };
    case "exit":
      return { ...well, end: endOf(outcome) };
  }
}

function endOf({ to, say }: Exit): MenuEnd {
  return { how: "exit", ...(to ? { to } : {}), ...(say ? { say } : {}) };
}
