import { describe, expect, type TestContext, test } from "vitest";
import type { Folder } from "../../src/model/folder.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { NewMessage } from "../../src/model/message.ts";
import type { Capabilities, Engine } from "../../src/storage/engine.ts";
import { durabilityCases } from "./contract/durability.ts";
import { extrasCases } from "./contract/extras.ts";
import { flagCases } from "./contract/flags.ts";
import { greetingCases } from "./contract/greetings.ts";
import { hostileCases } from "./contract/hostile.ts";
import { listingCases } from "./contract/listing.ts";
import { messageCases } from "./contract/messages.ts";
import { modelCases } from "./contract/model.ts";
import { moveCases } from "./contract/moves.ts";
import { searchCases } from "./contract/search.ts";
import { signalCases } from "./contract/signals.ts";

/** Of one case, milliseconds: the long form tries more sequences of operations. */
const LONGEST_MS = process.env.VOXPOST_TEST_ALL ? 120_000 : 30_000;

/** What an engine's test gives: fresh data for every case, and the way to open engines on it. */
interface Fixture {
  /** Opens an engine on this data. Twice: two programs on one store. Again after `close`: a restart. */
  open(): Promise<Engine>;
  /** An empty mailbox. */
  readonly mailbox: MailboxAddress;
  /** An empty one whose number begins with the first one's, as 100 begins with 10. */
  readonly similar: MailboxAddress;
  /** The same number in another context; left out when the data has one context only. */
  readonly elsewhere?: MailboxAddress;
  /**
   * How a message gets into data that the engine only reads: `append` does it then. Cases that change anything else are
   * skipped.
   */
  readonly put?: (folder: Folder, message: NewMessage) => Promise<void>;
  /** The mailbox's PIN, for engines that authenticate. */
  readonly pin?: string;
  dispose(): Promise<void>;
}

export interface Harness {
  readonly name: string;
  fresh(): Promise<Fixture>;
  /** Cases that this engine cannot pass, by their name, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
  /** The only cases that are tried; the others wait for VOXPOST_TEST_ALL. For engines that take long. Default: all. */
  readonly short?: readonly string[];
  /** How many random sequences of operations are tried. Default 25. */
  readonly runs?: number;
  /** In which order messages of one time are listed. Default: as they arrived; several engines as one cannot know that. */
  readonly sameTime?: "arrival" | "any";
  /**
   * How many of two who move one message at the same moment may succeed. Default one; where a server lets both, there are
   * two messages then (docs/engines/imap.md, Limitations).
   */
  readonly movers?: "one" | "both";
}

/** One case's world. */
export interface World extends Omit<Fixture, "dispose"> {
  readonly engine: Engine;
}

export interface Suite {
  readonly runs: number;
  readonly sameTime: "arrival" | "any";
  readonly movers: "one" | "both";
  it(name: string, run: (world: World) => Promise<void>): void;
  it(name: string, needs: Need, run: (world: World) => Promise<void>): void;
}

/** What a case needs of an engine; one that lacks it skips the case and says so. */
type Need = keyof Capabilities | "elsewhere" | "readText" | "readExtras";

/**
 * Every promise of src/storage/engine.ts as a case, for any engine, composite or layer: its own test file is a call of
 * this, and extra cases of its own beside it.
 */
export function testEngine(harness: Harness): void {
  describe(`engine contract: ${harness.name}`, () => {
    const names = new Set<string>();
    const suite: Suite = {
      runs: harness.runs ?? 25,
      sameTime: harness.sameTime ?? "arrival",
      movers: harness.movers ?? "one",
      it(name: string, second: Need | Run, third?: Run) {
        names.add(name);
        if (isLeftOut(harness, name)) return;
        const [need, run] = typeof second === "function" ? [undefined, second] : [second, third];
        test(name, { timeout: LONGEST_MS }, (context) => runCase(harness, name, need, run, context));
      },
    };
    messageCases(suite);
    extrasCases(suite);
    listingCases(suite);
    searchCases(suite);
    flagCases(suite);
    moveCases(suite);
    hostileCases(suite);
    signalCases(suite);
    greetingCases(suite);
    durabilityCases(suite);
    modelCases(suite);

    const left = [...names].filter((name) => isLeftOut(harness, name)).length;
    if (left > 0)
      test("the other cases", ({ skip }) =>
        skip(`${harness.name} takes long: test:all has ${left} cases more`));

    test("every skip and every choice names a case that exists", () => {
      expect([...names]).toEqual(expect.arrayContaining(Object.keys(harness.skip ?? {})));
      expect([...names]).toEqual(expect.arrayContaining([...(harness.short ?? [])]));
    });
  });
}

function isLeftOut({ short }: Harness, name: string): boolean {
  return short !== undefined && !short.includes(name) && !process.env.VOXPOST_TEST_ALL;
}

type Run = (world: World) => Promise<void>;

async function runCase(
  harness: Harness,
  name: string,
  need: Need | undefined,
  run: Run | undefined,
  context: TestContext,
): Promise<void> {
  const reason = harness.skip?.[name];
  if (reason !== undefined) context.skip(reason);
  const { dispose, ...fixture } = await harness.fresh();
  const opened: Engine[] = [];
  const open = async () => {
    const engine = await fixture.open();
    opened.push(engine);
    if (!fixture.put) return engine;
    return readOnly(engine, fixture.put, (what) => context.skip(`${harness.name} cannot ${what}`));
  };
  try {
    const engine = await open();
    const has = !need || hasNeed(need, engine, fixture);
    if (!has) context.skip(`${harness.name} does not have "${need}"`);
    await run?.({ ...fixture, open, engine });
  } finally {
    await Promise.allSettled(opened.map((engine) => engine.close()));
    await dispose();
  }
}

/** An engine that is only read, with an `append` that goes past it. */
function readOnly(engine: Engine, put: NonNullable<Fixture["put"]>, skip: (what: string) => never): Engine {
  const instead: Partial<Engine> = {
    async append(folder, message, signal) {
      if (signal) skip("be cancelled while it stores");
      await put(folder, message);
      const [entry] = await engine.find(message.mailbox, { id: message.id });
      if (!entry) throw new Error("what was put below the engine is not found by it");
      return entry;
    },
    setFlags: () => skip("set flags"),
    move: () => skip("move messages"),
    remove: () => skip("remove messages"),
    writeGreeting: () => skip("write greetings"),
    removeGreeting: () => skip("remove greetings"),
  };
  return new Proxy(engine, {
    get(target, name) {
      const value: unknown = Reflect.get(instead, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function hasNeed(need: Need, engine: Engine, fixture: Pick<Fixture, "elsewhere">): boolean {
  if (need === "elsewhere") return fixture.elsewhere !== undefined;
  if (need === "readText" || need === "readExtras") return engine[need] !== undefined;
  return engine.capabilities[need];
}
