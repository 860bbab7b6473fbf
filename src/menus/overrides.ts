import { z } from "zod";
import { VoxpostError } from "../errors.ts";
import { KEYS } from "../ivr/phrase.ts";
import type { PinChange } from "./change-pin.ts";
import { findFaults } from "./check.ts";
import { directoryMenus } from "./directory-menus.ts";
import type { Directory } from "./directory-session.ts";
import { greetingMenus } from "./greeting-menus.ts";
import type { Login } from "./login.ts";
import { loginMenus } from "./login-menus.ts";
import type { KeyMap, Menu, MenuSet, Prompt, Session } from "./menu.ts";
import type { Message } from "./message.ts";
import type { OwnGreeting } from "./own-greeting.ts";
import { pinMenus } from "./pin-menus.ts";
import { retrievalMenus } from "./retrieval-menus.ts";
import { reviewMenus } from "./review-menus.ts";
import type { Retrieval } from "./session.ts";

const item = z.union([
  z.string(),
  z.strictObject({ announce: z.string() }),
  z.strictObject({ sentence: z.string() }),
  z.strictObject({ silence: z.number().int().min(0).max(10_000) }),
  z.strictObject({ sound: z.string() }),
]);
const targets = z.union([z.string(), z.array(z.string()).min(1), z.null()]);

/** What a site may change of one menu (`menus:` in the configuration). */
const menuChange = z
  .strictObject({
    keys: z
      .partialRecord(z.enum(KEYS), targets)
      .describe("Action or menu by key, in quotes; null takes a key away."),
    without: z.array(z.string()).describe("Actions and menus that are not offered here."),
    intro: z.array(item).describe("Said once when the menu is entered."),
    prompt: z
      .array(item)
      .describe("Said before a key is waited for; what speaks of keys is said as far as it is true."),
    help: z.array(item).describe("Said instead of the prompt after the action help."),
    invalid: z.array(z.string()).describe("Said after a key that does nothing. Default vm-sorry."),
    timeout: z.array(z.string()).describe("Said after a round without a key. Default nothing."),
    wait: z.number().int().min(500).max(60_000).describe("How long a key is waited for. Milliseconds."),
    tries: z.number().int().min(1).max(20).describe("Rounds without a key before the menu is left."),
  })
  .partial();

type MenuChange = z.infer<typeof menuChange>;

export interface SiteMenus {
  readonly retrieval: MenuSet<Retrieval>;
  readonly login: MenuSet<Login>;
  readonly review: MenuSet<Message>;
  readonly greetings: MenuSet<OwnGreeting>;
  readonly pins: MenuSet<PinChange>;
  readonly directory: MenuSet<Directory>;
}

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
export const STARTS: Readonly<Record<keyof SiteMenus, readonly string[]>> = {
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
  const faults: string[] = [];
  const known = Object.values(SHIPPED).flatMap((set) => Object.keys(set.menus));
  for (const name of Object.keys(overrides)) {
    if (!known.includes(name))
      faults.push(`menus.${name}: there is no such menu; there are ${known.join(", ")}`);
  }
  const changed: SiteMenus = {
    retrieval: applyOverrides(SHIPPED.retrieval, overrides, faults),
    login: applyOverrides(SHIPPED.login, overrides, faults),
    review: applyOverrides(SHIPPED.review, overrides, faults),
    greetings: applyOverrides(SHIPPED.greetings, overrides, faults),
    pins: applyOverrides(SHIPPED.pins, overrides, faults),
    directory: applyOverrides(SHIPPED.directory, overrides, faults),
  };
  faults.push(
    ...findFaults(changed.retrieval, STARTS.retrieval),
    ...findFaults(changed.login, STARTS.login),
    ...findFaults(changed.review, STARTS.review),
    ...findFaults(changed.greetings, STARTS.greetings),
    ...findFaults(changed.pins, STARTS.pins),
    ...findFaults(changed.directory, STARTS.directory),
  );
  if (faults.length === 0) return changed;
  const list = faults.map((fault) => `  - ${fault}`).join("\n");
  throw new VoxpostError("MENU_INVALID", `The menus cannot be used:\n${list}\nSee docs/menus.md.`);
}

/** One set with the changes that concern it; a change that is no change of a menu is left out and told in `faults`. */
function applyOverrides<S extends Session>(
  set: MenuSet<S>,
  overrides: Readonly<Record<string, unknown>>,
  faults: string[],
): MenuSet<S> {
  const menus = Object.values(set.menus).map((menu): Menu => {
    if (overrides[menu.name] === undefined) return menu;
    const parsed = menuChange.safeParse(overrides[menu.name]);
    if (parsed.success) return silenced(set, change(menu, parsed.data), parsed.data);
    for (const issue of parsed.error.issues) {
      faults.push(`menus.${[menu.name, ...issue.path].join(".")}: ${issue.message}`);
    }
    return menu;
  });
  return { ...set, menus: Object.fromEntries(menus.map((menu) => [menu.name, menu])) };
}

/** What a site took the keys from is not announced any more; in a prompt of its own it is a fault that the check finds. */
function silenced<S extends Session>(set: MenuSet<S>, menu: Menu, own: MenuChange): Menu {
  const offered = new Set(Object.values(menu.keys).flat());
  const isTrue = (item: Prompt[number]) => {
    const spoken = typeof item === "string" ? Object.values(set.announcements.spoken[item] ?? {}) : [];
    const announced = typeof item === "object" && "announce" in item ? [item.announce] : spoken;
    return announced.length === 0 || announced.some((target) => offered.has(target));
  };
  return {
    ...menu,
    prompt: own.prompt ? menu.prompt : menu.prompt.filter(isTrue),
    ...(menu.help ? { help: own.help ? menu.help : menu.help.filter(isTrue) } : {}),
  };
}

function change(menu: Menu, { keys = {}, without = [], ...rest }: MenuChange): Menu {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const merged: Record<string, string | readonly string[] | null | undefined> = { ...menu.keys, ...keys };
  const offered = Object.entries(merged).flatMap(([key, target]) => {
    const left = [target ?? []].flat().filter((one) => !without.includes(one));
    return left.length > 0 ? [[key, left] as const] : [];
  });
  return { ...menu, ...given, keys: Object.fromEntries(offered) as KeyMap };
}
