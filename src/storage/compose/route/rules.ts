import { FOLDERS, type Folder } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { RouteOptions, Rule } from "./options.ts";

export type AttributesOf = (mailbox: MailboxAddress) => Readonly<Record<string, string>>;

/** The name of the engine that has a mailbox's folder. */
export function routeOf(
  { rules, default: other }: Pick<RouteOptions, "rules" | "default">,
  attributesOf: AttributesOf,
  mailbox: MailboxAddress,
  folder: Folder,
): string {
  return rules.find((rule) => fits(rule, mailbox, folder, attributesOf))?.to ?? other;
}

/** The engines that may have this folder of some mailbox. */
export function routesTo(
  { rules, default: other }: Pick<RouteOptions, "rules" | "default">,
  folder: Folder,
): Set<string> {
  const may = rules.filter((rule) => !rule.folder || rule.folder.includes(folder));
  return new Set([...may.map(({ to }) => to), other]);
}

function fits(
  { context, mailbox, folder, attributes }: Rule,
  address: MailboxAddress,
  wanted: Folder,
  attributesOf: AttributesOf,
): boolean {
  return (
    (!context || context.some((pattern) => isLike(address.context, pattern))) &&
    (!mailbox || mailbox.some((pattern) => isLike(address.mailbox, pattern))) &&
    (!folder || folder.includes(wanted)) &&
    Object.entries(attributes ?? {}).every(([name, values]) =>
      values.some((value) => attributesOf(address)[name] === value),
    )
  );
}

/** `*` is anything and `?` one character; the whole text has to fit, so `10` is never `100`. */
function isLike(text: string, pattern: string): boolean {
  const source = pattern.replace(/[.+]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(text);
}

/** Folders by the engine that has them, for a search through all. */
export function foldersByRoute(
  routes: Pick<RouteOptions, "rules" | "default">,
  attributesOf: AttributesOf,
  mailbox: MailboxAddress,
  wanted: readonly Folder[] = FOLDERS,
): Map<string, Folder[]> {
  const byName = new Map<string, Folder[]>();
  for (const folder of wanted) {
    const name = routeOf(routes, attributesOf, mailbox, folder);
    byName.set(name, [...(byName.get(name) ?? []), folder]);
  }
  return byName;
}
