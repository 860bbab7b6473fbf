import type { Call, DialplanPlace } from "../ivr/call.ts";
import type { Script } from "../ivr/phrase.ts";
import type { Snapshots } from "../storage/snapshot.ts";
import { recordedName } from "./greeting.ts";
import type { MenuSet } from "./menu.ts";
import type { NamePart, Person } from "./people.ts";
import { runMenus } from "./run.ts";

export interface DirectoryOptions {
  readonly people: readonly Person[];
  readonly snapshots: Pick<Snapshots, "get">;
  readonly part: NamePart;
  /** So many keys of a name are asked for. */
  readonly digits: number;
  /** Say the extension as well. */
  readonly saysExtension: boolean;
  /** Several at once, instead of one by one. */
  readonly asMenu: boolean;
  /** The site's own sound instead of the welcome. */
  readonly intro: string | undefined;
  /** Before the first word, milliseconds. */
  readonly pauseMs: number;
  readonly operator: DialplanPlace | undefined;
  readonly assistant: DialplanPlace | undefined;
}

export type DirectoryResult = "OPERATOR" | "ASSISTANT" | "SELECTED" | "USEREXIT" | "TIMEOUT" | "FAILED";

/** Somebody who looks for a person by name. */
export interface Directory extends DirectoryOptions {
  readonly call: Call;
  hits: readonly Person[];
  /** Position of the first hit that is heard now. */
  at: number;
  /** Those who are heard now. */
  readonly page: readonly Person[];
  selected: Person | undefined;
  result: DirectoryResult | undefined;
}

/** At once in a menu: the keys 1 to 8. */
const PAGE = 8;

/** Asks for a name until somebody is chosen, or the caller leaves. */
export async function lookUpPerson(
  call: Call,
  options: DirectoryOptions,
  menus: MenuSet<Directory>,
): Promise<{ result: DirectoryResult; person: Person | undefined }> {
  const directory: Directory = {
    ...options,
    call,
    hits: [],
    at: 0,
    selected: undefined,
    result: undefined,
    get page() {
      return this.hits.slice(this.at, this.at + (this.asMenu ? PAGE : 1));
    },
  };
  const { how } = await runMenus(withDigits(menus, options.digits), "directory", directory);
  const result = directory.result ?? (how === "failed" ? "FAILED" : "TIMEOUT");
  return { result, person: directory.selected };
}

/** The recorded name, or the name spelled; with the extension where that is wanted. */
export async function personWords(
  { snapshots, saysExtension }: DirectoryOptions,
  { subscriber, fullName, address }: Person,
): Promise<Script> {
  const name = (await recordedName(subscriber, snapshots)) ?? { letters: fullName };
  return [name, ...(saysExtension ? ["vm-extension", { digits: address.mailbox }] : [])];
}

function withDigits(set: MenuSet<Directory>, maxKeys: number): MenuSet<Directory> {
  const menu = set.menus.directory;
  if (!menu?.entry) return set;
  return { ...set, menus: { ...set.menus, directory: { ...menu, entry: { ...menu.entry, maxKeys } } } };
}
