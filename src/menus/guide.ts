import { KEYS } from "../ivr/phrase.ts";
import { menusAfter } from "./check.ts";
import { DEFAULTS, type Menu, type MenuSet, type Session, targetsOf } from "./menu.ts";
import { SHIPPED, type SiteMenus } from "./overrides.ts";

/** What a caller may press, menu by menu, as text (`voxpost menus`, docs/phone-guide.md). */
export function menuGuide(menus: SiteMenus = SHIPPED): string {
  return [
    ...guideOf(menus.review),
    ...guideOf(menus.login),
    ...guideOf(menus.retrieval),
    ...guideOf(menus.directory),
  ].join("\n\n");
}

/** The same menus as a Mermaid flow chart. */
export function menuGraph(menus: SiteMenus = SHIPPED): string {
  const edges = [
    ...edgesOf(menus.review),
    ...edgesOf(menus.login),
    ...edgesOf(menus.retrieval),
    ...edgesOf(menus.directory),
    "  pin --> main",
  ];
  const nodes = [menus.review, menus.login, menus.retrieval, menus.directory].flatMap((set) =>
    Object.values(set.menus).map(({ name, title }) => `  ${name}["${title}"]`),
  );
  return ["flowchart LR", ...nodes, "  goodbye(((end)))", ...new Set(edges)].join("\n");
}

function guideOf<S extends Session>(set: MenuSet<S>): string[] {
  return Object.values(set.menus).map((menu) => {
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
function edgesOf<S extends Session>(set: MenuSet<S>): string[] {
  return Object.values(set.menus).flatMap((menu) => {
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
