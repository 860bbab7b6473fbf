import type { Call, DialplanPlace } from "../ivr/call.ts";
import { KEYS, type Key } from "../ivr/phrase.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { DepositOptions } from "./greeting.ts";

/** Where keys lead while a greeting is heard; only what the dialplan really has is offered. */
export interface Exits {
  readonly operator: DialplanPlace | undefined;
  readonly assistant: DialplanPlace | undefined;
  /** Option `d`: extensions of this dialplan context can be dialled. */
  readonly dialContext: string | undefined;
}

export async function findExits(call: Call, owner: Subscriber, options: DepositOptions): Promise<Exits> {
  const context = owner.exitContext ?? call.dialplanContext;
  const place = async (extension: string) => {
    const exists = await call.extensionExists(context, extension).catch(() => false);
    return exists ? { context, extension } : undefined;
  };
  const [operator, assistant] = await Promise.all([owner.operator ? place("o") : undefined, place("a")]);
  return {
    operator,
    assistant,
    dialContext: options.has("d") ? options.get("d") || call.dialplanContext : undefined,
  };
}

/** `#` always goes to the beep. */
export function exitKeys(exits: Exits): readonly Key[] {
  if (exits.dialContext !== undefined) return KEYS;
  return ["#", ...(exits.operator ? (["0"] as const) : []), ...(exits.assistant ? (["*"] as const) : [])];
}

/**
 * Where a key leads; undefined when that is nowhere. ARI cannot tell whether a key may begin an extension, so with option
 * `d` the number is collected first.
 */
export async function exitFor(call: Call, exits: Exits, key: Key): Promise<DialplanPlace | undefined> {
  if (key === "0" && exits.operator) {
    await call.play(["transfer"], { bargeIn: "none" });
    return exits.operator;
  }
  if (key === "*" && exits.assistant) return exits.assistant;
  if (exits.dialContext === undefined) return undefined;
  const { keys } = await call.entry({ first: key });
  const exists = await call.extensionExists(exits.dialContext, keys);
  return exists ? { context: exits.dialContext, extension: keys } : undefined;
}
