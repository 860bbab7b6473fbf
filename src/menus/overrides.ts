import { VoxpostError } from "../errors.ts";
import type { PinChange } from "./change-pin.ts";
import { findFaults, reachable } from "./check.ts";
import { directoryMenus } from "./directory-menus.ts";
import type { Directory } from "./directory-session.ts";
import { greetingMenus } from "./greeting-menus.ts";
import type { Login } from "./login.ts";
import { loginMenus } from "./login-menus.ts";
import type { MenuSet, Session } from "./menu.ts";
import { applyChanges, type Dialogue, type MenuChanges, NAME, parseChanges } from "./menu-change.ts";
import type { Message } from "./message.ts";
import type { OwnGreeting } from "./own-greeting.ts";
import { pinMenus } from "./pin-menus.ts";
import { retrievalMenus } from "./retrieval-menus.ts";
import { reviewMenus } from "./review-menus.ts";
import type { Retrieval } from "./session.ts";

/** Who is at the telephone, by dialogue. */
export interface Sessions extends Record<Dialogue, Session> {
  readonly retrieval: Retrieval;
  readonly login: Login;
  readonly review: Message;
  readonly greetings: OwnGreeting;
  readonly pins: PinChange;
  readonly directory: Directory;
}

export type SiteMenus = { readonly [D in Dialogue]: MenuSet<Sessions[D]> };

/** The menus as shipped. */
export const SHIPPED: SiteMenus = {
  retrieval: retrievalMenus,
  login: loginMenus,
  review: reviewMenus,
  greetings: greetingMenus,
  pins: pinMenus,
  directory: directoryMenus,
};

/** Where callers enter each of them. */
export const STARTS: Readonly<Record<Dialogue, readonly string[]>> = {
  retrieval: ["main"],
  login: ["mailbox", "pin"],
  review: ["review"],
  greetings: ["greeting-review"],
  pins: ["new-pin"],
  directory: ["directory"],
};

/**
 * The shipped menus with a site's changes, checked. `overrides` is the configuration's `menus` tree: a change by menu name.
 * @throws VoxpostError MENU_INVALID that lists every fault of the configuration and of what it makes of the menus
 */
export function configureMenus(overrides: Readonly<Record<string, unknown>> = {}): SiteMenus {
  const { menus, faults } = changeMenus(SHIPPED, overrides, "menus");
  refuse(faults);
  return menus;
}

interface Changed {
  readonly menus: SiteMenus;
  /** What is wrong with them. */
  readonly faults: readonly string[];
  /** Names of the menus that a caller can come to. */
  readonly reached: ReadonlySet<string>;
}

/** Menus with changes on top. `path`: where these stand in the configuration. */
export function changeMenus(
  base: SiteMenus,
  overrides: Readonly<Record<string, unknown>>,
  path: string,
): Changed {
  const faults: string[] = [];
  const reached = new Set<string>();
  const changes = parseChanges(overrides, path, faults);
  faults.push(...faultsOfNames(base, changes, path));
  const menus = mapMenus(base, (set, dialogue) => {
    const changed = applyChanges(set, dialogue, changes);
    const found = findFaults(changed, STARTS[dialogue], Object.keys(changes));
    faults.push(...found.map((fault) => `${path}: ${fault}`));
    for (const name of reachable(changed, STARTS[dialogue])) reached.add(name);
    return changed;
  });
  return { menus, faults, reached };
}

/** @throws VoxpostError MENU_INVALID when there is any */
export function refuse(faults: readonly string[]): void {
  if (faults.length === 0) return;
  const list = [...new Set(faults)].map((fault) => `  - ${fault}`).join("\n");
  throw new VoxpostError("MENU_INVALID", `The menus cannot be used:\n${list}\nSee docs/menus.md.`);
}

export function mapMenus(
  menus: SiteMenus,
  to: <S extends Session>(set: MenuSet<S>, dialogue: Dialogue) => MenuSet<S>,
): SiteMenus {
  return {
    retrieval: to(menus.retrieval, "retrieval"),
    login: to(menus.login, "login"),
    review: to(menus.review, "review"),
    greetings: to(menus.greetings, "greetings"),
    pins: to(menus.pins, "pins"),
    directory: to(menus.directory, "directory"),
  };
}

function faultsOfNames(base: SiteMenus, changes: MenuChanges, path: string): string[] {
  const menus = Object.values(base).flatMap((set) => Object.keys(set.menus));
  return Object.entries(changes).flatMap(([name, change]) => {
    const { new: dialogue } = change;
    const at = `${path}.${name}`;
    if (dialogue === undefined) {
      const there = `there are ${menus.join(", ")}; one of your own says "new: retrieval"`;
      return menus.includes(name) ? [] : [`${at}: there is no such menu; ${there}`];
    }
    return [
      ...(menus.includes(name) ? [`${at}: there is a menu of this name, so it cannot be new`] : []),
      ...(base[dialogue].actions[name] ? [`${at}: an action has this name; choose another`] : []),
      ...(NAME.test(name) ? [] : [`${at}: a name has small letters, digits and - only`]),
      ...(change.title && change.prompt && change.keys
        ? []
        : [`${at}: a new menu needs title, prompt and keys`]),
    ];
  });
}
