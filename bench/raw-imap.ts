import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A bare IMAP connection: what a client of ten lines gets from the same server, which is the limit of any other. */
export class RawImap {
  readonly #socket: Socket;
  readonly #credentials: string;
  #heard = "";

  private constructor(socket: Socket, credentials: string) {
    this.#socket = socket;
    this.#credentials = credentials;
    socket.setEncoding("latin1").setNoDelay(true);
    socket.on("data", (data: string) => {
      this.#heard += data;
    });
  }

  /** `credentials` answer AUTHENTICATE PLAIN (RFC 4616). */
  static async open(port: number, credentials: readonly string[]): Promise<RawImap> {
    const sasl = Buffer.from(credentials.join("\0")).toString("base64");
    const raw = new RawImap(connect(port, "127.0.0.1"), sasl);
    await raw.#until(/^\* OK/);
    return raw;
  }

  /** Sends commands one after the other, each after the answer to the one before. */
  async run(commands: readonly string[]): Promise<void> {
    for (const command of commands) {
      if (command === "AUTHENTICATE PLAIN") await this.#offer(`vxraw ${command}\r\n`, this.#credentials);
      else await this.#ask(`vxraw ${command}\r\n`);
    }
  }

  append(mail: string): Promise<void> {
    return this.#offer(`vxraw APPEND INBOX {${mail.length}}\r\n`, mail);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #offer(line: string, rest: string): Promise<void> {
    this.#heard = "";
    this.#socket.write(line);
    await this.#until(/^\+/);
    await this.#ask(`${rest}\r\n`);
  }

  async #ask(line: string): Promise<void> {
    this.#heard = "";
    this.#socket.write(line, "latin1");
    await this.#until(/^vxraw OK/);
  }

  /** What is waited for is the last line of an answer. */
  async #until(expected: RegExp): Promise<void> {
    for (;;) {
      const last = this.#heard.slice(this.#heard.lastIndexOf("\r\n", this.#heard.length - 3) + 1).trimStart();
      if (this.#heard.endsWith("\r\n") && expected.test(last)) return;
      if (/^vxraw (NO|BAD)/.test(last)) throw new Error(`the bare connection was refused: ${last}`);
      await once(this.#socket, "data");
    }
  }
}
