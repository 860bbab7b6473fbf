import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { tsImport } from "tsx/esm/api";
import { z } from "zod";
import { VoxpostError } from "../errors.ts";
import type { Action, Menu, MenuSet, Outcome, Session } from "./menu.ts";
import { NAME } from "./menu-change.ts";
import { mapMenus, refuse, type SiteMenus } from "./overrides.ts";
import type { Extension, Plugin } from "./plugin.ts";
import { outcomeShape, pluginShape } from "./plugin-shape.ts";
import { untilGone, within } from "./wait.ts";

/** Longest that a file may take to load, milliseconds. */
const LOADING = 10_000;

export interface LoadedPlugin {
  /** As the configuration names it. */
  readonly path: string;
  readonly plugin: Plugin;
}

/**
 * Loads the files that a configuration names; relative paths start at `folder`.
 * @throws VoxpostError MENU_INVALID that lists every file that cannot be used, and why
 */
export async function loadPlugins(paths: readonly string[], folder: string): Promise<LoadedPlugin[]> {
  const faults: string[] = [];
  const plugins = await Promise.all(paths.map((path) => load(path, resolve(folder, path), faults)));
  refuse(faults);
  return plugins.filter((plugin) => plugin !== undefined);
}

async function load(path: string, file: string, faults: string[]): Promise<LoadedPlugin | undefined> {
  if (!existsSync(file)) {
    faults.push(`plugins: there is no file ${file}; a relative path starts where the configuration lies`);
    return undefined;
  }
  try {
    // Not import(): a folder without a package.json would make a .ts or .js file CommonJS, and `default` what it exports.
    const loading = async (): Promise<object> => tsImport(pathToFileURL(file).href, import.meta.url);
    const { default: _, ...named } = { default: undefined, ...(await within(LOADING, "Loading", loading)) };
    const parsed = pluginShape.safeParse(named);
    if (parsed.success) return { path, plugin: parsed.data as Plugin };
    for (const issue of parsed.error.issues)
      faults.push(`${[path, ...issue.path].join(": ")}: ${issue.message}`);
  } catch (error) {
    faults.push(`${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}

/** Menus with what plug-ins add to them, and what is wrong with that. */
export function extend(
  base: SiteMenus,
  plugins: readonly LoadedPlugin[],
): { menus: SiteMenus; faults: readonly string[] } {
  const faults: string[] = [];
  let menus = base;
  for (const { path, plugin } of plugins) {
    const known = Object.values(menus).flatMap((set) => Object.keys(set.menus));
    menus = mapMenus(menus, <S extends Session>(set: MenuSet<S>, dialogue: keyof Plugin) => {
      // Which session it is, is known by the dialogue only.
      const added = (plugin[dialogue] ?? {}) as Extension<Session> as Extension<S>;
      faults.push(...faultsOf(set, added, known).map((fault) => `${path}: ${dialogue}: ${fault}`));
      return withExtension(set, added, path);
    });
  }
  return { menus, faults };
}

function faultsOf<S extends Session>(
  set: MenuSet<S>,
  { actions = {}, menus = {}, sentences = {}, words = {} }: Extension<S>,
  known: readonly string[],
): string[] {
  const taken = (what: string, name: string, by: readonly string[]) => [
    ...(by.includes(name) ? [`${what} "${name}": this name is taken; choose another`] : []),
    ...(NAME.test(name) ? [] : [`${what} "${name}": a name has small letters, digits and - only`]),
  ];
  const names = [...Object.keys(set.actions), ...known];
  return [
    ...Object.keys(actions).flatMap((name) => taken("action", name, names)),
    ...Object.keys(menus).flatMap((name) => taken("menu", name, [...names, ...Object.keys(actions)])),
    ...Object.keys(sentences).flatMap((name) => taken("sentence", name, Object.keys(set.sentences))),
    ...Object.entries(words).flatMap(([name, phrase]) => [
      ...(actions[name] || menus[name] ? [] : [`words "${name}": it declares no such action or menu`]),
      ...(typeof phrase === "string" && !set.announcements.prompts.has(phrase)
        ? [`words "${name}": there is no prompt "${phrase}"; a sound of yours is { sound: "custom/…" }`]
        : []),
    ]),
  ];
}

function withExtension<S extends Session>(
  set: MenuSet<S>,
  { actions = {}, menus = {}, sentences = {}, words = {} }: Extension<S>,
  path: string,
): MenuSet<S> {
  const does = Object.entries(actions).map(([name, action]) => [name, guarded({ ...action, name }, path)]);
  const declared = Object.entries(menus).map(([name, menu]): [string, Menu] => [name, { ...menu, name }]);
  return {
    menus: { ...set.menus, ...Object.fromEntries(declared) },
    actions: { ...set.actions, ...Object.fromEntries(does) },
    sentences: { ...set.sentences, ...sentences },
    announcements: { ...set.announcements, labels: { ...set.announcements.labels, ...words } },
  };
}

/** Somebody else's code may forget the hang-up and answer anything; a call must end all the same. */
function guarded<S extends Session>(action: Action<S>, path: string): Action<S> {
  return {
    ...action,
    async run(session, pressed) {
      const running = Promise.resolve().then(() => action.run(session, pressed));
      const answer = await untilGone(session.call, running);
      const { error } = outcomeShape.safeParse(answer);
      if (!error) return answer satisfies Outcome;
      throw new VoxpostError("MENU_INVALID", `${path}: action ${action.name} answered no outcome`, {
        context: { faults: z.prettifyError(error) },
      });
    },
  };
}
