import type { Phrase } from "../ivr/phrase.ts";
import type { Action, Menu, Sentence, Session } from "./menu.ts";
import type { Dialogue } from "./menu-change.ts";
import type { Sessions } from "./overrides.ts";

/**
 * A plug-in is a file that exports, by the dialogue that it extends, what it adds there: `export const retrieval = { … }`. The
 * configuration names the file (`plugins`), and gives its actions keys (`menus`, `menu_classes`). docs/menus.md has the whole story.
 */
export type Plugin = { readonly [D in Dialogue]?: Extension<Sessions[D]> };

/** What owners hear after the login: what most plug-ins extend. */
export type RetrievalExtension = Extension<Sessions["retrieval"]>;

/** Names are the plug-in's own: none that an action, menu or sentence of the dialogue has already. */
export interface Extension<S extends Session> {
  /** What keys may do: our own actions have the same form. */
  readonly actions?: Readonly<Record<string, Omit<Action<S>, "name">>>;
  readonly menus?: Readonly<Record<string, Omit<Menu, "name">>>;
  /** Said where a prompt has `{sentence: NAME}`. */
  readonly sentences?: Readonly<Record<string, Sentence<S>>>;
  /** What follows "press 7" for an action or menu: a prompt, or a sound of the site's own. */
  readonly words?: Readonly<Record<string, Phrase>>;
}
