import { VoxpostError } from "../../../errors.ts";
import type { Folder } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Engine, Entry } from "../../engine.ts";
import { throwIfAborted } from "../../faults.ts";
import type { Marks } from "../../marks.ts";
import { common, forward, life, upkeep } from "../forward.ts";
import { joined, pick } from "../joined.ts";
import { outer, outerRef } from "../keys.ts";
import { Transfers } from "../transfer.ts";
import type { RouteOptions } from "./options.ts";
import { type AttributesOf, foldersByRoute, routeOf, routesTo } from "./rules.ts";

export interface RouteParts extends Pick<RouteOptions, "rules" | "default"> {
  readonly engines: ReadonlyMap<string, Engine>;
  readonly attributesOf: AttributesOf;
  readonly marks: Marks;
}

/** Sends each context, mailbox or folder to an engine of its own. docs/engines/route.md */
export function createRoute({ engines, attributesOf, marks, ...routes }: RouteParts): Engine {
  const names = [...engines.keys()];
  const all = [...engines.values()];
  const transfers = new Transfers({ engines: all, marks });

  const at = (name: string): { number: number; engine: Engine } => {
    const engine = engines.get(name);
    if (engine) return { number: names.indexOf(name), engine };
    throw new VoxpostError("INTERNAL", `A rule leads to "${name}", which is no engine`);
  };
  const routed = (mailbox: MailboxAddress, folder: Folder) =>
    at(routeOf(routes, attributesOf, mailbox, folder));

  const settled = async (mailbox: MailboxAddress, signal: AbortSignal | undefined) => {
    throwIfAborted(signal);
    await transfers.settle(mailbox, signal);
    return [];
  };
  const changes = joined({ engines: all, sourcesOf: settled, transfers });

  // What belongs to a mailbox as a whole is kept where its INBOX is.
  const homes = [...routesTo(routes, "INBOX")].map((name) => at(name).engine);
  const capabilities = {
    ...common(homes),
    search: common(all).search,
    move: all.length === 1 && common(all).move,
    writable: all.some((engine) => engine.capabilities.writable),
  };

  return {
    ...changes,
    ...life(all),
    ...forward(capabilities, (mailbox) => routed(mailbox, "INBOX").engine),
    ...upkeep(all, (mailbox, report, signal) => transfers.settle(mailbox, signal, report)),
    name: `route (${[...engines].map(([name, engine]) => `${name}: ${engine.name}`).join(", ")})`,
    capabilities,

    async count(mailbox, folder, signal) {
      await settled(mailbox, signal);
      return routed(mailbox, folder).engine.count(mailbox, folder, signal);
    },

    async list(mailbox, folder, query, signal) {
      await settled(mailbox, signal);
      const { number, engine } = routed(mailbox, folder);
      const page = await engine.list(mailbox, folder, query, signal);
      return { ...page, entries: page.entries.map((entry) => outer(number, entry)) };
    },

    async find(mailbox, query, signal) {
      await settled(mailbox, signal);
      const search = async ([name, folders]: [string, Folder[]]): Promise<Entry[]> => {
        const { number, engine } = at(name);
        const found = await engine.find(mailbox, { ...query, folders }, signal);
        const here = found.filter(({ ref }) => folders.includes(ref.folder));
        return here.map((entry) => outer(number, entry));
      };
      const byRoute = foldersByRoute(routes, attributesOf, mailbox, query.folders);
      return (await Promise.all([...byRoute].map(search))).flat();
    },

    async append(folder, message, signal) {
      throwIfAborted(signal);
      const { number, engine } = routed(message.mailbox, folder);
      return outer(number, await engine.append(folder, message, signal));
    },

    async move(ref, to, signal) {
      const from = pick(all, ref).at;
      const { number } = routed(ref.mailbox, to);
      if (number === from.at) return changes.move(ref, to, signal);
      await settled(ref.mailbox, signal);
      return outerRef(await transfers.move(from, number, to, signal));
    },
  };
}
