import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseName } from "../../src/custody/name.ts";
import type { Subscriber } from "../../src/model/subscriber.ts";
import type { Line, Reaction } from "./phone.ts";
import { World } from "./world.ts";

const SPEAKS: Reaction = { speaks: 3, presses: "#" };
const HANGS_UP: Reaction = { hangsUp: true };
const MAIN = "vm-opts vm-helpexit";

let world: World;
beforeEach(() => open());
afterEach(() => world.remove());

function open(options: Partial<Subscriber> = {}): void {
  world = new World(options);
  world.settings = world.everything;
}

/** In the mailbox options; what is heard is told from there on. */
async function inOptions(lines: readonly Line[], end = true) {
  const all: Line[] = [
    [MAIN, "0"],
    ...lines,
    ...(end
      ? ([
          ["vm-options", "*"],
          [MAIN, "#"],
        ] as const)
      : []),
  ];
  const dialogue = await world.retrieve(["1001", "s"], all);
  const from = dialogue.heard.indexOf("> 0") + 1;
  return { ...dialogue, heard: dialogue.heard.slice(from) };
}

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

describe("the PIN", () => {
  it("is asked for twice", async () => {
    const { heard, missed } = await inOptions([
      ["vm-options", "5"],
      ["vm-newpassword", "471938#"],
      ["vm-reenterpassword", "471938#"],
      ["vm-passchanged vm-options", ""],
    ]);
    expect(missed).toEqual([]);
    expect(heard.slice(1, 7)).toEqual([
      "> 5",
      "vm-newpassword",
      "> 471938#",
      "vm-reenterpassword",
      "> 471938#",
      "vm-passchanged vm-options",
    ]);
    expect(world.pin()).toBe("471938");
  });

  it.each([
    ["1234#", "weak"],
    ["#", "empty"],
    ["*11#", "not digits"],
  ])("%s is refused: %s", async (keys) => {
    const { missed } = await inOptions([
      ["vm-options", "5"],
      ["vm-newpassword", keys],
      ["vm-invalid-password vm-pls-try-again vm-options", ""],
    ]);
    expect(missed).toEqual([]);
    expect(world.pin()).toBe("1234");
  });

  it("that is not the same again is refused", async () => {
    const { missed } = await inOptions([
      ["vm-options", "5"],
      ["vm-newpassword", "471938#"],
      ["vm-reenterpassword", "471939#"],
      ["vm-mismatch vm-pls-try-again vm-options", ""],
    ]);
    expect(missed).toEqual([]);
    expect(world.pin()).toBe("1234");
  });

  it("# twice sets no empty PIN", async () => {
    await inOptions([
      ["vm-options", "5"],
      ["vm-newpassword", "##"],
    ]);
    expect(world.pin()).toBe("1234");
  });

  it("a change that fails is told", async () => {
    const { missed } = await inOptions(
      [
        ["vm-options", "5"],
        ["vm-newpassword", "471938#"],
        [
          "vm-reenterpassword",
          { presses: "471938#", meanwhile: async () => void Object.assign(world, { away: true }) },
        ],
        [
          "voxpost/not-done vm-options",
          { presses: "*", meanwhile: async () => void Object.assign(world, { away: false }) },
        ],
      ],
      false,
    );
    expect(missed).toEqual([]);
    expect(world.pin()).toBe("1234");
  });

  it.each(["vm-newpassword", "vm-reenterpassword"])("a hang-up at %s changes nothing", async (when) => {
    await inOptions(
      [
        ["vm-options", "5"],
        ...(when === "vm-newpassword" ? [] : [["vm-newpassword", "471938#"] as const]),
        [when, HANGS_UP],
      ],
      false,
    );
    expect(world.pin()).toBe("1234");
  });

  it("that cannot be changed here is not asked for", async () => {
    world.pinsPossible = false;
    const { heard, missed } = await inOptions(
      [
        ["vm-press 1 voxpost/to-unavailable", "5"],
        ["vm-sorry vm-press 1 voxpost/to-unavailable", "*"],
      ],
      false,
    );
    expect(missed).toEqual([]);
    expect(heard[0]).toMatch(/^vm-press 1 .* vm-press 4 voxpost\/to-temporary vm-starmain$/);
    expect(heard.join(" ")).not.toMatch(/vm-options|vm-newpassword|to-pin/);
  });

  it("is not asked for any more after five that were refused", async () => {
    const bad = (): Line[] => [
      ["vm-options", "5"],
      ["vm-newpassword", "1234#"],
    ];
    const { heard, missed } = await inOptions(
      [
        ...bad(),
        ...bad(),
        ...bad(),
        ...bad(),
        ...bad(),
        ["vm-press 1 voxpost/to-unavailable", "5"],
        ["vm-sorry", "*"],
        [MAIN, "#"],
      ],
      false,
    );
    expect(missed).toEqual([]);
    expect(heard.filter((line) => line === "vm-newpassword")).toHaveLength(5);
  });
});

describe("a new owner, whose PIN is the mailbox's number", () => {
  const NEW: Partial<Subscriber> = { forceName: true, forceGreetings: true };
  const LOGIN: Line = ["vm-password", "1001#"];
  const RECORD = (prompt: string): Line[] => [
    [prompt, ""],
    ["beep", SPEAKS],
    ["vm-review", "1"],
  ];

  function newOwner(options: Partial<Subscriber> = NEW): void {
    open();
    world.subscriber("1001", options, "1001");
    world.settings = world.everything;
  }

  it("records a name and greetings and chooses a PIN, which comes last", async () => {
    newOwner();
    const { missed, heard } = await world.retrieve(
      ["1001", ""],
      [
        LOGIN,
        ["vm-newuser", ""],
        ...RECORD("vm-rec-name"),
        ...RECORD("vm-rec-unv"),
        ...RECORD("vm-rec-busy"),
        ["vm-newpassword", "471938#"],
        ["vm-reenterpassword", "471938#"],
        ["vm-passchanged", ""],
        ["vm-youhave", "#"],
      ],
    );
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(world.accepted).toHaveLength(3);
    expect(world.pin()).toBe("471938");
  });

  it("is not asked for what is there already", async () => {
    newOwner();
    for (const kind of ["name", "unavailable"] as const) world.greeting(kind, kind);
    const { heard } = await world.retrieve(["1001", ""], [LOGIN]);
    expect(heard).not.toContain("vm-rec-name");
    expect(heard).not.toContain("vm-rec-unv");
    expect(heard).toContain("vm-rec-busy");
  });

  it.each([
    ["in a recording", [["vm-rec-name", HANGS_UP]]],
    [
      "before the PIN",
      [
        ...RECORD("vm-rec-name"),
        ...RECORD("vm-rec-unv"),
        ...RECORD("vm-rec-busy"),
        ["vm-newpassword", HANGS_UP],
      ],
    ],
  ] as [string, Line[]][])("who hangs up %s is new the next time", async (_when, lines) => {
    newOwner();
    await world.retrieve(["1001", ""], [LOGIN, ...lines]);
    expect(world.pin()).toBe("1001");
    const { heard } = await world.retrieve(["1001", ""], [LOGIN]);
    expect(heard).toContain("vm-newuser");
  });

  it("three bad PINs, or silence, end the call", async () => {
    newOwner({ forceName: true });
    world.greeting("name", "name");
    const bad = (): Line => ["vm-newpassword", "1234#"];
    const { heard, phone } = await world.retrieve(["1001", ""], [LOGIN, bad(), bad(), bad()]);
    expect(heard.filter((line) => line.startsWith("vm-invalid-password"))).toHaveLength(3);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(phone.variables.get("VMSTATUS")).toBe("FAILED");
    const silent = await world.retrieve(["1001", ""], [LOGIN]);
    expect(silent.heard.at(-1)).toBe("vm-goodbye");
    expect(world.pin()).toBe("1001");
  });

  it("is asked too when the dialplan vouches for the caller, who enters no PIN", async () => {
    newOwner({ forceName: true });
    const { heard, missed } = await world.retrieve(
      ["1001", "s"],
      [
        ["vm-newuser", ""],
        ...RECORD("vm-rec-name"),
        ["vm-newpassword", "471938#"],
        ["vm-reenterpassword", "471938#"],
      ],
    );
    expect(missed).toEqual([]);
    expect(heard).not.toContain("vm-password");
    expect(world.pin()).toBe("471938");
    expect((await world.retrieve(["1001", "s"], [])).heard).not.toContain("vm-newuser");
  });

  it("hears of no steps when none is left that can be taken", async () => {
    newOwner({ forceName: true });
    world.greeting("name", "name");
    world.pinsPossible = false;
    const { heard } = await world.retrieve(["1001", ""], [LOGIN]);
    expect(heard).not.toContain("vm-newuser");
    expect(heard).toContainEqual(expect.stringMatching(/^vm-youhave/));
  });

  it("is let in as always where the site wants nothing, and who has a PIN as well", async () => {
    newOwner({});
    expect((await world.retrieve(["1001", ""], [LOGIN])).heard).not.toContain("vm-newuser");
    world.subscriber("1001", NEW, "8372");
    expect((await world.retrieve(["1001", ""], [["vm-password", "8372#"]])).heard).not.toContain(
      "vm-newuser",
    );
  });
});
