import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.ts";
import { KEYS } from "../../src/ivr/phrase.ts";
import { menusByClass } from "../../src/menus/classes.ts";
import type { MenuSet, Session } from "../../src/menus/menu.ts";
import { SHIPPED, type SiteMenus } from "../../src/menus/overrides.ts";
import { type Moment, Phone, type Reaction } from "./phone.ts";
import { World } from "./world.ts";

/**
 * Every key of every menu, pressed in a real dialogue: each menu is reached by the shortest way that there is, and then every key and
 * every kind of entry is tried there, and silence, and a hang-up at each moment of the way.
 */

const OUT = { dialplanContext: "out", allow: ["_X."] };
const EXTENSIONS = ["out/5551234", "from-phones/o", "from-phones/a", "phones/o", "phones/a", "phones/1002"];
const ENTRIES = ["1001#", "1234#", "4711#", "5551234#", "764", "1002*9999#"];
const INPUTS = ["", ...KEYS.slice(0, 12), ...ENTRIES];
/** On each way; the long run of the tests tries more. */
const MOST_HANG_UPS = process.env.VOXPOST_TEST_ALL ? 100 : 4;
/** A dialogue that nobody answers any more ends long before. */
const MOST_MOMENTS = 150;

async function world(): Promise<World> {
  const made = new World({
    review: true,
    operator: true,
    sendVoicemail: true,
    useDirectory: true,
    callback: OUT,
    dialout: OUT,
    maxLogins: 10,
    minSeconds: 0,
  });
  made.subscriber("1002", { fullName: "Bob Smith", review: true, operator: true });
  made.menus = marked(SHIPPED);
  made.settings = made.everything;
  made.greeting("temporary", "on holiday");
  await made.message({ id: "u1", urgent: true, number: "1002" });
  await made.message({ id: "n1", number: "5551234" });
  await made.message({ id: "o1", heard: true });
  await made.message({ id: "t1", folder: "Trash" });
  return made;
}

/** Each menu says its name first, so that a caller knows where they are. */
function marked(menus: SiteMenus): SiteMenus {
  const mark = <S extends Session>(set: MenuSet<S>): MenuSet<S> => ({
    ...set,
    menus: Object.fromEntries(
      Object.entries(set.menus).map(([name, menu]) => {
        const here = { sound: `at-${name}` };
        const help = menu.help ? { help: [here, ...menu.help] } : {};
        return [name, { ...menu, ...help, prompt: [here, ...menu.prompt] }];
      }),
    ),
  });
  const entries = Object.entries(menus).map(([name, set]) => [name, mark(set as MenuSet<Session>)]);
  return Object.fromEntries(entries) as unknown as SiteMenus;
}

/** Answers each menu with the next of its inputs, and then says nothing, or hangs up. */
class Walker {
  /** Where the caller was, one menu after the other. */
  readonly menus: string[] = [];
  readonly silent: string[] = [];
  moments = 0;
  readonly #inputs: readonly string[];
  readonly #hangsUpAt: number;

  constructor(inputs: readonly string[], hangsUpAt = MOST_MOMENTS) {
    this.#inputs = inputs;
    this.#hangsUpAt = hangsUpAt;
  }

  readonly react = ({ during, words }: Moment): Reaction | undefined => {
    if (this.moments++ >= this.#hangsUpAt) return { hangsUp: true };
    if (during === "recording") return { speaks: 4, presses: "#" };
    const [, menu] = /\(sound at-([a-z-]+)\)(?!.*\(sound at-)/.exec(words) ?? [];
    if (!menu) return undefined;
    if (words.replace(/\(sound at-[a-z-]+\)/g, "").trim() === "") this.silent.push(menu);
    this.menus.push(menu);
    const presses = this.#inputs[this.menus.length - 1];
    return presses ? { presses } : undefined;
  };
}

type Entry = (world: World, phone: Phone) => Promise<void>;

async function walk(entry: Entry, inputs: readonly string[], hangsUpAt?: number): Promise<Walker> {
  const here = await world();
  const walker = new Walker(inputs, hangsUpAt);
  const phone = new Phone(walker.react, { extensions: EXTENSIONS });
  const way = `inputs ${inputs.join(" ")}, hang-up at ${hangsUpAt}`;
  try {
    const before = Object.keys(await here.messages()).sort();
    await entry(here, phone);
    expect(walker.moments, way).toBeLessThan(MOST_MOMENTS);
    expect(walker.silent, way).toEqual([]);
    expect(phone.heard.join(" "), way).not.toContain("voxpost/problem");
    expect(phone.heard.filter((line) => line.includes("vm-goodbye")).length, way).toBeLessThanOrEqual(1);
    expect(phone.left !== undefined, way).toBe(!phone.signal.aborted);
    expect(Object.keys(await here.messages()).sort(), way).toEqual(before);
    expect(here.leftovers(), way).toEqual([]);
    return walker;
  } finally {
    here.remove();
  }
}

/** What is possible in a menu depends on whether a message was played. */
const placeOf = (menus: readonly string[], at: number) =>
  `${menus[at]}${menus.slice(0, at).includes("message") ? " after a message" : ""}`;

/** @returns the menus that were found, each with the shortest way to it, and how many ways were walked */
async function explore(entry: Entry): Promise<{ found: Set<string>; walked: number }> {
  const first = await walk(entry, []);
  const ways = new Map<string, readonly string[]>([[placeOf(first.menus, 0), []]]);
  const found = new Set<string>();
  let walked = 0;
  for (const [, way] of ways) {
    for (const input of INPUTS) {
      const { menus } = await walk(entry, [...way, input]);
      walked++;
      for (const menu of menus) found.add(menu);
      const at = way.length + 1;
      if (menus[at] && !ways.has(placeOf(menus, at))) ways.set(placeOf(menus, at), [...way, input]);
    }
    const { moments } = await walk(entry, way);
    for (let moment = 0; moment < Math.min(moments, MOST_HANG_UPS); moment++) {
      await walk(entry, way, moment);
      walked++;
    }
  }
  return { found, walked };
}

const ENTERED: Record<string, { entry: Entry; sets: readonly (keyof SiteMenus)[] }> = {
  login: { entry: (here, phone) => here.serve(phone, [""]), sets: ["login"] },
  retrieval: {
    entry: (here, phone) => here.serve(phone, ["1001", "s"]),
    sets: ["retrieval", "greetings", "pins"],
  },
  "one who leaves a message": { entry: (here, phone) => here.take(phone, ["1001", "u"]), sets: ["review"] },
  directory: { entry: (here, phone) => here.find(phone, ["default", "phones", "b"]), sets: [] },
  "directory as a menu": { entry: (here, phone) => here.find(phone, ["default", "phones", "bm"]), sets: [] },
};

describe("every way through the menus of", () => {
  it.each(Object.entries(ENTERED))(
    "%s",
    async (_name, { entry, sets }) => {
      const { found, walked } = await explore(entry);
      for (const set of sets) {
        expect([...found]).toEqual(expect.arrayContaining(Object.keys(SHIPPED[set].menus)));
      }
      expect(walked).toBeGreaterThanOrEqual(found.size * INPUTS.length);
    },
    120_000,
  );

  it.for(["octel", "audix"])(
    "mailboxes of the class %s of examples/old-keys.yaml",
    {
      timeout: 120_000,
    },
    async (menuClass, context) => {
      if (!process.env.VOXPOST_TEST_ALL)
        return context.skip("as long as all others together: only with VOXPOST_TEST_ALL");
      const config = readConfig("examples/old-keys.yaml", { ARI_PASSWORD: "secret" });
      const menus = menusByClass(config)({ menuClass });
      const { found, walked } = await explore((here, phone) => {
        here.menus = marked(menus);
        return here.serve(phone, ["1001", "s"]);
      });
      expect([...found]).toEqual(expect.arrayContaining(["main", "message", "recipients"]));
      expect(walked).toBeGreaterThanOrEqual(found.size * INPUTS.length);
    },
  );
});
