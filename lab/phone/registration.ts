import { randomBytes } from "node:crypto";
import type { Account } from "./call.ts";
import { answerChallenge } from "./digest.ts";
import { header, parameter, type SipMessage } from "./message.ts";
import type { SipTransport } from "./transport.ts";

/** A request that is repeated within one identity: REGISTER, or SUBSCRIBE to the account's lamp. */
export class Refreshable {
  private readonly transport: SipTransport;
  private readonly account: Account;
  private readonly method: "REGISTER" | "SUBSCRIBE";
  private readonly id = `${randomBytes(12).toString("hex")}@lab`;
  private readonly tag = randomBytes(6).toString("hex");
  private sequence = 0;
  private remoteTag = "";
  private timer: NodeJS.Timeout | undefined;

  constructor(transport: SipTransport, account: Account, method: "REGISTER" | "SUBSCRIBE") {
    this.transport = transport;
    this.account = account;
    this.method = method;
  }

  /** Whether a NOTIFY belongs to this subscription. */
  owns(request: SipMessage): boolean {
    return header(request, "call-id") === this.id;
  }

  /** Asks for `seconds` and goes on asking in time; rejects with the status when it is refused. */
  async start(seconds = 3_600): Promise<void> {
    await this.send(seconds);
    clearInterval(this.timer);
    this.timer = setInterval(() => void this.send(seconds).catch(() => {}), seconds * 500);
    this.timer.unref();
  }

  /** Gives it up; a server that does not answer is not waited for longer than a second. */
  async stop(): Promise<void> {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = undefined;
    await this.send(0, 1_000).catch(() => {});
  }

  private async send(seconds: number, withinMs = 10_000): Promise<void> {
    let response = await this.attempt(seconds, undefined, withinMs);
    if (response.status === 401 || response.status === 407) {
      const challenge = header(response, "www-authenticate") || header(response, "proxy-authenticate");
      response = await this.attempt(seconds, challenge, withinMs);
    }
    if (response.status === undefined || response.status >= 300) {
      throw new Error(
        `${this.method} of ${this.account.user} refused: ${response.status} ${response.reason}`,
      );
    }
    this.remoteTag = parameter(header(response, "to"), "tag");
  }

  private attempt(seconds: number, challenge: string | undefined, withinMs: number): Promise<SipMessage> {
    const { user, password, domain } = this.account;
    const { method } = this;
    const identity = `sip:${user}@${domain}`;
    const uri = method === "REGISTER" ? `sip:${domain}` : identity;
    const inDialog = method === "SUBSCRIBE" && this.remoteTag ? `;tag=${this.remoteTag}` : "";
    this.sequence += 1;
    const headers: SipMessage["headers"] = [
      ["From", `<${identity}>;tag=${this.tag}`],
      ["To", `<${identity}>${inDialog}`],
      ["Call-ID", this.id],
      ["CSeq", `${this.sequence} ${method}`],
      ["Contact", `<sip:${user}@${this.transport.local}>`],
      ["Expires", String(seconds)],
    ];
    if (method === "SUBSCRIBE") {
      headers.push(["Event", "message-summary"], ["Accept", "application/simple-message-summary"]);
    }
    if (challenge) {
      headers.push(["Authorization", answerChallenge(challenge, { method, uri, user, password })]);
    }
    return this.transport.request({ method, uri, headers, body: "" }, { withinMs });
  }
}
