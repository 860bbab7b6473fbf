import { z } from "zod";
import { KEYS } from "../ivr/phrase.ts";
import type { KeyMap, Menu, MenuSet, Prompt, Session } from "./menu.ts";

/** The kinds of dialogue, each with menus and actions of its own. */
export const DIALOGUES = ["retrieval", "login", "review", "greetings", "pins", "directory"] as const;
export type Dialogue = (typeof DIALOGUES)[number];

/** One part of what a menu says. */
export const promptItem = z.union([
  z.string(),
  z.strictObject({ announce: z.string() }),
  z.strictObject({ sentence: z.string() }),
  z.strictObject({ silence: z.number().int().min(0).max(10_000) }),
  z.strictObject({ sound: z.string() }),
]);
const targets = z.union([z.string(), z.array(z.string()).min(1), z.null()]);

/** What a site may change of one menu, or say of one of its own. */
const menuChange = z
  .strictObject({
    new: z.enum(DIALOGUES).describe("A menu of the site's own, in this dialogue."),
    title: z.string().describe("Where the caller is, for the list of keys."),
    keys: z
      .partialRecord(z.enum(KEYS), targets)
      .describe("Action or menu by key, in quotes; null takes a key away."),
    without: z.array(z.string()).describe("Actions and menus that are not offered here."),
    intro: z.array(promptItem).describe("Said once when the menu is entered."),
    prompt: z
      .array(promptItem)
      .describe("Said before a key is waited for; what speaks of keys is said as far as it is true."),
    help: z.array(promptItem).describe("Said instead of the prompt after the action help."),
    invalid: z.array(z.string()).describe("Said after a key that does nothing. Default vm-sorry."),
    timeout: z.array(z.string()).describe("Said after a round without a key. Default nothing."),
    wait: z.number().int().min(500).max(60_000).describe("How long a key is waited for. Milliseconds."),
    tries: z.number().int().min(1).max(20).describe("Rounds without a key before the menu is left."),
  })
  .partial();

type MenuChange = z.infer<typeof menuChange>;
export type MenuChanges = Readonly<Record<string, MenuChange>>;

/** The names of menus and actions, which stand in key maps and graphs. */
export const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** Changes by menu name as a configuration has them; what is no change is left out and told in `faults`, after its `path`. */
export function parseChanges(
  tree: Readonly<Record<string, unknown>>,
  path: string,
  faults: string[],
): MenuChanges {
  const changes = Object.entries(tree).flatMap(([name, value]) => {
    const parsed = menuChange.safeParse(value);
    if (parsed.success) return [[name, parsed.data] as const];
    for (const issue of parsed.error.issues) {
      faults.push(`${[path, name, ...issue.path].join(".")}: ${issue.message}`);
    }
    return [];
  });
  return Object.fromEntries(changes);
}

/** One dialogue with the changes that concern it, and its new menus. */
export function applyChanges<S extends Session>(
  set: MenuSet<S>,
  dialogue: Dialogue,
  changes: MenuChanges,
): MenuSet<S> {
  const own = Object.entries(changes).filter(([, change]) => change.new === dialogue);
  const made = own.map(([name, { title = "" }]): Menu => ({ name, title, prompt: [], keys: {} }));
  const menus = [...Object.values(set.menus), ...made].map((menu) => {
    const change = changes[menu.name];
    return change ? silenced(set, changed(menu, change), change) : menu;
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

function changed(menu: Menu, { keys = {}, without = [], new: _, ...rest }: MenuChange): Menu {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const merged: Record<string, string | readonly string[] | null | undefined> = { ...menu.keys, ...keys };
  const offered = Object.entries(merged).flatMap(([key, target]) => {
    const left = [target ?? []].flat().filter((one) => !without.includes(one));
    return left.length > 0 ? [[key, left] as const] : [];
  });
  return { ...menu, ...given, keys: Object.fromEntries(offered) as KeyMap };
}
