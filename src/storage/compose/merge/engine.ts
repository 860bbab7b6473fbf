import type { Folder } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Engine, Quota, Ref } from "../../engine.ts";
import { throwIfAborted } from "../../faults.ts";
import type { Marks } from "../../marks.ts";
import { common, forward, life, upkeep, watchAll } from "../forward.ts";
import { joined, pick } from "../joined.ts";
import { outer, outerRef } from "../keys.ts";
import { Transfers } from "../transfer.ts";
import type { MergeOptions } from "./options.ts";
import { appendWithRoom, placesFor } from "./placement.ts";

export interface MergeParts extends Pick<MergeOptions, "place" | "folders"> {
  /** At least one. What belongs to a mailbox as a whole (greetings, PIN) is kept by the first. */
  readonly engines: readonly [Engine, ...Engine[]];
  readonly marks: Marks;
}

/** Several engines as one: each message lives in one of them, and every listing shows them all. docs/engines/merge.md */
export function createMerge({ engines, place, folders, marks }: MergeParts): Engine {
  const transfers = new Transfers({ engines, marks });
  const [first] = engines;
  const { authenticate, greetings } = first.capabilities;
  const capabilities = { ...common(engines), authenticate, greetings, move: place !== "by-folder" };

  const everywhere = joined({
    engines,
    transfers,
    async sourcesOf(mailbox, signal) {
      throwIfAborted(signal);
      await transfers.settle(mailbox, signal);
      return engines.map((engine) => ({ engine }));
    },
  });

  return {
    ...everywhere,
    ...life(engines),
    ...forward({ ...capabilities, watch: false, quota: false }, () => first),
    ...upkeep(engines, (mailbox, report, signal) => transfers.settle(mailbox, signal, report)),
    ...(capabilities.watch && { watch: watchAll(engines) }),
    ...(capabilities.quota && { quota: (mailbox, signal) => sumQuota(engines, mailbox, signal) }),
    name: `merge (${engines.map(({ name }) => name).join(", ")})`,
    capabilities,

    async append(folder, message, signal) {
      throwIfAborted(signal);
      const places = placesFor({ place, folders }, engines.length, folder, message);
      const { at, entry } = await appendWithRoom(engines, places, folder, message, signal);
      return outer(at, entry);
    },

    async move(ref: Ref, to: Folder, signal?: AbortSignal) {
      const { at } = pick(engines, ref);
      const target = place === "by-folder" ? (folders[to] ?? 0) : at.at;
      if (target === at.at) return everywhere.move(ref, to, signal);
      await transfers.settle(ref.mailbox, signal);
      return outerRef(await transfers.move(at, target, to, signal));
    },
  };
}

/** Room in all of them together; undefined as soon as one has no limit, or does not tell. */
async function sumQuota(
  engines: readonly Engine[],
  mailbox: MailboxAddress,
  signal: AbortSignal | undefined,
): Promise<Quota | undefined> {
  const sum = { usedBytes: 0, limitBytes: 0 };
  for (const engine of engines) {
    const quota = await engine.quota?.(mailbox, signal);
    if (!quota) return undefined;
    sum.usedBytes += quota.usedBytes;
    sum.limitBytes += quota.limitBytes;
  }
  return sum;
}
