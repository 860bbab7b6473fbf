import { afterEach, beforeEach, describe, expect, it } from "vitest";
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
