import { KEYS, type Key, type Script } from "../ivr/phrase.ts";
import {
  type Announcements,
  isAvailable,
  type Menu,
  type MenuSet,
  type Prompt,
  resolve,
  type Session,
} from "./menu.ts";

/** What is known about the keys that sounds speak, from a table of prompts in sounds/. */
export function announcementsOf(
  prompts: Readonly<Record<string, { readonly keys?: Readonly<Partial<Record<Key, string>>> }>>,
): Announcements {
  const spoken: Record<string, Readonly<Partial<Record<Key, string>>>> = {};
  const labels: Record<string, string> = {};
  for (const [prompt, { keys }] of Object.entries(prompts)) {
    if (keys) spoken[prompt] = keys;
    if (prompt.startsWith(LABEL)) labels[prompt.slice(LABEL.length)] = prompt;
  }
  return { spoken, labels, prompts: new Set(Object.keys(prompts)) };
}

const LABEL = "voxpost/to-";

/**
 * Turns a prompt into a script for this moment. What is said about keys is made from the keys, so the two cannot part:
 * a stock prompt that speaks keys is used as it is if all of it is true now; if only a part is true, or a site moved a
 * key, that part is said by a stock prompt of its own or composed ("press" 2 "for" …); if nothing is, nothing is said.
 */
export async function speak<S extends Session>(
  set: MenuSet<S>,
  menu: Menu,
  session: S,
  prompt: Prompt,
): Promise<Script> {
  const script: Script[] = [];
  const said = new Set<string>();
  for (const item of prompt) {
    if (typeof item === "string") {
      const spoken = set.announcements.spoken[item];
      script.push(spoken ? stock(set, menu, session, item, spoken, said) : [item]);
    } else if ("sentence" in item) {
      script.push((await set.sentences[item.sentence]?.(session)) ?? []);
    } else if ("announce" in item) {
      script.push(single(set, menu, session, item.announce, said));
    } else {
      script.push([item]);
    }
  }
  return script.flat();
}

function stock<S extends Session>(
  set: MenuSet<S>,
  menu: Menu,
  session: S,
  prompt: string,
  spoken: Partial<Record<Key, string>>,
  said: Set<string>,
): Script {
  const pairs = KEYS.flatMap((key) => (spoken[key] ? [{ key, target: spoken[key] }] : []));
  const live = pairs.filter(({ target }) => keyOf(set, menu, session, target) !== undefined);
  const whole = pairs.every(
    ({ key, target }) => keyOf(set, menu, session, target) === key && !said.has(target),
  );
  if (!whole) return live.flatMap(({ target }) => single(set, menu, session, target, said));
  for (const { target } of pairs) said.add(target);
  return [prompt, ...pairs.flatMap(({ target }) => set.actions[target]?.object?.(session) ?? [])];
}

function single<S extends Session>(
  set: MenuSet<S>,
  menu: Menu,
  session: S,
  target: string,
  said: Set<string>,
): Script {
  const key = keyOf(set, menu, session, target);
  if (key === undefined || said.has(target)) return [];
  said.add(target);
  const object = set.actions[target]?.object?.(session) ?? [];
  const fitting = stockFor(set, key, target);
  if (fitting) return [fitting, ...object];
  const label = set.announcements.labels[target];
  return ["vm-press", { digits: key }, ...(label && object.length === 0 ? [label] : ["vm-for", ...object])];
}

/** The stock prompt that speaks this key for this action, and nothing else. */
export function stockFor<S extends Session>(set: MenuSet<S>, key: Key, target: string): string | undefined {
  return Object.entries(set.announcements.spoken).find(
    ([, keys]) => Object.keys(keys).length === 1 && keys[key] === target,
  )?.[0];
}

/** The key at which a target can be had now, if it is worth announcing. */
function keyOf<S extends Session>(set: MenuSet<S>, menu: Menu, session: S, target: string): Key | undefined {
  if (!isAvailable(set, session, target)) return undefined;
  if (set.actions[target]?.announced?.(session) === false) return undefined;
  return KEYS.find((key) => resolve(set, menu, session, key) === target);
}
