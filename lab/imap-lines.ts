import { connect, type Socket } from "node:net";

/** As much IMAP as an administrator's few commands need; the libraries stumble over an account without mailboxes. */
export class ImapLines {
  private readonly socket: Socket;
  private received = "";
  private counter = 0;
  private onData: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data) => {
      this.received += data.toString("latin1");
      this.onData();
    });
    socket.on("error", () => {}); // told by the next command's time-out
  }

  /** Resolves when the server has greeted. */
  static async connect(port: number): Promise<ImapLines> {
    const lines = new ImapLines(connect(port, "127.0.0.1"));
    await lines.waitFor(/^\* OK.*\r\n/, "a greeting");
    return lines;
  }

  /** Resolves when the server says OK; rejects with its words otherwise. */
  async command(text: string): Promise<void> {
    this.counter += 1;
    const tag = `a${this.counter}`;
    this.received = "";
    this.socket.write(`${tag} ${text}\r\n`);
    const verb = text.split(" ")[0];
    const answer = await this.waitFor(new RegExp(`^${tag} (.*)\\r\\n`, "m"), `an answer to ${verb}`);
    if (!answer.startsWith("OK")) throw new Error(`IMAP ${verb}: ${answer}`);
  }

  close(): void {
    this.socket.destroy();
  }

  private waitFor(pattern: RegExp, what: string, withinMs = 10_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`waited ${withinMs / 1000} s for ${what}`)), withinMs);
      this.onData = () => {
        const found = pattern.exec(this.received);
        if (!found) return;
        clearTimeout(limit);
        resolve(found[1] ?? "");
      };
      this.onData();
    });
  }
}
