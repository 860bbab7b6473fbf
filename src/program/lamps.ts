import type { Lamp } from "../jobs/lamp.ts";
import { RedisPollTurns } from "../jobs/poll-turns.ts";
import type { Counts } from "../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import { pollSnapshots } from "../storage/snapshot-poll.ts";
import { WatchedMailboxes } from "../storage/watched.ts";
import type { Asterisks } from "./asterisks.ts";
import type { Ground } from "./ground.ts";
import type { Listeners } from "./listeners.ts";

/** A mailbox's lamp is lit on every Asterisk, under each of its names. */
export function lampOn({ ivrs }: Asterisks, { subscribers, telemetry }: Ground): Lamp {
  return {
    async publish(mailbox, counts) {
      const names = [mailbox, ...subscribers.aliasesOf(mailbox)];
      await Promise.all(
        [...ivrs].flatMap(([asterisk, { lamps }]) =>
          names.map((name) => telemetry.lamp(asterisk, lamps.publish(name, counts))),
        ),
      );
    },
  };
}

/**
 * Sees what others do with a mailbox: those used last are watched, all are looked at again and again. Whatever is seen
 * becomes a job, so that a mailbox is counted in one place at a time. Returns the way to stop.
 */
export function followMailboxes(ground: Ground, { ivrs }: Asterisks, listeners: Listeners): () => void {
  const { config, engine, store, snapshots, queues, mailboxes, subscribers, log } = ground;
  const watched = new WatchedMailboxes({
    engine,
    most: config.lamps.watched,
    onChange: (mailbox) => void queues.mwi(mailbox),
    log,
  });
  const stopListening = store.onChange((mailbox) => watched.touch(mailbox));
  watched.fill(mailboxes());

  const check = async (mailbox: MailboxAddress, counts: Counts) => {
    const names = [mailbox, ...subscribers.aliasesOf(mailbox)];
    const shown = [...ivrs.values()].flatMap(({ lamps }) => names.map((name) => lamps.shows(name, counts)));
    const known = await Promise.allSettled([...shown, listeners.know(mailbox, counts)]);
    for (const each of known) {
      if (each.status === "fulfilled") continue;
      log.debug({ err: each.reason, mailbox: formatMailbox(mailbox) }, "counts were not compared");
    }
    if (known.some((each) => each.status === "fulfilled" && !each.value)) await queues.mwi(mailbox);
  };
  const stopPolling = pollSnapshots({
    snapshots,
    mailboxes,
    turns: new RedisPollTurns(queues.redis),
    onCounts: check,
    everyMs: config.lamps.poll * 1_000,
    log,
  });
  return () => {
    stopListening();
    stopPolling();
    watched.stop();
  };
}
