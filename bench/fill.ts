import type { Engine } from "../src/storage/engine.ts";
import { encodeMessage } from "../src/storage/mime/encode.ts";
import { newMessage } from "./messages.ts";
import type { RawImap } from "./raw-imap.ts";

/** 20 ms of 16 bit PCM at 8 kHz: messages that are counted and listed, and that nobody hears. */
const TINY = Buffer.alloc(320, 1);

/** Puts a number of messages into a mailbox that is empty; `told` hears how many there are, now and then. */
export type Fill = (mailbox: string, messages: number, told: (done: number) => void) => Promise<void>;

/** Through the engine itself, some at once. */
export function throughEngine(engine: Engine): Fill {
  return inBatches(50, (mailbox, numbers) =>
    Promise.all(numbers.map((number) => engine.append("INBOX", newMessage(mailbox, number, TINY)))),
  );
}

/** The mail that the engine would write, under many ids and hundreds in one command: its own way takes minutes for thousands. */
export function throughImap(open: (mailbox: string) => Promise<RawImap>): Fill {
  return async (mailbox, messages, told) => {
    const imap = await open(mailbox);
    const model = newMessage(mailbox, 0, TINY);
    const { mail } = await encodeMessage(model, { domain: "voxpost.invalid" });
    const text = Buffer.concat(await mail.toArray()).toString("latin1");
    const fill = inBatches(250, (_, numbers) =>
      imap.appendAll(
        numbers.map((number) => {
          const { id, receivedAt: date } = newMessage(mailbox, number, TINY);
          return { mail: Buffer.from(text.replaceAll(model.id, id), "latin1"), date };
        }),
      ),
    );
    try {
      await fill(mailbox, messages, told);
    } finally {
      imap.close();
    }
  };
}

function inBatches(size: number, store: (mailbox: string, numbers: number[]) => Promise<unknown>): Fill {
  return async (mailbox, messages, told) => {
    for (let done = 0; done < messages; done += size) {
      const numbers = Array.from({ length: Math.min(size, messages - done) }, (_, index) => done + index);
      await store(mailbox, numbers);
      if ((done / size) % 20 === 19) told(done + numbers.length);
    }
  };
}
