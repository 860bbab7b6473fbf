import { once } from "node:events";
import type { Engine } from "../engine.ts";
import { HEARTBEAT_MS } from "../engines/http/protocol.ts";
import { HttpError } from "./problems.ts";
import type { Asked } from "./requests.ts";

/** Server-sent events about one mailbox, until the client goes; a bounded number of them at once. */
export class Events {
  readonly #engine: Engine;
  readonly #most: number;
  #open = 0;

  constructor(engine: Engine, most: number) {
    this.#engine = engine;
    this.#most = most;
  }

  async send(asked: Asked, watch: NonNullable<Engine["watch"]>): Promise<void> {
    const { mailbox, signal, outgoing } = asked;
    if (this.#open >= this.#most) {
      throw new HttpError(503, `${this.#most} mailboxes are watched already`, { code: "STORE_UNREACHABLE" });
    }
    this.#open++;
    let begun = false;
    let early = false;
    const tell = (text: string) => {
      // To a client that does not read, what waits for it tells enough.
      if (outgoing.writableLength < 1_000) outgoing.write(text);
    };
    const changed = () => {
      if (begun) tell(CHANGE);
      else early = true;
    };
    try {
      await watch.call(this.#engine, mailbox, changed, signal);
      asked.begin(200, { "content-type": "text/event-stream" });
      begun = true;
      tell(`event: ready\ndata: {}\n\n${early ? CHANGE : ""}`);
      const heart = setInterval(() => tell(":\n"), HEARTBEAT_MS / 2);
      if (!signal.aborted) await once(signal, "abort");
      clearInterval(heart);
    } finally {
      this.#open--;
    }
  }
}

const CHANGE = "event: change\ndata: {}\n\n";
