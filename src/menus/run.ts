import { VoxpostError } from "../errors.ts";
import { speak } from "./announce.ts";
import { explain } from "./faults.ts";
import { type MenuEnd, runMachine } from "./machine.ts";
import { DEFAULTS, type Menu, type MenuSet, type Outcome, resolve, type Session } from "./menu.ts";

/**
 * Runs a set of menus for one session. Never rejects: errors are told to the caller in words and logged, and a hang-up
 * ends it as `gone`. With an `opening` outcome the start menu is not said but taken as already open: autoplay.
 */
export function runMenus<S extends Session>(
  set: MenuSet<S>,
  start: string,
  session: S,
  opening?: Outcome,
): Promise<MenuEnd> {
  const { call } = session;
  const menuOf = (name: string): Menu => {
    const menu = set.menus[name];
    if (!menu) throw new VoxpostError("MENU_INVALID", `There is no menu "${name}"`);
    return menu;
  };

  return runMachine(
    {
      async say(name, what, lead) {
        const menu = menuOf(name);
        const intro = what === "intro" ? await speak(set, menu, session, menu.intro ?? []) : [];
        const prompt = (what === "help" ? menu.help : undefined) ?? menu.prompt;
        return call.play([...lead, ...intro, ...(await speak(set, menu, session, prompt))]);
      },
      async listen(name, first) {
        const menu = menuOf(name);
        const { entry, wait = DEFAULTS.wait } = menu;
        const key = first ?? (await call.key(wait));
        if (key === undefined) return undefined;
        if (!entry || resolve(set, menu, session, key) !== undefined) return { key };
        const { action: _, ...options } = entry;
        return { key, entry: (await call.entry({ ...options, first: key })).keys };
      },
      async act(name, pressed) {
        const menu = menuOf(name);
        const target =
          pressed.entry !== undefined
            ? menu.entry?.action
            : pressed.key && resolve(set, menu, session, pressed.key);
        const action = target === undefined ? undefined : set.actions[target];
        if (action) {
          const outcome = await action.run(session, pressed);
          // Before the present menu is left for it.
          if (outcome.next === "menu") menuOf(outcome.menu);
          return outcome;
        }
        if (target !== undefined && set.menus[target]) return { next: "menu", menu: target };
        call.clearKeys();
        return "invalid";
      },
      explain(error) {
        const words = call.signal.aborted ? undefined : explain(error);
        if (words) call.log.warn({ err: error }, "Something failed in a menu; the caller was told");
        return words;
      },
      invalid: (name) => menuOf(name).invalid ?? DEFAULTS.invalid,
      timeout: (name) => menuOf(name).timeout ?? [],
      tries: (name) => menuOf(name).tries ?? DEFAULTS.tries,
      silenceEnds: (name) => menuOf(name).silenceEnds ?? false,
    },
    start,
    opening,
  );
}
