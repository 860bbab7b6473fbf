import { KEYS, type Key, type Phrase } from "../ivr/phrase.ts";
import { stockFor } from "./announce.ts";
import { FAULT_PROMPTS } from "./faults.ts";
import { DEFAULTS, type Menu, type MenuSet, type Prompt, type Session, targetsOf } from "./menu.ts";

/**
 * Whether every menu can be run, understood, reached and left: every fault of every menu, in words. `wanted`: menus that must be
 * reached; default all. A site that takes a menu's key away means it.
 */
export function findFaults<S extends Session>(
  set: MenuSet<S>,
  start: readonly string[],
  wanted: readonly string[] = Object.keys(set.menus),
): string[] {
  const reached = reachable(set, start);
  return [
    ...start.filter((name) => !set.menus[name]).map((name) => `There is no menu "${name}" to start with`),
    ...Object.values(set.actions).flatMap(({ name, leadsTo = [] }) =>
      leadsTo
        .filter((menu) => !set.menus[menu])
        .map((menu) => `Action ${name} leads to "${menu}", which is no menu`),
    ),
    ...unknownPrompts(set, FAULT_PROMPTS).map(
      (prompt) => `There is no prompt "${prompt}", which tells of errors`,
    ),
    ...Object.values(set.menus).flatMap((menu) =>
      [
        ...faultsOfKeys(set, menu),
        ...faultsOfPrompts(set, menu),
        ...(canBeLeft(set, menu) ? [] : ["no key leads out of it"]),
        ...(reached.has(menu.name) || !wanted.includes(menu.name)
          ? []
          : ["no key of another menu leads to it"]),
      ].map((fault) => `menu ${menu.name}: ${fault}`),
    ),
  ];
}

function faultsOfKeys<S extends Session>(set: MenuSet<S>, menu: Menu): string[] {
  const isKnown = (target: string) => set.actions[target] !== undefined || set.menus[target] !== undefined;
  const others = [menu.default, menu.entry?.action].filter((target) => target !== undefined);
  return [
    ...others.filter((target) => !set.actions[target]).map((target) => `"${target}" is no action`),
    ...KEYS.flatMap((key) => {
      const targets = targetsOf(menu.keys, key);
      const hidden = targets
        .slice(0, -1)
        .filter((target) => set.actions[target] && !set.actions[target].available);
      return [
        ...targets
          .filter((target) => !isKnown(target))
          .map((one) => `key ${key}: "${one}" is neither action nor menu`),
        ...hidden.map(
          (target) =>
            `key ${key} is used twice: after "${target}", which is always possible, nothing else can be`,
        ),
      ];
    }),
  ];
}

function faultsOfPrompts<S extends Session>(set: MenuSet<S>, menu: Menu): string[] {
  const { intro = [], prompt, help = [], invalid = DEFAULTS.invalid, timeout = [] } = menu;
  const items = [...intro, ...prompt, ...help];
  return [
    ...unknownPrompts(set, [...items, ...invalid, ...timeout]).map((one) => `there is no prompt "${one}"`),
    ...items.flatMap((item) => {
      if (typeof item === "string") return faultsOfAnnouncement(set, menu, item);
      if ("sentence" in item)
        return set.sentences[item.sentence] ? [] : [`there is no sentence "${item.sentence}"`];
      return "announce" in item ? wordless(set, menu, item.announce) : [];
    }),
  ];
}

/** A prompt that speaks keys must have something to say here, and words for keys that were moved. */
function faultsOfAnnouncement<S extends Session>(set: MenuSet<S>, menu: Menu, prompt: string): string[] {
  const targets = Object.values(set.announcements.spoken[prompt] ?? {});
  if (targets.length === 0) return [];
  const here = targets.filter((target) => keyFor(menu, target) !== undefined);
  if (here.length === 0)
    return [`"${prompt}" speaks of ${targets.join(", ")}, for which no key does anything`];
  return here.flatMap((target) => wordless(set, menu, target));
}

function wordless<S extends Session>(set: MenuSet<S>, menu: Menu, target: string): string[] {
  const key = keyFor(menu, target);
  if (key === undefined) return [`"${target}" is announced, but no key does it`];
  const hasWords =
    stockFor(set, key, target) !== undefined ||
    set.announcements.labels[target] !== undefined ||
    set.actions[target]?.object !== undefined ||
    Object.values(set.announcements.spoken).some((keys) => keys[key] === target);
  return hasWords ? [] : [`there are no words for "${target}" at key ${key}`];
}

function keyFor(menu: Menu, target: string): Key | undefined {
  return KEYS.find((key) => targetsOf(menu.keys, key).includes(target));
}

function unknownPrompts<S extends Session>(
  set: MenuSet<S>,
  items: readonly (Phrase | Prompt[number])[],
): string[] {
  const names = items.filter((item) => typeof item === "string");
  return [...new Set(names)].filter((name) => !set.announcements.prompts.has(name));
}

function canBeLeft<S extends Session>(set: MenuSet<S>, menu: Menu): boolean {
  const targets = [...Object.values(menu.keys).flat(), menu.entry?.action ?? [], menu.default ?? []].flat();
  return targets.some((target) => {
    const action = set.actions[target];
    if (action) return action.leaves === true;
    return Object.values(set.menus[target]?.keys ?? {})
      .flat()
      .some((inner) => set.actions[inner]?.ends === true);
  });
}

/** Menus that a key opens, or that an action leads to. */
export function menusAfter<S extends Session>(set: MenuSet<S>, target: string): readonly string[] {
  return set.actions[target]?.leadsTo ?? (set.actions[target] ? [] : set.menus[target] ? [target] : []);
}

/** The menus that a caller can come to. */
export function reachable<S extends Session>(set: MenuSet<S>, start: readonly string[]): Set<string> {
  const reached = new Set(start);
  for (const name of reached) {
    const menu = set.menus[name];
    const targets = menu ? [...Object.values(menu.keys).flat(), menu.entry?.action, menu.default] : [];
    for (const target of targets) {
      for (const next of target === undefined ? [] : menusAfter(set, target)) reached.add(next);
    }
  }
  return reached;
}
