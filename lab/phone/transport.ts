import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { formatMessage, header, headersOf, parameter, parseMessage, type SipMessage } from "./message.ts";

export interface Address {
  host: string;
  port: number;
}

/** Answers a request; undefined for one that gets none (ACK). */
export type RequestHandler = (request: SipMessage) => Partial<SipMessage> | undefined;

interface Waiting {
  onResponse(response: SipMessage): void;
}

const FIRST_RETRANSMISSION_MS = 500;

/**
 * SIP over one UDP socket on loopback: sends requests, repeats them until they are answered, and answers what comes in.
 */
export class SipTransport {
  private readonly socket: Socket;
  private readonly server: Address;
  onRequest: RequestHandler = () => ({ status: 481, reason: "Call/Transaction Does Not Exist" });
  private readonly waiting = new Map<string, Waiting>();
  /** Our answers by transaction, to be repeated when a request comes again. */
  private readonly answered = new Map<string, string>();

  private constructor(socket: Socket, server: Address) {
    this.socket = socket;
    this.server = server;
    socket.on("message", (data, from) => this.receive(data, { host: from.address, port: from.port }));
  }

  static async open(server: Address): Promise<SipTransport> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new SipTransport(socket, server);
  }

  /** `host:port` of our end. */
  get local(): string {
    const { address, port } = this.socket.address();
    return `${address}:${port}`;
  }

  close(): void {
    this.socket.close();
  }

  /** Sends a request that gets no answer (ACK). */
  sendOnly(request: SipMessage, branch = newBranch()): void {
    this.transmit(formatMessage(this.withVia(request, branch)));
  }

  /**
   * Sends a request and resolves with the final response; `onProvisional` sees 1xx. Repeats it until something answers.
   * Rejects after `withinMs` without a final response. `onFinal` is also told of repeated final responses.
   */
  request(
    request: SipMessage,
    {
      withinMs = 10_000,
      branch = newBranch(),
      onProvisional = () => {},
      onRepeatedFinal = () => {},
    }: {
      withinMs?: number;
      branch?: string;
      onProvisional?(response: SipMessage): void;
      onRepeatedFinal?(response: SipMessage): void;
    } = {},
  ): Promise<SipMessage> {
    const text = formatMessage(this.withVia(request, branch));
    const key = `${branch} ${request.method}`;
    return new Promise((resolve, reject) => {
      let delay = FIRST_RETRANSMISSION_MS;
      let repeat = setTimeout(
        function again(transport: SipTransport) {
          transport.transmit(text);
          delay = Math.min(delay * 2, 4_000);
          repeat = setTimeout(again, delay, transport);
        },
        delay,
        this,
      );
      const limit = setTimeout(() => {
        clearTimeout(repeat);
        this.waiting.delete(key);
        reject(new Error(`waited ${withinMs / 1000} s for a response to ${request.method} ${request.uri}`));
      }, withinMs);
      let done = false;
      this.waiting.set(key, {
        onResponse: (response) => {
          clearTimeout(repeat);
          if ((response.status ?? 0) < 200) return onProvisional(response);
          if (done) return onRepeatedFinal(response);
          done = true;
          clearTimeout(limit);
          if (request.method !== "INVITE") this.waiting.delete(key);
          resolve(response);
        },
      });
      this.transmit(text);
    });
  }

  private withVia(request: SipMessage, branch: string): SipMessage {
    const via: [string, string] = ["Via", `SIP/2.0/UDP ${this.local};branch=${branch};rport`];
    return { ...request, headers: [via, ["Max-Forwards", "70"], ...request.headers] };
  }

  private transmit(text: string, to: Address = this.server): void {
    this.socket.send(text, to.port, to.host, () => {}); // a lost datagram is repeated
  }

  private receive(data: Buffer, from: Address): void {
    const message = parseMessage(data);
    if (!message) return;
    const transaction = `${parameter(header(message, "via"), "branch")} ${header(message, "cseq").split(" ")[1]}`;
    if (message.status !== undefined) {
      this.waiting.get(transaction)?.onResponse(message);
      return;
    }
    const before = this.answered.get(transaction);
    if (before) {
      this.transmit(before, from);
      return;
    }
    const answer = this.onRequest(message);
    if (!answer) return;
    const text = formatMessage(makeResponse(message, answer));
    this.answered.set(transaction, text);
    if (this.answered.size > 200) this.answered.delete(this.answered.keys().next().value ?? "");
    this.transmit(text, from);
  }
}

export function newBranch(): string {
  return `z9hG4bK${randomBytes(8).toString("hex")}`;
}

function makeResponse(request: SipMessage, answer: Partial<SipMessage>): SipMessage {
  const copied = ["via", "from", "to", "call-id", "cseq", "record-route"].flatMap((name) =>
    headersOf(request, name),
  );
  const headers = copied.map(([name, value]): [string, string] =>
    name === "to" && !parameter(value, "tag") ? [name, `${value};tag=voxpostlab`] : [name, value],
  );
  return { status: 200, reason: "OK", body: "", ...answer, headers: [...headers, ...(answer.headers ?? [])] };
}
