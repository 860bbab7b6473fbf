import type { Lab } from "../lab/lab.ts";
import { createLogger } from "../src/log.ts";
import { createEngine } from "../src/storage/registry.ts";
import { throughImap } from "./fill.ts";
import { newMessage } from "./messages.ts";
import { RawImap } from "./raw-imap.ts";

/** How the lab's mail server is entered; by another port when something stands between. */
export function mailStorage(lab: Lab, port?: number): Record<string, unknown> {
  const { host, port: own, proxy } = mailServer(lab);
  return { engine: "imap", host, port: port ?? own, tls: "none", user: "{mailbox}", proxy };
}

/** A bare connection to a mailbox's account. */
export async function openRaw(lab: Lab, mailbox: string): Promise<RawImap> {
  const { port, proxy } = mailServer(lab);
  const raw = await RawImap.open(port);
  await raw.login(mailbox, proxy.user, proxy.password);
  return raw;
}

/** A message in each of these mailboxes. */
export async function storeSpoken(lab: Lab, boxes: readonly number[], wav: Buffer): Promise<void> {
  const engine = createEngine(mailStorage(lab), { log: createLogger("silent"), folder: lab.folder });
  await engine.open();
  try {
    for (const box of boxes) await engine.append("INBOX", newMessage(String(box), 0, wav));
  } finally {
    await engine.close();
  }
}

/** Many messages, which nobody hears, behind what is there. */
export function storeMany(lab: Lab, box: number, messages: number): Promise<void> {
  return throughImap((mailbox) => openRaw(lab, mailbox))(String(box), messages, () => {});
}

function mailServer({ imap }: Lab): NonNullable<Lab["imap"]> {
  if (!imap) throw new Error("this measurement needs the mail server");
  return imap;
}
