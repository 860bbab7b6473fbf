import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { PHONE_PASSWORD } from "./mailboxes.ts";
import { type Account, Call, type Ending } from "./phone/call.ts";
import { encodeUlaw } from "./phone/g711.ts";
import { escapeUser, header, type SipMessage } from "./phone/message.ts";
import { type Mwi, parseMwi } from "./phone/mwi.ts";
import { Refreshable } from "./phone/registration.ts";
import { type Address, SipTransport } from "./phone/transport.ts";
import { waitUntil } from "./processes.ts";
import { readWav, writeWav } from "./wav.ts";

export type { Ending } from "./phone/call.ts";
export type { Mwi } from "./phone/mwi.ts";

export interface PhoneOptions {
  sip: Address;
  /** Account and, unless a call says otherwise, caller number. */
  number: string;
  /** Default: the lab's password. */
  password?: string;
  /** Caller name. Default: none. */
  name?: string;
}

export interface DialOptions {
  /** Who is calling; any text. Only the lab's `trunk` and anonymous callers are asked for nothing in exchange. */
  callerName?: string;
  callerNumber?: string;
  /** Where the caller is told. Default: `from`. */
  callerIn?: "from" | "asserted";
  /** How long to wait for an answer. Default: 15,000 ms. */
  withinMs?: number;
}

/**
 * A SIP phone that is played by a program: exact in time, one call at once, any number of phones in a process.
 * It sends silence while nobody speaks.
 */
export class Phone {
  private readonly transport: SipTransport;
  private readonly options: PhoneOptions;
  private readonly account: Account;
  /** The last lamp state that the server told; undefined before the first. */
  mwi: Mwi | undefined;
  private call: Call | undefined;
  private readonly listeners = new Set<(mwi: Mwi) => void>();
  private readonly registration: Refreshable;
  private readonly subscription: Refreshable;
  private folder: string | undefined;
  private recordings = 0;

  private constructor(transport: SipTransport, options: PhoneOptions, account: Account) {
    this.transport = transport;
    this.options = options;
    this.account = account;
    this.registration = new Refreshable(transport, account, "REGISTER");
    this.subscription = new Refreshable(transport, account, "SUBSCRIBE");
    transport.onRequest = (request) => this.answer(request);
  }

  static async start(options: PhoneOptions): Promise<Phone> {
    const account = {
      user: options.number,
      password: options.password ?? PHONE_PASSWORD,
      domain: `${options.sip.host}:${options.sip.port}`,
    };
    return new Phone(await SipTransport.open(options.sip), options, account);
  }

  get number(): string {
    return this.options.number;
  }

  /** Registers, so that the server sends lamp states by itself. Rejects when it is refused. */
  register(): Promise<void> {
    return this.registration.start();
  }

  /** Subscribes to the lamp of this account, which is the other way to be told. */
  subscribe(): Promise<void> {
    return this.subscription.start();
  }

  /** Calls a number, or a whole `sip:` URI. Resolves when it is answered; rejects with the reason when it is not. */
  async dial(target: string, options: DialOptions = {}): Promise<void> {
    if (this.call && !(await isOver(this.call))) throw new Error(`phone ${this.number} is in a call already`);
    const uri = target.startsWith("sip:") ? target : `sip:${escapeUser(target)}@${this.account.domain}`;
    this.call = await Call.prepare(this.transport, this.account, uri, {
      name: options.callerName ?? this.options.name,
      number: options.callerNumber ?? this.number,
      in: options.callerIn ?? "from",
    });
    await this.call.connect(options.withinMs ?? 15_000);
  }

  /** Presses keys one after the other. Resolves when the last one is released and its gap is over. */
  press(
    keys: string,
    { toneMs = 100, gapMs = 100 }: { toneMs?: number; gapMs?: number } = {},
  ): Promise<void> {
    return this.current().media.press(keys, toneMs, gapMs);
  }

  /** Speaks a wav file, or samples at 8 kHz; resolves when the last of it has been sent, or the call is over. */
  speak(audio: string | Int16Array): Promise<void> {
    return this.current().media.speak(encodeUlaw(typeof audio === "string" ? readWav(audio) : audio));
  }

  /** Stops sending RTP while nobody speaks, as phones with silence suppression do; or begins again. */
  suppressSilence(suppress = true): void {
    this.current().media.sendsSilence = !suppress;
  }

  hangUp(): Promise<void> {
    return this.current().hangUp();
  }

  /** Ends the call without telling anybody. */
  vanish(): void {
    this.current().vanish();
  }

  /** Resolves when the present (or last) call is over, with who ended it. */
  get ended(): Promise<Ending> {
    return this.current().ended;
  }

  /** Writes what was received in the present (or last) call as a wav file, and returns its path; it lives until `close`. */
  heard(): string {
    this.folder ??= mkdtempSync(`${tmpdir()}/voxpost-phone-`);
    this.recordings += 1;
    const path = `${this.folder}/${this.number}-${this.recordings}.wav`;
    writeWav(path, this.heardSamples());
    return path;
  }

  /** What was received so far in the present (or last) call, at 8 kHz, from the first moment of media. */
  heardSamples(): Int16Array {
    return this.current().media.received();
  }

  /** When each packet of audio came in the present (or last) call, by `performance.now()`; Asterisk sends none while it says nothing. */
  get arrivals(): readonly number[] {
    return this.current().media.arrivals;
  }

  /** Tells every lamp state from now on; returns how to stop that. */
  onMwi(listener: (mwi: Mwi) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves with the lamp state when it is as wanted; rejects with the last state after `withinMs`. */
  async waitForMwi(isWanted: (mwi: Mwi) => boolean, withinMs = 5_000): Promise<Mwi> {
    await waitUntil(
      () => this.mwi !== undefined && isWanted(this.mwi),
      withinMs,
      `the lamp of ${this.number}`,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; it was last ${JSON.stringify(this.mwi)}`);
    });
    return this.mwi as Mwi;
  }

  /** Hangs up, gives up registration and subscription, and removes the recordings. */
  async close(): Promise<void> {
    await this.call?.hangUp();
    await Promise.all([this.subscription.stop(), this.registration.stop()]);
    this.transport.close();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }

  private current(): Call {
    if (!this.call) throw new Error(`phone ${this.number} has not called anybody`);
    return this.call;
  }

  private answer(request: SipMessage): Partial<SipMessage> | undefined {
    if (this.call?.owns(request)) return this.call.answer(request);
    if (request.method === "ACK") return undefined;
    if (request.method === "NOTIFY" && header(request, "event").startsWith("message-summary")) {
      this.light(request.body);
      return {};
    }
    if (request.method === "OPTIONS")
      return { headers: [["Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY"]] };
    if (request.method === "INVITE") return { status: 486, reason: "Busy Here" };
    return { status: 481, reason: "Call/Transaction Does Not Exist" };
  }

  private light(body: string): void {
    if (!body) return;
    this.mwi = parseMwi(body);
    for (const listener of this.listeners) listener(this.mwi);
  }
}

/** Opens a phone; it is not registered yet, and can call all the same. */
export function startPhone(options: PhoneOptions): Promise<Phone> {
  return Phone.start(options);
}

async function isOver(call: Call): Promise<boolean> {
  return (await Promise.race([call.ended, Promise.resolve("going on")])) !== "going on";
}
