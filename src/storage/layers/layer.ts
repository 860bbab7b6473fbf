import type { MailboxAddress } from "../../model/mailbox.ts";
import type { Engine } from "../engine.ts";

/**
 * What a layer does around each operation of the engine inside; `run` may be called with another signal, or again. `mailbox` is
 * whose it is, if it is one's.
 */
export type Around = <T>(
  operation: Operation,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal | undefined) => Promise<T>,
  mailbox?: MailboxAddress,
) => Promise<T>;

export type Operation = Exclude<
  keyof Engine,
  "name" | "capabilities" | "open" | "close" | "expect" | "watch" | "mailboxes" | "tidy" | "repair"
>;

/**
 * An engine that does what the inner one does, with something around each operation. Its life, its watching and its
 * upkeep, which end when somebody says so and not before, are the inner one's own.
 */
export function layer(inner: Engine, around: Around): Engine {
  const { authenticate, mailboxes, readText, readExtras, readGreeting, writeGreeting, removeGreeting } =
    inner;
  const { expect, watch, quota, freeBytes, tidy, repair } = inner;
  return {
    name: inner.name,
    capabilities: inner.capabilities,
    open: () => inner.open(),
    close: () => inner.close(),
    check: (signal) => around("check", signal, (inside) => inner.check(inside)),
    count: (mailbox, folder, signal) =>
      around("count", signal, (inside) => inner.count(mailbox, folder, inside), mailbox),
    list: (mailbox, folder, query, signal) =>
      around("list", signal, (inside) => inner.list(mailbox, folder, query, inside), mailbox),
    find: (mailbox, query, signal) =>
      around("find", signal, (inside) => inner.find(mailbox, query, inside), mailbox),
    read: (ref, signal) => around("read", signal, (inside) => inner.read(ref, inside), ref.mailbox),
    append: (folder, message, signal) =>
      around("append", signal, (inside) => inner.append(folder, message, inside), message.mailbox),
    setFlags: (ref, change, signal) =>
      around("setFlags", signal, (inside) => inner.setFlags(ref, change, inside), ref.mailbox),
    move: (ref, to, signal) => around("move", signal, (inside) => inner.move(ref, to, inside), ref.mailbox),
    remove: (ref, signal) => around("remove", signal, (inside) => inner.remove(ref, inside), ref.mailbox),
    ...(authenticate && {
      authenticate: (mailbox, pin, signal) =>
        around("authenticate", signal, (inside) => authenticate.call(inner, mailbox, pin, inside), mailbox),
    }),
    ...(expect && { expect: (mailbox, signal) => expect.call(inner, mailbox, signal) }),
    ...(mailboxes && { mailboxes: (signal) => mailboxes.call(inner, signal) }),
    ...(readText && {
      readText: (ref, signal) =>
        around("readText", signal, (inside) => readText.call(inner, ref, inside), ref.mailbox),
    }),
    ...(readExtras && {
      readExtras: (ref, signal) =>
        around("readExtras", signal, (inside) => readExtras.call(inner, ref, inside)),
    }),
    ...(readGreeting && {
      readGreeting: (mailbox, kind, signal) =>
        around("readGreeting", signal, (inside) => readGreeting.call(inner, mailbox, kind, inside), mailbox),
    }),
    ...(writeGreeting && {
      writeGreeting: (mailbox, kind, audio, signal) =>
        around(
          "writeGreeting",
          signal,
          (inside) => writeGreeting.call(inner, mailbox, kind, audio, inside),
          mailbox,
        ),
    }),
    ...(removeGreeting && {
      removeGreeting: (mailbox, kind, signal) =>
        around(
          "removeGreeting",
          signal,
          (inside) => removeGreeting.call(inner, mailbox, kind, inside),
          mailbox,
        ),
    }),
    ...(watch && { watch: (mailbox, onChange, signal) => watch.call(inner, mailbox, onChange, signal) }),
    ...(quota && {
      quota: (mailbox, signal) =>
        around("quota", signal, (inside) => quota.call(inner, mailbox, inside), mailbox),
    }),
    ...(freeBytes && {
      freeBytes: (signal) => around("freeBytes", signal, (inside) => freeBytes.call(inner, inside)),
    }),
    ...(tidy && { tidy: (mailbox, report, signal) => tidy.call(inner, mailbox, report, signal) }),
    ...(repair && { repair: (mailbox, report, signal) => repair.call(inner, mailbox, report, signal) }),
  };
}

/** An engine that does what the inner one does and nothing else, for a wrapper that replaces some of its operations. */
export function same(inner: Engine): Engine {
  return layer(inner, (_operation, signal, run) => run(signal));
}
