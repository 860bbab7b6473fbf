import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseName } from "../../src/custody/name.ts";
import type { Subscriber } from "../../src/model/subscriber.ts";
import { dialOptions, MAIN } from "./options.ts";
import type { Line, Reaction } from "./phone.ts";
import { World } from "./world.ts";

const SPEAKS: Reaction = { speaks: 3, presses: "#" };
const HANGS_UP: Reaction = { hangsUp: true };

let world: World;
beforeEach(() => open());
afterEach(() => world.remove());

function open(options: Partial<Subscriber> = {}): void {
  world = new World(options);
  world.settings = world.everything;
}

const inOptions = (lines: readonly Line[], end?: boolean) => dialOptions(world, lines, end);

describe("the mailbox options", () => {
  it("are said in the stock words, and what is there besides comes after them", async () => {
    const { heard, missed } = await inOptions([]);
    expect(heard[0]).toBe("vm-options");
    expect(missed).toEqual([]);
    world.greeting("busy", "mine");
    expect((await inOptions([])).heard[0]).toBe("vm-options vm-press 6 voxpost/to-greetings");
  });

  it.each([
    ["1", "vm-rec-unv", "unavailable"],
    ["2", "vm-rec-busy", "busy"],
    ["3", "vm-rec-name", "name"],
    ["4", "vm-rec-temp", "temporary"],
  ])("%s records (%s), and 1 puts it in force", async (key, prompt, kind) => {
    const { heard, phone, missed } = await inOptions([
      ["vm-options", key],
      ["beep", SPEAKS],
      ["vm-review", "1"],
    ]);
    expect(missed).toEqual([]);
    expect(heard.slice(1, 6)).toEqual([`> ${key}`, prompt, "beep", "auth-thankyou vm-review", "> 1"]);
    expect(heard[6]).toBe("vm-msgsaved");
    expect(world.accepted).toEqual([phone.recorded]);
    expect(parseName(phone.recorded[0] ?? "")).toMatchObject({
      state: "take",
      kind: { is: "greeting", greeting: kind },
      recipients: [{ mailbox: "1001", context: "default" }],
    });
    expect(world.discarded).toEqual([]);
    expect(world.deposits).toEqual([]);
  });

  it("2 plays what was recorded, 3 records it again, other keys are not understood", async () => {
    const { heard, phone } = await inOptions([
      ["vm-options", "1"],
      ["beep", SPEAKS],
      ["vm-review", "2"],
      ["(recording)", "3"],
      ["beep", SPEAKS],
      ["auth-thankyou vm-review", "5"],
      ["vm-sorry vm-review", "1"],
    ]);
    expect(heard).toContain("vm-sorry vm-review");
    expect(phone.recorded.map((name) => parseName(name).take)).toEqual([0, 1]);
    expect(world.accepted).toEqual([phone.recorded.slice(1)]);
  });

  it.each([
    ["a hang-up in the words before the beep", [["vm-rec-unv", HANGS_UP]], 0],
    ["a hang-up while recording", [["beep", { speaks: 3, hangsUp: true }]], 1],
    [
      "a hang-up in the review",
      [
        ["beep", SPEAKS],
        ["vm-review", HANGS_UP],
      ],
      1,
    ],
    [
      "a hang-up while it is heard",
      [
        ["beep", SPEAKS],
        ["vm-review", "2"],
        ["(recording)", HANGS_UP],
      ],
      1,
    ],
    [
      "a hang-up while it is recorded again",
      [
        ["beep", SPEAKS],
        ["vm-review", "3"],
        ["beep", { speaks: 3, hangsUp: true }],
      ],
      2,
    ],
    ["silence in the review", [["beep", SPEAKS]], 1],
    ["# before a word was said", [["beep", { speaks: 0, presses: "#" }]], 1],
  ] as [string, Line[], number][])("%s keeps the greeting that was there", async (_what, lines, drafts) => {
    world.greeting("unavailable", "before");
    const { phone } = await inOptions([["vm-options", "1"], ...lines], false);
    expect(world.accepted).toEqual([]);
    expect(phone.recorded).toHaveLength(drafts);
    expect(world.discarded).toEqual(phone.recorded);
    expect((await world.snapshots.get()).greetings.unavailable).toBeDefined();
  });

  it("Asterisk away at the last key: the owner is told, and may press it again", async () => {
    world.asteriskAway = true;
    const { heard, phone } = await inOptions([
      ["vm-options", "1"],
      ["beep", SPEAKS],
      ["vm-review", "1"],
      [
        "voxpost/problem vm-review",
        { presses: "1", meanwhile: async () => void Object.assign(world, { asteriskAway: false }) },
      ],
    ]);
    expect(heard).toContain("vm-msgsaved");
    expect(world.accepted).toEqual([phone.recorded]);
    expect(world.discarded).toEqual([]);
  });

  it("asks what to do with a temporary greeting that exists, and warns of it", async () => {
    open({ warnsOfTemporary: true });
    world.greeting("temporary", "away");
    const dialogue = await world.retrieve(
      ["1001", "s"],
      [
        [MAIN, "0"],
        ["vm-tmpexists vm-options", "4"],
        ["vm-tempgreeting2 vm-press 3 voxpost/to-review vm-star-cancel", "3"],
        ["(file away)", "2"],
        ["vm-tempremoved vm-options", "*"],
        [MAIN, "#"],
      ],
    );
    expect(dialogue.missed).toEqual([]);
    expect(dialogue.heard[0]).toContain("vm-tempgreetactive vm-youhave");
    expect((await world.snapshots.get()).greetings).toEqual({});
  });

  it("records a temporary greeting over the one that exists", async () => {
    world.greeting("temporary", "away");
    const { missed } = await inOptions([
      ["vm-options", "4"],
      ["vm-tempgreeting2", "1"],
      ["beep", SPEAKS],
      ["vm-review", "1"],
      ["vm-tempgreeting2", "*"],
    ]);
    expect(missed).toEqual([]);
    expect(world.accepted).toHaveLength(1);
  });

  it.each([
    ["1", "unavailable"],
    ["2", "busy"],
    ["3", "name"],
  ] as const)("6 and %s plays the greeting (%s), and 7 erases it", async (key, kind) => {
    world.greeting(kind, "mine");
    const { missed, heard } = await inOptions([
      ["voxpost/to-greetings", "6"],
      [`vm-press ${key} voxpost/to-hear-${kind} vm-star-cancel`, key],
      ["(file mine)", ""],
      [
        "vm-press 2 voxpost/to-review vm-press 3 voxpost/to-record vm-press 7 voxpost/to-erase vm-star-cancel",
        "2",
      ],
      ["(file mine)", "7"],
      ["voxpost/greeting-erased vm-options", ""],
    ]);
    expect(missed).toEqual([]);
    expect(heard).toContain("voxpost/greeting-erased vm-options");
    expect((await world.snapshots.get()).greetings).toEqual({});
  });

  it("erasing with the store away is told, and the greeting stays", async () => {
    world.greeting("busy", "mine");
    const { missed } = await inOptions([
      ["voxpost/to-greetings", "6"],
      ["voxpost/to-hear-busy", "2"],
      ["(file mine)", { presses: "7", meanwhile: async () => void Object.assign(world, { away: true }) }],
      ["voxpost/store-away", "*"],
      [
        "voxpost/to-hear-busy",
        { presses: "*", meanwhile: async () => void Object.assign(world, { away: false }) },
      ],
    ]);
    expect(missed).toEqual([]);
    expect((await world.snapshots.get()).greetings.busy).toBeDefined();
  });

  it("where the store keeps no greetings none is offered", async () => {
    world.settings = {
      ...world.everything,
      greetings: { ...world.everything.greetings, possible: false },
    };
    const { heard } = await inOptions([["voxpost/to-pin", "1"]], false);
    expect(heard[0]).toBe("vm-press 5 voxpost/to-pin vm-starmain");
    expect(heard).not.toContain("vm-rec-unv");
  });

  it("keys that mean nothing say the options again; silence leads back", async () => {
    const { heard } = await inOptions([["vm-options", "9"]], false);
    expect(heard.filter((line) => line === "vm-options")).toHaveLength(5);
    expect(heard).toContain(MAIN);
  });
});
