import type { Subscriber } from "../model/subscriber.ts";
import { changeMenus, refuse, SHIPPED, type SiteMenus } from "./overrides.ts";
import { extend, type LoadedPlugin } from "./plugins.ts";

/** The menus of an owner's class; without an owner, or a class, those of the site. */
export type MenusOf = (owner?: Pick<Subscriber, "menuClass">) => SiteMenus;

/** What the configuration says of menus. */
export interface MenuConfig {
  /** Changes by menu. */
  readonly menus: Readonly<Record<string, unknown>>;
  /** By class, changes by menu, on top of the site's. */
  readonly menu_classes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export const shippedMenus: MenusOf = () => SHIPPED;

/**
 * The shipped menus with what plug-ins add, then the site's changes, then those of each class: all of it checked.
 * @throws VoxpostError MENU_INVALID that lists every fault
 */
export function menusByClass(config: MenuConfig, plugins: readonly LoadedPlugin[] = []): MenusOf {
  const extended = extend(SHIPPED, plugins);
  const site = changeMenus(extended.menus, config.menus, "menus");
  const classes = Object.entries(config.menu_classes).map(
    ([name, changes]) => [name, changeMenus(site.menus, changes, `menu_classes.${name}`)] as const,
  );
  const all = [site, ...classes.map(([, changed]) => changed)];
  const unreached = plugins.flatMap(({ path, plugin }) =>
    Object.values(plugin)
      .flatMap((extension) => Object.keys(extension.menus ?? {}))
      .filter((name) => !all.some(({ reached }) => reached.has(name)))
      .map((name) => `${path}: menu ${name}: no key leads to it, neither in menus nor in menu_classes`),
  );
  refuse([...extended.faults, ...all.flatMap(({ faults }) => faults), ...unreached]);
  const byName = new Map(classes.map(([name, { menus }]) => [name, menus]));
  return (owner) => byName.get(owner?.menuClass ?? "") ?? site.menus;
}
