import { formatName, newId } from "../custody/name.ts";
import { VoxpostError } from "../errors.ts";
import type { Call } from "../ivr/call.ts";
import type { GreetingKind } from "../model/greeting.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { MenuSet, Session } from "./menu.ts";
import { runMenus } from "./run.ts";
import type { GreetingSettings } from "./settings.ts";

const PROMPTS: Readonly<Record<GreetingKind, string>> = {
  unavailable: "vm-rec-unv",
  busy: "vm-rec-busy",
  name: "vm-rec-name",
  temporary: "vm-rec-temp",
};

/** A greeting that an owner is recording. It counts when it was accepted; whatever else happens, the one before it stays. */
export class OwnGreeting implements Session {
  readonly call: Call;
  readonly owner: Subscriber;
  readonly kind: GreetingKind;
  readonly #settings: GreetingSettings;
  readonly #id = newId();
  readonly #names: string[] = [];
  #takes = 0;
  #parts: readonly string[] = [];
  #state: "draft" | "accepting" | "accepted" = "draft";

  constructor(call: Call, owner: Subscriber, kind: GreetingKind, settings: GreetingSettings) {
    this.call = call;
    this.owner = owner;
    this.kind = kind;
    this.#settings = settings;
  }

  /** The recordings of the last take in which something was said. */
  get parts(): readonly string[] {
    return this.#parts;
  }

  get isAccepted(): boolean {
    return this.#state === "accepted";
  }

  /** False when nothing was said. @throws RECORDING_NOT_STARTED, RECORDING_CUT: half a greeting is none */
  async record(): Promise<boolean> {
    const { call, owner, kind } = this;
    await call.play([PROMPTS[kind]]);
    call.clearKeys();
    const startedAt = new Date();
    const take = this.#takes++;
    const { parts, ended, duration } = await call.record({
      name: (part) =>
        formatName({
          state: "take",
          recipients: [owner.address],
          kind: { is: "greeting", greeting: kind },
          id: this.#id,
          channel: call.id,
          startedAt,
          caller: {},
          urgent: false,
          priority: false,
          take,
          part,
        }),
      maxSeconds: owner.maxGreeting,
      maxSilence: owner.maxSilence,
      beep: "beep",
    });
    this.#names.push(...parts);
    if (ended === "fault")
      throw new VoxpostError("RECORDING_CUT", "Asterisk could not write all of a greeting");
    // A key at once leaves a file without a sound.
    const said = parts.length > 0 && duration !== 0;
    if (said) this.#parts = parts;
    return said;
  }

  async accept(): Promise<void> {
    this.#state = "accepting";
    await this.#settings.accept(this.call.asterisk, this.#parts);
    this.#state = "accepted";
  }

  /**
   * What was not accepted goes; the sweep removes what cannot be removed now. An acceptance that failed may have been
   * done in part, and then it counts.
   */
  async close(): Promise<void> {
    if (this.#state !== "draft") return;
    for (const name of this.#names) {
      await this.#settings.discard(this.call.asterisk, name).catch((error) => {
        this.call.log.warn({ err: error, recording: name }, "A greeting's draft is left to the sweep");
      });
    }
  }
}

/**
 * Records a greeting, lets its owner review it, and puts it in force if it was accepted.
 * @returns whether it was; `"silent"` when no key came or nothing was said
 */
export async function recordGreeting(
  greeting: OwnGreeting,
  menus: MenuSet<OwnGreeting>,
): Promise<"accepted" | "empty" | "silent"> {
  try {
    if (!(await greeting.record())) return "empty";
    const opening = { next: "menu", menu: "greeting-review", say: ["auth-thankyou"] } as const;
    await runMenus(menus, "greeting-review", greeting, opening);
    return greeting.isAccepted ? "accepted" : "silent";
  } finally {
    await greeting.close();
  }
}
