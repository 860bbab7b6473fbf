import type { Lab } from "../lab/lab.ts";
import { createLogger } from "../src/log.ts";
import type { Engine } from "../src/storage/engine.ts";
import { createEngine } from "../src/storage/registry.ts";
import { newMessage } from "./messages.ts";

/** How the lab's mail server is entered; by another port when something stands between. */
export function mailStorage(lab: Lab, port?: number): Record<string, unknown> {
  const { imap } = lab;
  if (!imap) throw new Error("this measurement needs the mail server");
  const { host, proxy } = imap;
  return { engine: "imap", host, port: port ?? imap.port, tls: "none", user: "{mailbox}", proxy };
}

/** An engine on the lab's mail server for as long as `work` takes. */
export async function withMail<T>(lab: Lab, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = createEngine(mailStorage(lab), { log: createLogger("silent"), folder: lab.folder });
  await engine.open();
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Stores messages; the first is `wav`, the others, which nobody hears, are next to nothing. */
export async function fillMailbox(
  engine: Engine,
  box: number,
  messages: number,
  wav: Buffer,
  rest: Buffer = wav,
): Promise<void> {
  const batch = 20;
  for (let done = 0; done < messages; done += batch) {
    const numbers = Array.from({ length: Math.min(batch, messages - done) }, (_, index) => done + index);
    await Promise.all(
      numbers.map((number) =>
        engine.append("INBOX", newMessage(String(box), number, number === 0 ? wav : rest)),
      ),
    );
  }
}
