import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  /** Every line as it came, CRLF. */
  readonly raw: string;
  readonly mail: ParsedMail;
}

/** A certificate of its own for 127.0.0.1, and the file by which a client knows it. */
export async function identify(): Promise<{
  server: { key: Buffer; cert: Buffer };
  ca: string;
  remove: () => void;
}> {
  const folder = mkdtempSync(join(tmpdir(), "voxpost-smtp-"));
  const [key, ca] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  await execa("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", ca]);
  return {
    server: { key: readFileSync(key), cert: readFileSync(ca) },
    ca,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
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
