import { KEYS } from "../ivr/phrase.ts";
import { menusAfter, reachable } from "./check.ts";
import { DEFAULTS, type Menu, type MenuSet, type Session, targetsOf } from "./menu.ts";
import { SHIPPED, type SiteMenus, STARTS } from "./overrides.ts";

/** What a caller may press, menu by menu, as text (`voxpost menus`, docs/phone-guide.md). */
export function menuGuide(menus: SiteMenus = SHIPPED): string {
  return each(menus, guideOf).join("\n\n");
}

/** Where one dialogue goes on in another. */
const CROSSINGS = [
  ["pin", "main"],
  ["options", "greeting-review"],
  ["options", "new-pin"],
] as const;

/** The same menus as a Mermaid flow chart. */
export function menuGraph(menus: SiteMenus = SHIPPED): string {
  const shown = new Set(each(menus, (_set, inIt) => inIt.map(({ name }) => name)));
  const nodes = each(menus, (_set, inIt) => inIt.map(({ name, title }) => `  ${name}["${title}"]`));
  const crossings = CROSSINGS.filter(([from, to]) => shown.has(from) && shown.has(to));
  const edges = [...each(menus, edgesOf), ...crossings.map(([from, to]) => `  ${from} --> ${to}`)];
  return ["flowchart LR", ...nodes, '  goodbye((("goodbye")))', ...new Set(edges)].join("\n");
}

/** Each dialogue's menus that a caller can come to, in the order in which callers meet them. */
function each(
  menus: SiteMenus,
  tell: <S extends Session>(set: MenuSet<S>, inIt: readonly Menu[]) => string[],
): string[] {
  const told = <S extends Session>(set: MenuSet<S>, start: readonly string[]) => {
    const reached = reachable(set, start);
    return tell(
      set,
      Object.values(set.menus).filter(({ name }) => reached.has(name)),
    );
  };
  return [
    ...told(menus.review, STARTS.review),
    ...told(menus.login, STARTS.login),
    ...told(menus.retrieval, STARTS.retrieval),
    ...told(menus.greetings, STARTS.greetings),
    ...told(menus.pins, STARTS.pins),
    ...told(menus.directory, STARTS.directory),
  ];
}

function guideOf<S extends Session>(set: MenuSet<S>, inIt: readonly Menu[]): string[] {
  return inIt.map((menu) => {
    const lines = KEYS.flatMap((key) => {
      const does = targetsOf(menu.keys, key).map((target) => titleOf(set, target));
      return does.length > 0 ? [`  ${key}  ${does.join("; or: ")}`] : [];
    });
    const entry = menu.entry ? [`  digits and #  ${titleOf(set, menu.entry.action)}`] : [];
    return [menu.title, ...entry, ...lines, `  ${rounds(menu)}`].join("\n");
  });
}

function rounds({ wait = DEFAULTS.wait, tries = DEFAULTS.tries }: Menu): string {
  return `(waits ${wait / 1000} s for a key, ${tries} times)`;
}

function titleOf<S extends Session>(set: MenuSet<S>, target: string): string {
  return set.actions[target]?.title ?? `menu: ${set.menus[target]?.title ?? target}`;
}

/** Edges of several keys between the same two menus are drawn once. */
function edgesOf<S extends Session>(set: MenuSet<S>, inIt: readonly Menu[]): string[] {
  return inIt.flatMap((menu) => {
    const keys = new Map<string, string[]>();
    const draw = (to: string, label: string) => keys.set(to, [...(keys.get(to) ?? []), label]);
    for (const key of KEYS) {
      for (const target of targetsOf(menu.keys, key)) {
        for (const to of menusAfter(set, target)) draw(to, key);
        if (set.actions[target]?.ends) draw("goodbye", key);
      }
    }
    if (menu.entry) for (const to of menusAfter(set, menu.entry.action)) draw(to, "digits #");
    return [...keys].map(([to, labels]) => `  ${menu.name} -- "${labels.join(" ")}" --> ${to}`);
  });
}
