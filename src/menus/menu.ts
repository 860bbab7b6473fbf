import type { Call, DialplanPlace } from "../ivr/call.ts";
import type { Key, Phrase, Script } from "../ivr/phrase.ts";

/**
 * A menu is data: what is said, which key does what, how long is waited and how often. Nothing in it knows how a menu is
 * run (machine.ts), how keys are announced (announce.ts) or what an action does (actions/).
 */
export interface Menu {
  readonly name: string;
  /** One line for docs/phone-guide.md: where the caller is. */
  readonly title: string;
  /** Said once, when the menu is entered; a key pressed meanwhile is this menu's already. */
  readonly intro?: Prompt;
  readonly prompt: Prompt;
  /** Said once instead of the prompt after the outcome `help`. Default: the prompt. */
  readonly help?: Prompt;
  readonly keys: KeyMap;
  /** Offered also when nothing can be done in it at this moment: a stock sound speaks of it together with others. */
  readonly always?: true;
  /** Keys up to `#` are one answer, such as a mailbox number; single keys in `keys` win over it. */
  readonly entry?: { readonly action: string; readonly maxKeys?: number; readonly betweenMs?: number };
  /** What a key does that stands nowhere else. Default: it is invalid. */
  readonly default?: string;
  /** Said after a key that does nothing here. Default `vm-sorry`. */
  readonly invalid?: Script;
  /** Said after a round without a key, before the prompt comes again. Default: nothing. */
  readonly timeout?: Script;
  /** Milliseconds for a key after the prompt has ended. Default 6,000. */
  readonly wait?: number;
  /** Rounds without a key before the menu is left: upwards, or out of the last one. Default 4. */
  readonly tries?: number;
  /** The call ends then, as out of the last menu, although another is open below. */
  readonly silenceEnds?: true;
}

export const DEFAULTS = { wait: 6000, tries: 4, invalid: ["vm-sorry"] } as const;

/** A target is an action's name, or else a menu's. Of a list, the first that is available now is meant. */
export type KeyMap = Partial<Record<Key, string | readonly string[]>>;

export type Prompt = readonly PromptItem[];

/**
 * A phrase; a stock prompt that speaks keys (the table `Announcements.spoken` says which), said only as far as it is
 * true at this moment; a sentence that depends on the session; or the announcement of one action at the key it has.
 */
type PromptItem = Phrase | { readonly sentence: string } | { readonly announce: string };

/** What every action and sentence gets; each kind of dialogue adds its own. */
export interface Session {
  readonly call: Call;
}

/** What the caller gave: the key, and all keys of an entry (without the `#`). */
export interface Pressed {
  readonly key?: Key;
  readonly entry?: string;
}

/** What the menu does next. `say` is said first, together with what comes next, so that one key ends both. */
export type Outcome =
  /** Waits for another key without a word. */
  | { readonly next: "stay" }
  | { readonly next: "repeat" | "help" | "up"; readonly say?: Script }
  /**
   * Opens a menu, or goes back to it if it is open below; `key` counts as pressed there. With `over` it is opened above that
   * open menu, and those in between are left: the next step of the same undertaking.
   */
  | {
      readonly next: "menu";
      readonly menu: string;
      readonly say?: Script;
      readonly key?: Key;
      readonly over?: string;
    }
  /** A key that ended something else, such as a message, is this menu's. */
  | { readonly next: "press"; readonly key: Key }
  /** `say`: the last words, instead of a goodbye. */
  | { readonly next: "exit"; readonly to?: DialplanPlace; readonly say?: Script };

/** What one key does: one verb, one file in actions/. */
export interface Action<S extends Session> {
  readonly name: string;
  /** For docs/phone-guide.md. */
  readonly title: string;
  /** Leads out of the menu: every menu needs one that has a key. */
  readonly leaves?: true;
  /** Ends the call from whatever menu it is in: one key away is near enough. */
  readonly ends?: true;
  /** Menus that it can lead to, for the graph and the check. */
  readonly leadsTo?: readonly string[];
  /** Whether its key does anything now. Default: yes. */
  available?(session: S): boolean;
  /** Whether it is worth saying now, given that it is available. Default: yes. */
  announced?(session: S): boolean;
  /** Said right after its announcement ("press 1 for" … "new messages"). */
  object?(session: S): Script;
  run(session: S, pressed: Pressed): Outcome | Promise<Outcome>;
}

export type Sentence<S extends Session> = (session: S) => Script | Promise<Script>;

/** What is known about sounds that speak keys; the tables in sounds/ have this form. */
export interface Announcements {
  /** Stock prompts that speak keys: which key they speak, and for which action. */
  readonly spoken: Readonly<Record<string, Readonly<Partial<Record<Key, string>>>>>;
  /** What completes "press N …" for an action or menu, where no stock prompt fits. */
  readonly labels: Readonly<Record<string, Phrase>>;
  /** Every prompt that there is. */
  readonly prompts: ReadonlySet<string>;
}

/** All that belongs together: the menus of one kind of dialogue, what their keys do, and what they say. */
export interface MenuSet<S extends Session> {
  readonly menus: Readonly<Record<string, Menu>>;
  readonly actions: Readonly<Record<string, Action<S>>>;
  readonly sentences: Readonly<Record<string, Sentence<S>>>;
  readonly announcements: Announcements;
}

/** A table of actions by name; a name that is used twice is a fault of ours that the type checker cannot see. */
export function table<S extends Session>(...actions: readonly Action<S>[]): Record<string, Action<S>> {
  return Object.fromEntries(actions.map((action) => [action.name, action]));
}

export function targetsOf(keys: KeyMap, key: Key): readonly string[] {
  const target = keys[key];
  return target === undefined ? [] : typeof target === "string" ? [target] : target;
}

/** Submenus and actions alike. A submenu is worth opening if one of its keys does something besides leaving it. */
export function isAvailable<S extends Session>(set: MenuSet<S>, session: S, target: string): boolean {
  const action = set.actions[target];
  if (action) return action.available?.(session) ?? true;
  const menu = set.menus[target];
  if (!menu) return false;
  if (menu.always) return true;
  return Object.values(menu.keys)
    .flat()
    .some((inner) => {
      const does = set.actions[inner];
      return does !== undefined && !does.leaves && (does.available?.(session) ?? true);
    });
}

/** What a key means at this moment. */
export function resolve<S extends Session>(
  set: MenuSet<S>,
  menu: Menu,
  session: S,
  key: Key,
): string | undefined {
  return targetsOf(menu.keys, key).find((target) => isAvailable(set, session, target)) ?? menu.default;
}
