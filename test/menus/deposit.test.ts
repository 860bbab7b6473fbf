import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseName } from "../../src/custody/name.ts";
import type { Line, Reaction } from "./phone.ts";
import { World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.remove());

const SPEAKS: Reaction = { speaks: 5, presses: "#" };
const STATUS = "VMSTATUS";

it("tells the dialplan SUCCESS before the beep, because a hang-up leaves no time for it", async () => {
  const { phone } = await world.deposit(["1001", "u"], [["beep", { speaks: 5, hangsUp: true }]]);
  expect(phone.left).toBeUndefined();
  expect(phone.variables.get(STATUS)).toBe("SUCCESS");
});

it("tells it with the name of the recording, which is the one that is kept", async () => {
  const { phone } = await world.deposit(["1001", "u"], [["beep", { speaks: 5, hangsUp: true }]]);
  expect(phone.variables.get("VM_MESSAGEFILE")).toBe(phone.recorded[0]);
});

it.each([
  [
    "after a message that was too short",
    [
      ["beep", { speaks: 1, presses: "#" }],
      ["vm-tooshort", { hangsUp: true }],
    ],
    "FAILED",
    "",
  ],
  [
    "before the next beep",
    [
      ["beep", { speaks: 1, presses: "#" }],
      ["vm-tooshort", ""],
      ["beep", { speaks: 5, hangsUp: true }],
    ],
    "SUCCESS",
    "1",
  ],
  [
    "after it was taken back",
    [
      ["beep", { speaks: 5, presses: "0" }],
      ["vm-saveoper", "5"],
      ["vm-deleted", { hangsUp: true }],
    ],
    "USEREXIT",
    "",
  ],
  [
    "after it was kept for the operator",
    [
      ["beep", { speaks: 5, presses: "0" }],
      ["vm-saveoper", "1"],
      ["transfer", { hangsUp: true }],
    ],
    "USEREXIT",
    "0",
  ],
] as [string, Line[], string, string][])(
  "tells how the call ended with a hang-up %s",
  async (_when, lines, status, take) => {
    world = new World({ operator: true });
    const { phone, missed } = await world.deposit(["1001", "s"], lines, { extensions: ["from-phones/o"] });
    expect(missed).toEqual([]);
    expect(phone.left).toBeUndefined();
    expect(phone.variables.get(STATUS)).toBe(status);
    expect(phone.variables.get("VM_MESSAGEFILE")).toBe(phone.recorded[Number(take || Number.NaN)] ?? "");
  },
);

it("takes SUCCESS back when nothing is kept", async () => {
  const { phone } = await world.deposit(["1001", "u"], [], { noFile: true });
  expect(phone.variables.get(STATUS)).toBe("FAILED");
});

describe("the greeting", () => {
  const cases: [string, string[], string][] = [
    ["temporary, even without b or u", ["temporary", "busy", "name"], "(file temporary)"],
    ["b: busy", ["busy", "unavailable", "name"], "(file busy)"],
    ["u: unavailable", ["unavailable", "name"], "(file unavailable)"],
    ["b: name", ["name"], "(file name) vm-isonphone"],
    ["u: name", ["name"], "(file name) vm-isunavail"],
    ["b: number", [], "vm-theperson 1-0-0-1 vm-isonphone"],
    ["u: number", [], "vm-theperson 1-0-0-1 vm-isunavail"],
    ["neither", ["busy", "unavailable", "name"], ""],
  ];
  it.each(cases)("%s", async (what, recorded, words) => {
    for (const kind of recorded) world.greeting(kind as "busy", kind);
    const option = /^([bu]):/.exec(what)?.[1] ?? "";
    const { heard } = await world.deposit(["1001", option], [["beep", SPEAKS]]);
    expect(heard[0]).toBe(`${words} vm-intro`.trim());
  });

  it("prefers busy when b and u are both given", async () => {
    const { heard } = await world.deposit(["1001", "ub"], []);
    expect(heard[0]).toContain("vm-isonphone");
  });

  it.each([
    ["us", true, "(file mine)"],
    ["uS", true, "(file mine)"],
    ["uS", false, "vm-theperson 1-0-0-1 vm-isunavail vm-intro"],
    ["us", false, "vm-theperson 1-0-0-1 vm-isunavail"],
  ])("option %s with a recorded greeting: %s", async (option, recorded, words) => {
    if (recorded) world.greeting("unavailable", "mine");
    const { heard } = await world.deposit(["1001", option], []);
    expect(heard[0]).toBe(words);
  });

  it("is skipped by #, and by no key that leads nowhere", async () => {
    const { heard, phone } = await world.deposit(
      ["1001", "u"],
      [
        ["vm-intro", "5*0#"],
        ["beep", SPEAKS],
      ],
    );
    expect(heard[2]).toBe("beep");
    expect(phone.variables.get(STATUS)).toBe("SUCCESS");
  });
});

describe("exits", () => {
  it("0 leads to the operator, where there is one", async () => {
    world.subscriber("1001", { operator: true, exitContext: "desk" });
    const { heard, phone } = await world.deposit(["1001", "u"], [["vm-intro", "0"]], {
      extensions: ["desk/o"],
    });
    expect(heard.at(-1)).toBe("transfer");
    expect(phone.left).toEqual({ to: { context: "desk", extension: "o" } });
    expect(phone.variables.get(STATUS)).toBe("USEREXIT");
    expect(phone.recorded).toEqual([]);
  });

  it("star leads to a", async () => {
    const { phone } = await world.deposit(["1001", "u"], [["vm-intro", "*"]], {
      extensions: ["from-phones/a"],
    });
    expect(phone.left).toEqual({ to: { context: "from-phones", extension: "a" } });
  });

  it("option d dials an extension, and says when there is none", async () => {
    const { heard, phone } = await world.deposit(
      ["1001", "ud(sales)"],
      [
        ["vm-intro", "99"],
        ["pbx-invalid vm-intro", "201"],
      ],
      { extensions: ["sales/201"] },
    );
    expect(heard[2]).toBe("(waits)");
    expect(phone.left).toEqual({ to: { context: "sales", extension: "201" } });
  });

  it("0 while recording keeps the message on 1 and when nothing is pressed", async () => {
    for (const [reaction, kept] of [
      ["1", true],
      ["", true],
      ["5", false],
    ] as const) {
      world = new World({ operator: true });
      const { heard, phone } = await world.deposit(
        ["1001"],
        [
          ["beep", { speaks: 5, presses: "0" }],
          ["vm-saveoper", reaction],
        ],
        { extensions: ["from-phones/o"] },
      );
      expect(heard.at(-1)).toBe("transfer");
      expect(heard.at(-2)).toBe(kept ? "vm-msgsaved" : "vm-deleted");
      expect(world.deposits.length).toBe(kept ? 1 : 0);
      expect(world.discarded.length).toBe(kept ? 0 : 1);
      expect(phone.variables.get(STATUS)).toBe("USEREXIT");
    }
  });
});

describe("recording", () => {
  it("has a name that tells everything, and a job", async () => {
    const { phone } = await world.deposit(["1001&1002&9999", "uUP"], [["beep", SPEAKS]], {
      caller: { number: "+49 (30) 1", name: '../../../evil%d,"x' },
    });
    const [name = ""] = phone.recorded;
    expect(parseName(name)).toMatchObject({
      state: "deposit",
      recipients: [
        { mailbox: "1001", context: "default" },
        { mailbox: "1002", context: "default" },
      ],
      channel: phone.id,
      startedAt: phone.startedAt,
      caller: { number: "+49301", name: '../../../evil%d,"x' },
      urgent: true,
      priority: true,
      take: 0,
      part: 0,
    });
    expect(world.deposits).toEqual([[name]]);
    expect(phone.heard.at(-1)).toBe("auth-thankyou");
    expect(phone.left).toEqual({});
    expect(Object.fromEntries(phone.variables)).toEqual({ VMSTATUS: "SUCCESS", VM_MESSAGEFILE: name });
  });

  it.each(["silence", "limit"] as const)("thanks after %s", async (endsBy) => {
    const { heard } = await world.deposit(["1001"], [["beep", { speaks: 5, endsBy }]]);
    expect(heard.at(-1)).toBe("auth-thankyou");
  });

  it("keeps what was said before a hang-up", async () => {
    const { phone } = await world.deposit(["1001"], [["beep", { speaks: 3, hangsUp: true }]]);
    expect(world.deposits).toEqual([phone.recorded]);
    expect(phone.left).toBeUndefined();
  });

  it("says that a message is too short, and lets the caller speak again", async () => {
    const { heard, phone } = await world.deposit(
      ["1001"],
      [
        ["beep", { speaks: 1, presses: "#" }],
        ["beep", SPEAKS],
      ],
    );
    expect(heard).toContain("vm-tooshort");
    const [short = "", long = ""] = phone.recorded;
    expect(world.discarded).toEqual([short]);
    expect(world.deposits).toEqual([[long]]);
    expect(parseName(long)).toMatchObject({ id: parseName(short).id, take: 1 });
  });

  const quiet: readonly [string, Reaction] = ["beep", { speaks: 5, presses: "#", quietly: true }];
  it.each<[string, Line[], number]>([
    ["hangs up when asked again", [quiet, ["vm-tooshort", { hangsUp: true }]], 0],
    ["says nothing more", [quiet, ["beep", { speaks: 0, hangsUp: true }]], 0],
    [
      "is too short then",
      [quiet, ["beep", { speaks: 1, presses: "#" }], ["beep", { speaks: 1, presses: "#" }]],
      0,
    ],
    ["speaks up", [quiet, ["beep", SPEAKS]], 1],
    ["speaks up in vain", [quiet, quiet, quiet], 2],
  ])("keeps a voice that was too quiet for Asterisk, when the caller %s", async (_, lines, counts) => {
    const { heard, phone } = await world.deposit(["1001"], lines);
    expect(heard).toContain("vm-tooshort");
    expect(world.deposits).toEqual([[phone.recorded[counts]]]);
    expect(world.discarded).not.toContain(phone.recorded[0]);
    expect(phone.variables.get(STATUS)).toBe("SUCCESS");
  });

  it("gives up after three that are too short", async () => {
    const { phone } = await world.deposit(
      ["1001"],
      Array.from({ length: 3 }, () => ["beep", { speaks: 1, presses: "#" }] as const),
    );
    expect(phone.variables.get(STATUS)).toBe("FAILED");
    expect(world.deposits).toEqual([]);
  });

  it.each([
    ["t()", "(no beep)", undefined],
    ["t(custom/beep)", "(no beep)", "(sound custom/beep)"],
    ["", "beep", undefined],
  ])("option %s", async (option, words, sound) => {
    const { heard } = await world.deposit(["1001", option], [[words, SPEAKS]]);
    expect(heard).toContain(words);
    if (sound) expect(heard).toContain(sound);
  });

  it("plays early media with option e, and answers before the beep", async () => {
    const { phone } = await world.deposit(["1001", "ue"], [["vm-intro", { hangsUp: true }]]);
    expect(phone.answered).toBe(false);
    const whole = await world.deposit(["1001", "ue"], [["beep", SPEAKS]]);
    expect(whole.phone.answered).toBe(true);
  });

  it("takes the message though the greeting cannot be played", async () => {
    const { phone } = await world.deposit(["1001", "u"], [["beep", SPEAKS]], { refuses: "vm-intro" });
    expect(world.deposits).toEqual([phone.recorded]);
  });

  it("leaves the call to another program, or to the dialplan, when Asterisk is too busy to answer", async () => {
    const { phone } = await world.deposit(["1001"], [], { silent: true });
    expect(phone.declined).toBe(true);
    expect(phone.left).toBeUndefined();
  });

  it("says when nothing could be recorded", async () => {
    const { heard, phone } = await world.deposit(["1001"], [], { noFile: true });
    expect(heard.at(-1)).toBe("im-sorry voxpost/not-recorded please-try-call-later");
    expect(phone.variables.get(STATUS)).toBe("FAILED");
  });

  it("says when only a part could be recorded, and keeps it without thanks", async () => {
    const { heard, phone } = await world.deposit(["1001"], [["beep", { speaks: 4, endsBy: "fault" }]]);
    expect(heard.at(-1)).toBe("im-sorry voxpost/cut-short");
    expect(phone.variables.get(STATUS)).toBe("SUCCESS");
    expect(world.deposits).toEqual([phone.recorded]);
  });

  it("says when nothing of it reached the disk, and leaves nothing behind", async () => {
    const { heard, phone } = await world.deposit(["1001"], [["beep", { speaks: 0, endsBy: "fault" }]]);
    expect(heard.at(-1)).toBe("im-sorry voxpost/not-recorded please-try-call-later");
    expect(phone.variables.get(STATUS)).toBe("FAILED");
    expect(world.deposits).toEqual([]);
    expect(world.discarded).toEqual(phone.recorded);
  });
});

describe("mailboxes", () => {
  it("an unknown one gives FAILED and the dialplan goes on", async () => {
    for (const mailbox of ["9999", "9999&1001", "../etc", "1001@"]) {
      const { heard, phone } = await world.deposit([mailbox, "u"], []);
      expect(heard).toEqual([]);
      expect(phone.left).toEqual({});
      expect(phone.variables.get(STATUS)).toBe("FAILED");
    }
  });

  it("wrong options give FAILED and the dialplan goes on", async () => {
    for (const option of ["x", "u(1)", "g", "g(x)", "t(unclosed"]) {
      const { phone } = await world.deposit(["1001", option], []);
      expect(phone.left).toEqual({});
      expect(phone.variables.get(STATUS)).toBe("FAILED");
    }
  });

  it("a full one is said to be full before the greeting", async () => {
    world.full = true;
    const { heard, phone } = await world.deposit(["1001", "u"], []);
    expect(heard).toEqual(["vm-mailboxfull"]);
    expect(phone.variables.get(STATUS)).toBe("FAILED");
  });

  it("costs only the owner's greeting when the snapshot cannot be read", async () => {
    world.diskFault = true;
    const { heard } = await world.deposit(["1001", "u"], [["beep", SPEAKS]]);
    expect(heard).toEqual(["vm-theperson 1-0-0-1 vm-isunavail vm-intro", "beep", "auth-thankyou"]);
  });

  it("one that only greets takes no message", async () => {
    world.subscriber("1001", { maxMessages: 0 });
    world.full = true;
    const { heard, phone } = await world.deposit(["1001", "u"], []);
    expect(heard).toEqual(["vm-theperson 1-0-0-1 vm-isunavail"]);
    expect(phone.variables.get(STATUS)).toBe("SUCCESS");
    expect(phone.recorded).toEqual([]);
  });

  it("asks which one when none is given", async () => {
    const { heard, missed } = await world.deposit(
      ["", ""],
      [
        ["vm-whichbox", "77#"],
        ["pbx-invalid vm-whichbox", "1002#"],
        ["beep", SPEAKS],
      ],
    );
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("auth-thankyou");
    expect(world.deposits).toHaveLength(1);
  });

  it("goes on in the dialplan when the caller enters none", async () => {
    const { phone } = await world.deposit(["", ""], []);
    expect(phone.left).toEqual({});
  });
});
