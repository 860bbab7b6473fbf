import { VoxpostError } from "../../src/errors.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { Engine } from "../../src/storage/engine.ts";
import type { Store } from "../../src/storage/store.ts";

/** The few lines of a store that a call needs, over a real engine. */
export function storeOf(engine: Engine, pin: (mailbox: MailboxAddress) => string | undefined): Store {
  const unused = async () => {
    throw new VoxpostError("UNSUPPORTED", "Not used by menus");
  };
  return {
    capabilities: engine.capabilities,
    open: () => engine.open(),
    close: () => engine.close(),
    check: (signal) => engine.check(signal),
    async authenticate(mailbox, given) {
      if (pin(mailbox) !== given) throw new VoxpostError("PIN_WRONG", "Wrong");
    },
    counts: (mailbox, folder = "INBOX", signal) => engine.count(mailbox, folder, signal),
    list: (mailbox, folder, query, signal) => engine.list(mailbox, folder, query, signal),
    find: async (mailbox, id) => (await engine.find(mailbox, { id }))[0],
    audio: (entry, signal) => engine.read(entry.ref, signal),
    deposit: unused,
    async mark(entry, change, signal) {
      await engine.setFlags(entry.ref, change, signal);
      return { ...entry, envelope: { ...entry.envelope, ...change } };
    },
    async move(entry, to, signal) {
      const ref = await engine.move(entry.ref, to, signal);
      return { ref, envelope: { ...entry.envelope, folder: to } };
    },
    async trash(entry, signal) {
      const ref = await engine.move(entry.ref, "Trash", signal);
      return { ref, envelope: { ...entry.envelope, folder: "Trash" } };
    },
    quota: async () => undefined,
    purge: (entry, signal) => engine.remove(entry.ref, signal),
    greeting: unused,
    setGreeting: unused,
    removeGreeting: unused,
    onChange: () => () => undefined,
  };
}
