import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../custody/name.ts";
import { isCode } from "../errors.ts";
import { ADOPTED } from "./adoption.ts";
import type { AriChannel, AriEvent } from "./ari-events.ts";
import type { Asterisk } from "./asterisk.ts";
import type { Call } from "./call.ts";
import { type CallPlace, ChannelCall } from "./channel-call.ts";
import type { MediaCache } from "./media-cache.ts";
import { Recordings } from "./recordings.ts";

/**
 * Serves one call. `entry` is the extension of the `voxpost` subroutine that the site called (`deposit`, `retrieve`, …), `args`
 * its arguments: mailboxes, options, and what else the entry takes; missing ones are empty.
 * When it ends without leaving or hanging up, the call goes on behind the Gosub.
 */
export type CallHandler = (entry: string, args: readonly string[], call: Call) => Promise<void>;

export interface CallsOptions {
  readonly asterisk: Asterisk;
  readonly cache: MediaCache;
  readonly handler: CallHandler;
  /** Whether as many calls are served as the program can take. Default: never. */
  readonly isFull?: () => boolean;
}

/** The calls of one Asterisk: takes those that enter our Stasis application, and lets go of each exactly once. */
export class Calls {
  readonly #asterisk: Asterisk;
  readonly #cache: MediaCache;
  readonly #handler: CallHandler;
  readonly #isFull: () => boolean;
  readonly #calls = new Map<string, ChannelCall | undefined>();
  readonly #emptied = new Set<() => void>();
  #isDraining = false;

  constructor({ asterisk, cache, handler, isFull = () => false }: CallsOptions) {
    this.#asterisk = asterisk;
    this.#cache = cache;
    this.#handler = handler;
    this.#isFull = isFull;
    asterisk.events.on("type:StasisStart", ({ application, channel, args }) => {
      if (application !== asterisk.app || !channel) return;
      if (args?.[0] === ADOPTED) void this.#sendOn(channel);
      else void this.#take(channel, args ?? []);
    });
    asterisk.onUp(() => this.#reconcile());
  }

  /** Calls being served now. */
  get size(): number {
    return this.#calls.size;
  }

  /** Takes no new call (the dialplan tries the next instance) and resolves when the present ones have ended. */
  drain(): Promise<void> {
    this.#isDraining = true;
    return new Promise((resolve) => {
      if (this.#calls.size === 0) return resolve();
      this.#emptied.add(resolve);
    });
  }

  async #take(channel: AriChannel, args: readonly string[]): Promise<void> {
    if (this.#calls.has(channel.id)) return;
    // Now, before others that come in the same moment are counted.
    const isFull = this.#isFull();
    this.#calls.set(channel.id, undefined);
    const early: AriEvent[] = [];
    let call: ChannelCall | undefined;
    const off = this.#asterisk.events.on(`channel:${channel.id}`, (event) => {
      if (call) dispatch(call, event);
      else early.push(event);
    });
    const log = this.#asterisk.log.child({ call: channel.id });
    try {
      const place = placeIn(args) ?? (await this.#readPlace(channel));
      call = new ChannelCall(this.#asterisk, this.#cache, channel, place);
      this.#calls.set(channel.id, call);
      for (const event of early) dispatch(call, event);
      if (isFull) log.warn({ calls: this.size }, "too many calls (calls.most): left to the next instance");
      if (isFull || this.#isDraining) await call.decline();
      else await this.#serve(call, args);
    } catch (error) {
      if (!isCode(error, "CALL_GONE")) log.error({ err: error }, "call not served to its end");
    } finally {
      off();
      this.#remove(channel.id);
    }
  }

  async #serve(call: ChannelCall, [entry = "", ...rest]: readonly string[]): Promise<void> {
    const args = rest.slice(0, GOSUB_ARGS);
    call.hold();
    // Asterisk does first what it is asked first, so nothing need wait for it.
    call.setVariable(HELD, this.#asterisk.app).catch((error: unknown) => {
      if (!call.isOver) call.log.warn({ err: error }, "the call does not say whose it is");
    });
    call.log.info({ entry, args }, "call");
    try {
      await this.#handler(entry, args, call);
    } catch (error) {
      if (isCode(error, "CALL_GONE") || call.isOver) throw error;
      call.log.error({ err: error, entry }, "call handler failed; the dialplan goes on");
      return call.decline();
    }
    if (!call.isOver) await call.leave();
  }

  /** From a dialplan of before these were arguments, or for a call of another program. */
  async #readPlace(channel: AriChannel): Promise<CallPlace> {
    const [context, watchdog, until] = await Promise.all(
      ["VOXPOST_CONTEXT", "VOXPOST_WATCHDOG", "VOXPOST_UNTIL"].map((name) => this.#variable(channel, name)),
    );
    return {
      ...placeOf(context || channel.dialplan?.context || "default", watchdog, until),
      // Without our subroutine there is nobody who would take the caller back.
      ...(context ? {} : { watchdogSeconds: 0 }),
    };
  }

  async #variable(channel: AriChannel, variable: string): Promise<string | undefined> {
    const path = `/channels/${encodeURIComponent(channel.id)}/variable`;
    return (await this.#asterisk.requests.find<{ value: string }>(path, { query: { variable } }))?.value;
  }

  /** After a connect: which calls ended, and which entered, while we heard nothing. */
  async #reconcile(): Promise<void> {
    const channels = await this.#asterisk.requests.get<AriChannel[]>("/channels");
    const inOurApp = new Map(
      channels.flatMap((channel) => {
        const args = this.#argsOf(channel);
        return args ? [[channel.id, { channel, args }] as const] : [];
      }),
    );
    for (const [id, call] of this.#calls) if (!inOurApp.has(id)) call?.end();
    await this.#listenTo([...this.#calls.keys()].filter((id) => inOurApp.has(id)));
    for (const [id, { channel, args }] of inOurApp) {
      if (this.#calls.has(id)) continue;
      if (await this.#variable(channel, HELD)) void this.#sendOn(channel);
      else void this.#take(channel, args);
    }
  }

  /** The arguments with which a channel entered our application; undefined when it is somewhere else. */
  #argsOf({ dialplan }: AriChannel): string[] | undefined {
    if (dialplan?.app_name !== "Stasis") return undefined;
    const [app, ...args] = dialplan.app_data.split(",");
    return app === this.#asterisk.app ? args : undefined;
  }

  /** A new socket hears of an old channel only when it says so. */
  async #listenTo(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const eventSource = ids.map((id) => `channel:${id}`).join(",");
    await this.#asterisk.requests.post(`/applications/${this.#asterisk.app}/subscription`, {
      query: { eventSource },
    });
  }

  /**
   * A call of a program that died here before us: what was said and heard is not known, so the dialplan goes on; but
   * somebody who is speaking may finish.
   */
  async #sendOn(channel: AriChannel): Promise<void> {
    if (this.#calls.has(channel.id)) return;
    this.#calls.set(channel.id, undefined);
    const log = this.#asterisk.log.child({ call: channel.id });
    log.warn("call of a program that has died is sent on");
    try {
      const call = new ChannelCall(this.#asterisk, this.#cache, channel, await this.#readPlace(channel));
      this.#calls.set(channel.id, call);
      if ((await call.variable("VOXPOST_STATUS")) !== "SERVED") return await call.decline();
      call.hold();
      await this.#whileRecorded(channel.id);
      await call.leave();
    } catch (error) {
      if (!isCode(error, "CALL_GONE"))
        log.error({ err: error }, "call of a program that has died not sent on");
    } finally {
      this.#remove(channel.id);
    }
  }

  async #whileRecorded(channel: string): Promise<void> {
    const recordings = new Recordings(this.#asterisk);
    const names = (await recordings.list(ROOT)).filter((name) => name.includes(`~${channel}~`));
    for (const name of names) while (await recordings.isLive(name)) await sleep(RECORDED_MS);
  }

  #remove(id: string): void {
    this.#calls.get(id)?.end();
    this.#calls.delete(id);
    if (this.#calls.size === 0) for (const resolve of this.#emptied) resolve();
  }
}

/** Set on a channel whose call was begun: a program that finds it after its own start did not begin it. */
const HELD = "VOXPOST_HELD";
const DEFAULT_WATCHDOG = 15;
/** How often it is asked whether a recording that we did not begin goes on. */
const RECORDED_MS = 500;

/** Mailboxes, options and detail. */
const GOSUB_ARGS = 3;

/** What the dialplan says behind the entry and its arguments. */
function placeIn([, , , , watchdog, until, context]: readonly string[]): CallPlace | undefined {
  return context ? placeOf(context, watchdog, until) : undefined;
}

function placeOf(
  dialplanContext: string,
  watchdog: string | undefined,
  until: string | undefined,
): CallPlace {
  return {
    dialplanContext,
    watchdogSeconds: Number(watchdog) || DEFAULT_WATCHDOG,
    ...(Number(until) > 0 ? { until: new Date(Number(until) * 1_000) } : {}),
  };
}

function dispatch(call: ChannelCall, { type, digit }: AriEvent): void {
  if (type === "ChannelDtmfReceived") call.press(digit);
  if (type === "StasisEnd" || type === "ChannelDestroyed") call.end();
}
