import { describe, expect, it } from "vitest";
import { getNextSnapshot } from "xstate";
import { getShortestPaths } from "xstate/graph";
import { KEYS } from "../../src/ivr/phrase.ts";
import { type Dialogue, machine } from "../../src/menus/machine.ts";
import { type Menu, type MenuSet, type Outcome, type Session, targetsOf } from "../../src/menus/menu.ts";
import { configureMenus, SHIPPED, type SiteMenus, STARTS } from "../../src/menus/overrides.ts";

/**
 * Every path through the machine that runs the menus: by what a caller may do in each of them, and by everything that can go
 * wrong. That what is said and done on such a way is right, walk.test.ts tries in real dialogues.
 */

const OVERRIDDEN = configureMenus({
  message: { keys: { "7": null, "0": ["delete", "undelete"] }, tries: 1 },
  advanced: { without: ["envelope"], tries: 2 },
});

/** What a key can lead to, as the menus declare it. */
function outcomes(set: MenuSet<Session>, menu: Menu): Outcome[] {
  const targets = [...KEYS.flatMap((key) => targetsOf(menu.keys, key)), menu.entry?.action, menu.default];
  const known = [...new Set(targets.filter((target) => target !== undefined))];
  return known.flatMap((target): Outcome[] => {
    const action = set.actions[target];
    if (!action) return [{ next: "menu", menu: target }];
    const menus = (action.leadsTo ?? []).flatMap((name): Outcome[] => [
      { next: "menu", menu: name },
      { next: "menu", menu: name, over: menu.name },
    ]);
    return [
      ...menus,
      ...(action.leaves ? [{ next: "up" }, { next: "exit" }] : [{ next: "repeat" }]),
    ] as Outcome[];
  });
}

type Path = { readonly value: unknown; readonly context: { readonly stack: readonly string[] } };

const done = (state: string, output: unknown) => ({ type: `xstate.done.actor.0.menu.${state}`, output });
const failed = (state: string) => ({
  type: `xstate.error.actor.0.menu.${state}`,
  error: new Error("on request"),
});

/** What happens again and again: nobody answers, keys that mean nothing, or nothing works. */
const ALWAYS: Record<string, (state: string) => object> = {
  silence: (state) => done(state, state === "acting" ? "invalid" : undefined),
  noise: (state) =>
    done(state, state === "acting" ? "invalid" : state === "collecting" ? { key: "5" } : undefined),
  faults: failed,
};
/** More steps than any of these may take to an end. */
const MOST_STEPS = 300;

function ends(state: Path, always: (state: string) => object): boolean {
  let here = state;
  for (let step = 0; step < MOST_STEPS && here.value !== "gone"; step++) {
    here = getNextSnapshot(machine as never, here as never, always(String(here.value)) as never) as Path;
  }
  return here.value === "gone";
}

function explore(set: MenuSet<Session>, start: string) {
  const menuOf = (name: string): Menu => {
    const menu = set.menus[name];
    if (!menu) throw new Error(`a path leads to "${name}", which is no menu`);
    return menu;
  };
  const dialogue = {
    explain: () => ["voxpost/problem"],
    invalid: () => ["vm-sorry"],
    timeout: () => [],
    tries: (name: string) => menuOf(name).tries ?? 4,
    silenceEnds: (name: string) => menuOf(name).silenceEnds ?? false,
  } as unknown as Dialogue;
  const events = ({ value, context }: Path) => {
    const menu = menuOf(context.stack.at(-1) ?? "");
    if (value === "prompting") return [done(value, undefined), done(value, "5"), failed(value)];
    if (value === "collecting") return [done(value, undefined), done(value, { key: "5" }), failed(value)];
    if (value === "acting")
      return [...outcomes(set, menu).map((one) => done(value, one)), done(value, "invalid"), failed(value)];
    return [];
  };
  const paths = getShortestPaths(
    machine as never,
    {
      input: { dialogue, start, opening: undefined } as never,
      events: events as never,
      // Menus may be opened one on top of another without end; who is that deep is where others were before.
      stopWhen: (state: never) => (state as Path).context.stack.length > 4,
      serializeState: (state: never) => {
        const { value, context } = state as Path & { context: { idle: number } };
        return JSON.stringify([value, context.stack, context.idle]);
      },
    } as never,
  ) as unknown as readonly { state: Path & { output?: { how: string } }; steps: unknown[] }[];
  return paths;
}

describe.each([
  ["as shipped", SHIPPED],
  ["with a site's changes", OVERRIDDEN],
])("every path through the machine, %s", (_name, menus: SiteMenus) => {
  const sets = Object.entries(STARTS).flatMap(([name, starts]) =>
    starts.map((start) => [name, start] as const),
  );

  it.each(sets)("%s from %s comes to every menu, and to an end", (name, start) => {
    const set = menus[name as keyof SiteMenus] as unknown as MenuSet<Session>;
    const paths = explore(set, start);
    const visited = new Set(paths.map(({ state }) => state.context.stack.at(-1)));
    const hows = new Set(paths.flatMap(({ state }) => (state.value === "gone" ? [state.output?.how] : [])));
    expect(hows).toContain("exit");
    expect(hows).toContain("timeout");
    expect(visited.size).toBeGreaterThan(0);
    if (starts(name).length === 1)
      expect([...visited]).toEqual(expect.arrayContaining(Object.keys(set.menus)));
    for (const { state } of paths) {
      for (const [what, always] of Object.entries(ALWAYS)) {
        const where = `${state.context.stack.join(" ")}, ${String(state.value)}`;
        expect(ends(state, always), `${what} in ${where} comes to an end`).toBe(true);
      }
    }
  });
});

function starts(name: string): readonly string[] {
  return STARTS[name as keyof SiteMenus];
}
