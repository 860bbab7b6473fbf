import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A bare IMAP connection: what a client of ten lines gets from the same server, which is the limit of any other. */
export class RawImap {
  readonly #socket: Socket;
  #heard = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1").setNoDelay(true);
    socket.on("data", (data: string) => {
      this.#heard += data;
    });
  }

  /** Resolves when the server has greeted. */
  static async open(port: number): Promise<RawImap> {
    const raw = new RawImap(connect(port, "127.0.0.1"));
    await raw.#until(/^\* OK/);
    return raw;
  }

  /** SASL PLAIN (RFC 4616): whom to act for, who we are, and the password; with its initial response (RFC 4959). */
  login(...credentials: [actFor: string, user: string, password: string]): Promise<void> {
    return this.run([`AUTHENTICATE PLAIN ${Buffer.from(credentials.join("\0")).toString("base64")}`]);
  }

  /** Sends commands one after the other, each after the answer to the one before. */
  async run(commands: readonly string[]): Promise<void> {
    for (const command of commands) await this.#ask(`vxraw ${command}\r\n`);
  }

  async append(mail: string): Promise<void> {
    this.#heard = "";
    this.#socket.write(`vxraw APPEND INBOX {${mail.length}}\r\n`);
    await this.#until(/^\+/);
    await this.#ask(`${mail}\r\n`);
  }

  /** Many mails in one question (RFC 3502, RFC 7888), with the times that they get as INTERNALDATE. */
  appendAll(mails: readonly { mail: Buffer; date: Date }[]): Promise<void> {
    const parts = mails.map(
      ({ mail, date }) => ` "${dateTime(date)}" {${mail.length}+}\r\n${mail.toString("latin1")}`,
    );
    return this.#ask(`vxraw APPEND INBOX${parts.join("")}\r\n`);
  }

  /** Says goodbye, as every client does: a server is busy for a while with one that just leaves. */
  async logout(): Promise<void> {
    this.#socket.write("vxraw LOGOUT\r\n");
    await once(this.#socket, "close").catch(() => undefined);
  }

  close(): void {
    this.#socket.destroy();
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

/** As IMAP writes it: `22-Nov-2026 04:33:35 +0000`. */
function dateTime(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(" ");
  return `${day}-${month}-${year} ${time} +0000`;
}
