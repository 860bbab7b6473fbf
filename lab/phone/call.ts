import { randomBytes } from "node:crypto";
import { answerChallenge } from "./digest.ts";
import { escapeUser, header, parameter, quoteName, type SipMessage, uriOf } from "./message.ts";
import { RtpStream } from "./rtp.ts";
import { makeSdp, parseSdp } from "./sdp.ts";
import { newBranch, type SipTransport } from "./transport.ts";

/** Who calls, as the far end is to believe. */
export interface Caller {
  name: string | undefined;
  number: string;
  /** Default: `from`. With `asserted`, From is anonymous and P-Asserted-Identity tells. */
  in: "from" | "asserted";
}

export interface Account {
  user: string;
  password: string;
  /** `host:port` of the server. */
  domain: string;
}

/** Who ended a call. */
export type Ending = "we" | "they" | "nobody";

/** One outgoing call, from INVITE to BYE. */
export class Call {
  private readonly transport: SipTransport;
  private readonly account: Account;
  private readonly uri: string;
  private readonly caller: Caller;
  readonly media: RtpStream;
  /** Resolves when the call is over: "nobody" when it vanished without a word. */
  readonly ended: Promise<Ending>;
  private end: (by: Ending) => void = () => {};
  private isOver = false;
  private isAnswered = false;
  private sequence = 1;
  private remoteTag = "";
  private target: string;
  private readonly id = `${randomBytes(12).toString("hex")}@lab`;
  private readonly tag = randomBytes(6).toString("hex");
  private inviteBranch = newBranch();

  private constructor(
    transport: SipTransport,
    account: Account,
    uri: string,
    caller: Caller,
    media: RtpStream,
  ) {
    this.transport = transport;
    this.account = account;
    this.uri = uri;
    this.caller = caller;
    this.media = media;
    this.target = uri;
    this.ended = new Promise((resolve) => {
      this.end = (by) => {
        if (this.isOver) return;
        this.isOver = true;
        this.media.close();
        resolve(by);
      };
    });
  }

  static async prepare(
    transport: SipTransport,
    account: Account,
    uri: string,
    caller: Caller,
  ): Promise<Call> {
    return new Call(transport, account, uri, caller, await RtpStream.open());
  }

  /** Resolves when the far end answers; rejects with its status and reason when it does not. */
  async connect(withinMs: number): Promise<void> {
    try {
      let response = await this.invite(undefined, withinMs);
      if (response.status === 401 || response.status === 407) {
        const challenge = header(response, "www-authenticate") || header(response, "proxy-authenticate");
        response = await this.invite(challenge, withinMs);
      }
      if ((response.status ?? 0) >= 300) {
        throw new Error(`call to ${this.uri} refused: ${response.status} ${response.reason}`);
      }
      this.isAnswered = true;
    } catch (error) {
      this.end("they");
      throw error;
    }
  }

  /** Ends the call, answered or not. */
  async hangUp(): Promise<void> {
    if (this.isOver) return;
    if (!this.isAnswered) {
      const cancel = this.makeRequest("CANCEL", this.uri, this.sequence);
      await this.transport.request(cancel, { branch: this.inviteBranch }).catch(() => {});
      return;
    }
    this.sequence += 1;
    const bye = this.transport.request(this.makeRequest("BYE", this.target, this.sequence), {
      withinMs: 5_000,
    });
    this.end("we");
    await bye.catch(() => {});
  }

  /** Falls silent without a word, as a phone that loses its battery. */
  vanish(): void {
    this.end("nobody");
  }

  /** Whether a request from the far end belongs to this call. */
  owns(request: SipMessage): boolean {
    return header(request, "call-id") === this.id;
  }

  /** Answers a request of the far end inside this call. */
  answer(request: SipMessage): Partial<SipMessage> | undefined {
    switch (request.method) {
      case "ACK":
        return undefined;
      case "BYE":
        this.end("they");
        return {};
      case "INVITE":
        this.useMedia(request);
        return {
          headers: [this.contact(), ["Content-Type", "application/sdp"]],
          body: makeSdp(this.media.port, 2),
        };
      default:
        return {};
    }
  }

  private async invite(challenge: string | undefined, withinMs: number): Promise<SipMessage> {
    if (challenge) this.sequence += 1;
    this.inviteBranch = newBranch();
    const invite = this.makeRequest("INVITE", this.uri, this.sequence);
    invite.headers.push(this.contact(), ["Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY"]);
    invite.headers.push(["Content-Type", "application/sdp"]);
    if (challenge) invite.headers.push(["Authorization", this.authorize(challenge)]);
    invite.body = makeSdp(this.media.port, 1);
    const response = await this.transport.request(invite, {
      withinMs,
      branch: this.inviteBranch,
      onProvisional: (provisional) => this.useMedia(provisional),
      onRepeatedFinal: (final) => this.acknowledge(final),
    });
    this.acknowledge(response);
    if ((response.status ?? 0) < 300) this.useMedia(response);
    return response;
  }

  private acknowledge(response: SipMessage): void {
    const accepted = (response.status ?? 0) < 300;
    this.remoteTag = parameter(header(response, "to"), "tag");
    if (accepted) this.target = uriOf(header(response, "contact")) || this.uri;
    const ack = this.makeRequest("ACK", this.target, this.sequence);
    this.transport.sendOnly(ack, accepted ? newBranch() : this.inviteBranch);
    // A refused attempt is no dialog: the next one is not to carry its tag.
    if (!accepted) this.remoteTag = "";
  }

  private useMedia(message: SipMessage): void {
    const description = parseSdp(message.body);
    if (description && !this.isOver) this.media.start(description.remote, description.eventType);
  }

  private makeRequest(method: string, uri: string, sequence: number): SipMessage {
    const host = this.account.domain;
    const identity = `sip:${escapeUser(this.caller.number)}@${host}`;
    const named =
      this.caller.name === undefined ? `<${identity}>` : `${quoteName(this.caller.name)} <${identity}>`;
    const hidden = this.caller.in === "asserted";
    const headers: SipMessage["headers"] = [
      ["From", `${hidden ? `"Anonymous" <sip:anonymous@anonymous.invalid>` : named};tag=${this.tag}`],
      ["To", `<${this.uri}>${this.remoteTag ? `;tag=${this.remoteTag}` : ""}`],
      ["Call-ID", this.id],
      ["CSeq", `${sequence} ${method}`],
      ["User-Agent", "Voxpost lab phone"],
    ];
    if (hidden && method === "INVITE") headers.push(["P-Asserted-Identity", named]);
    return { method, uri, headers, body: "" };
  }

  private authorize(challenge: string): string {
    const { user, password } = this.account;
    return answerChallenge(challenge, { method: "INVITE", uri: this.uri, user, password });
  }

  private contact(): [string, string] {
    return ["Contact", `<sip:${escapeUser(this.account.user)}@${this.transport.local}>`];
  }
}
