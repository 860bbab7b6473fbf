import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decodeAlaw, decodeUlaw, ULAW_SILENCE } from "./g711.ts";
import type { Address } from "./transport.ts";

const SAMPLES_PER_MS = 8;
const FRAME_MS = 20;
const FRAME = FRAME_MS * SAMPLES_PER_MS;
/** After a pause of the whole process longer than this, the clock is set anew instead of sending everything at once. */
const LONGEST_CATCH_UP_MS = 1_000;
const KEYS = "0123456789*#ABCD";

interface Utterance {
  ulaw: Buffer;
  position: number;
  done(): void;
}

interface KeyPress {
  /** Undefined for a gap between two keys. */
  event: number | undefined;
  frames: number;
  sent: number;
  timestamp: number;
  done(): void;
}

/** RTP both ways for one call: 20 ms of µ-law every 20 ms on average, keys as RFC 4733 events, all that is heard collected. */
export class RtpStream {
  private readonly socket: Socket;
  private readonly control: Socket;
  /** Send silence while nothing is spoken. Without it Asterisk ends a recording after four seconds. */
  sendsSilence = true;
  readonly port: number;
  private remote: Address | undefined;
  private eventType = 101;
  private readonly utterances: Utterance[] = [];
  private readonly presses: KeyPress[] = [];
  private sequence = randomInt(0x7fff);
  private timestamp = randomInt(0x7fff_ffff);
  private readonly source = randomInt(0x7fff_ffff);
  private timer: NodeJS.Timeout | undefined;
  private next = 0;
  private isClosed = false;
  private readonly heard = new Heard();
  /** When each packet of audio came, by `performance.now()`. */
  readonly arrivals: number[] = [];

  private constructor(socket: Socket, control: Socket) {
    this.socket = socket;
    this.control = control;
    this.port = socket.address().port;
    socket.on("message", (packet) => this.receive(packet));
  }

  /** Binds an even port of 127.0.0.1 and the next one, so that nobody else gets Asterisk's RTCP. */
  static async open(): Promise<RtpStream> {
    for (let attempt = 0; attempt < 500; attempt++) {
      const port = 33_000 + 2 * randomInt(13_000);
      const media = await bind(port);
      const control = media && (await bind(port + 1));
      if (media && control) return new RtpStream(media, control);
      media?.close();
    }
    throw new Error("no free pair of UDP ports between 33000 and 59000");
  }

  /** Begins to send to the far end; called again, it only changes where to. */
  start(remote: Address, eventType: number): void {
    this.remote = remote;
    this.eventType = eventType;
    if (this.timer) return;
    this.heard.begin();
    this.next = performance.now();
    this.tick();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    for (const each of [...this.utterances, ...this.presses]) each.done();
    this.socket.close();
    this.control.close();
  }

  /** Queues audio; resolves when its last frame has been sent, or when the call is over. */
  speak(ulaw: Buffer): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((done) => this.utterances.push({ ulaw, position: 0, done }));
  }

  /** Queues keys; resolves when the last one and its gap have been sent, or when the call is over. */
  async press(keys: string, toneMs: number, gapMs: number): Promise<void> {
    const frames = (ms: number) => Math.max(1, Math.round(ms / FRAME_MS));
    const sent = [...keys].flatMap((key) => {
      const event = KEYS.indexOf(key.toUpperCase());
      if (event < 0) throw new Error(`a phone has no key "${key}"`);
      return [this.queue(event, frames(toneMs)), this.queue(undefined, frames(gapMs))];
    });
    await Promise.all(sent);
  }

  /** Everything received so far, on the clock of the call: silence where nothing came. */
  received(): Int16Array {
    return this.heard.samples();
  }

  private queue(event: number | undefined, frames: number): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((done) => this.presses.push({ event, frames, sent: 0, timestamp: 0, done }));
  }

  private tick(): void {
    const now = performance.now();
    // A key whose packets come in a burst after a pause, as on a busy machine, is two keys to Asterisk.
    const longest = this.presses.length > 0 ? FRAME_MS : LONGEST_CATCH_UP_MS;
    if (now - this.next > longest) this.next = now;
    while (this.next <= now) {
      this.sendFrame();
      this.next += FRAME_MS;
    }
    this.timer = setTimeout(() => this.tick(), Math.max(1, this.next - performance.now()));
  }

  private sendFrame(): void {
    const frame = this.nextAudio();
    const press = this.presses[0];
    if (press) {
      press.sent += 1;
      if (press.event !== undefined) this.sendKey(press, press.event);
      if (press.sent >= press.frames) this.presses.shift()?.done();
    }
    // Speech goes on in time below a key, unheard, as in a phone.
    if (press?.event === undefined && frame) this.send(0, this.timestamp, frame, false);
    this.timestamp = (this.timestamp + FRAME) >>> 0;
  }

  private nextAudio(): Buffer | undefined {
    const utterance = this.utterances[0];
    if (!utterance) return this.sendsSilence ? Buffer.alloc(FRAME, ULAW_SILENCE) : undefined;
    const frame = Buffer.alloc(FRAME, ULAW_SILENCE);
    utterance.ulaw.copy(frame, 0, utterance.position, utterance.position + FRAME);
    utterance.position += FRAME;
    if (utterance.position >= utterance.ulaw.length) this.utterances.shift()?.done();
    return frame;
  }

  private sendKey(press: KeyPress, event: number): void {
    if (press.sent === 1) press.timestamp = this.timestamp;
    const isLast = press.sent >= press.frames;
    const payload = Buffer.from([event, (isLast ? 0x80 : 0) | 10, 0, 0]);
    payload.writeUInt16BE(press.sent * FRAME, 2);
    const repetitions = isLast ? 3 : 1; // the end is what must not be lost
    for (let count = 0; count < repetitions; count++) {
      this.send(this.eventType, press.timestamp, payload, press.sent === 1 && count === 0);
    }
  }

  private send(type: number, timestamp: number, payload: Buffer, marker: boolean): void {
    if (!this.remote) return;
    const packet = Buffer.alloc(12);
    packet[0] = 0x80;
    packet[1] = (marker ? 0x80 : 0) | type;
    packet.writeUInt16BE(this.sequence, 2);
    packet.writeUInt32BE(timestamp, 4);
    packet.writeUInt32BE(this.source, 8);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.socket.send(Buffer.concat([packet, payload]), this.remote.port, this.remote.host, () => {});
  }

  private receive(packet: Buffer): void {
    if (packet.length < 12 || (packet[0] ?? 0) >> 6 !== 2) return;
    const start = 12 + 4 * ((packet[0] ?? 0) & 0x0f);
    const payload = packet.subarray(start);
    const type = (packet[1] ?? 0) & 0x7f;
    const samples = type === 0 ? decodeUlaw(payload) : type === 8 ? decodeAlaw(payload) : undefined;
    if (samples) this.arrivals.push(performance.now());
    if (samples) this.heard.add(samples, packet.readUInt32BE(4), packet.readUInt32BE(8));
  }
}

/** Received audio, put together by RTP timestamps while they run on, and by the time of arrival when they jump. */
class Heard {
  private readonly pieces: { at: number; samples: Int16Array }[] = [];
  private startedAt = performance.now();
  private end = 0;
  private expected: string | undefined;

  begin(): void {
    if (this.pieces.length === 0) this.startedAt = performance.now();
  }

  add(samples: Int16Array, timestamp: number, source: number): void {
    const isNext = this.expected === `${source} ${timestamp}`;
    const arrived = Math.round((performance.now() - this.startedAt) * SAMPLES_PER_MS);
    const at = isNext ? this.end : Math.max(this.end, arrived);
    this.pieces.push({ at, samples });
    this.end = at + samples.length;
    this.expected = `${source} ${(timestamp + samples.length) >>> 0}`;
  }

  samples(): Int16Array {
    const all = new Int16Array(this.end);
    for (const { at, samples } of this.pieces) all.set(samples, at);
    return all;
  }
}

async function bind(port: number): Promise<Socket | undefined> {
  const socket = createSocket("udp4");
  try {
    socket.bind(port, "127.0.0.1");
    await once(socket, "listening");
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}
