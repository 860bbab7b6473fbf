import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  /** Every line as it came, CRLF. */
  readonly raw: string;
  readonly mail: ParsedMail;
}

/** What it says instead of yes: `550 5.1.1 no such user`, or nothing at all. */
type Answer = string | "silence" | undefined;

/** A real SMTP server, with moods. */
export class MailServer {
  readonly received: Received[] = [];
  /** Asked at RCPT TO, and when a whole mail has come. Default: yes to all. */
  onRecipient: (address: string) => Answer = () => undefined;
  onMail: (mail: Received) => Answer = () => undefined;
  /** Most connections at once. */
  most = 0;
  sizes: (number | undefined)[] = [];
  readonly port: number;
  readonly #server: SMTPServer;
  #open = 0;

  private constructor(server: SMTPServer, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Without TLS and login, unless the options say so; on any free port. */
  static async start(options: SMTPServerOptions = {}, port = 0): Promise<MailServer> {
    let here: MailServer;
    const server = new SMTPServer({
      disabledCommands: ["AUTH", "STARTTLS"],
      disableReverseLookup: true,
      closeTimeout: 100,
      onConnect: (_session, done) => {
        here.#open++;
        here.most = Math.max(here.most, here.#open);
        done();
      },
      onClose: (_session, done) => {
        here.#open--;
        done?.();
      },
      onMailFrom: ({ args }, _session, done) => {
        here.sizes.push(args && "SIZE" in args ? Number(args.SIZE) : undefined);
        done();
      },
      onRcptTo: ({ address }, _session, done) => answer(here.onRecipient(address), done),
      onData: (stream, { envelope }, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const raw = Buffer.concat(chunks).toString("latin1");
          simpleParser(Buffer.concat(chunks)).then((mail) => {
            const from = envelope.mailFrom ? envelope.mailFrom.address : "";
            const received = { from, to: envelope.rcptTo.map(({ address }) => address), raw, mail };
            const said = stream.sizeExceeded ? "552 5.3.4 too large" : here.onMail(received);
            if (said === undefined) here.received.push(received);
            answer(said, done);
          }, done);
        });
      },
      ...options,
    });
    // A client that goes away is no fault of the server's.
    server.on("error", () => {});
    const listening: Server = server.listen(port, "127.0.0.1");
    await once(listening, "listening");
    here = new MailServer(server, (listening.address() as AddressInfo).port);
    return here;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function answer(said: Answer, done: (error?: Error) => void): void {
  if (said === "silence") return;
  const [, code, text] = /^(\d{3}) (.*)$/.exec(said ?? "") ?? [];
  done(said === undefined ? undefined : Object.assign(new Error(text), { responseCode: Number(code) }));
}
