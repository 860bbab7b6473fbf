import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseName } from "../../src/custody/name.ts";
import { Caller, type Line, Phone, type PhoneOptions, type Reaction } from "./phone.ts";
import { World } from "./world.ts";

const SPEAKS: Reaction = { speaks: 5, presses: "#" };
const HANGS_UP: Reaction = { hangsUp: true };
const MENU = "vm-review vm-review-urgent …";
const OPERATOR: PhoneOptions = { extensions: ["from-phones/o"] };

let world: World;
beforeEach(() => {
  world = new World({ review: true });
});
afterEach(() => world.remove());

function leave(lines: readonly Line[], options: PhoneOptions = {}, letters = "s") {
  return world.deposit(["1001", letters], [["beep", SPEAKS], ...lines], options);
}

describe("reviewing a message", () => {
  it("1 keeps it", async () => {
    const { heard, phone } = await leave([[MENU, "1"]]);
    expect(heard).toEqual(["beep", `auth-thankyou ${MENU}`, "> 1", "vm-msgsaved"]);
    expect(world.deposits).toEqual([phone.recorded]);
    expect(Object.fromEntries(phone.variables)).toEqual({
      VMSTATUS: "SUCCESS",
      VM_MESSAGEFILE: phone.recorded[0],
    });
    expect(phone.left).toEqual({});
  });

  it("is not yet to be delivered: its name says that it may be recorded again", async () => {
    const { phone } = await leave([[MENU, "1"]]);
    expect(parseName(phone.recorded[0] ?? "")).toMatchObject({ state: "take", take: 0 });
  });

  it("2 plays it, and a key meanwhile is the menu's", async () => {
    const { heard } = await leave([
      [MENU, "2"],
      ["(recording)", ""],
      [MENU, "2"],
      ["(recording)", "1"],
    ]);
    expect(heard.slice(1)).toEqual([
      `auth-thankyou ${MENU}`,
      "> 2",
      "(recording)",
      MENU,
      "> 2",
      "(recording)",
      "> 1",
      "vm-msgsaved",
    ]);
  });

  it("3 records the next take, which is the one that counts", async () => {
    const { heard, phone, missed } = await leave([
      [MENU, "3"],
      ["vm-intro", ""],
      ["beep", SPEAKS],
      [MENU, "1"],
    ]);
    expect(missed).toEqual([]);
    expect(heard.slice(3)).toEqual(["vm-intro", "beep", `auth-thankyou ${MENU}`, "> 1", "vm-msgsaved"]);
    const [first = "", second = ""] = phone.recorded;
    expect(parseName(second)).toMatchObject({ id: parseName(first).id, take: 1 });
    expect(world.deposits).toEqual([[second]]);
    // Delivery removes it, when the other one is in its store.
    expect(world.discarded).toEqual([]);
  });

  it("3 and too little said: the earlier take counts", async () => {
    const { phone, heard } = await leave([
      [MENU, "3"],
      ["beep", { speaks: 1, presses: "#" }],
      [`vm-tooshort ${MENU}`, "1"],
    ]);
    expect(heard.at(-1)).toBe("vm-msgsaved");
    expect(world.deposits).toEqual([[phone.recorded[0]]]);
    expect(world.discarded).toEqual([phone.recorded[1]]);
  });

  const NOT_RECORDED = "im-sorry voxpost/not-recorded please-try-call-later";
  it("3 and a disk that is full: the earlier take counts, and nothing of the new one is left", async () => {
    const { heard, phone } = await leave([
      [MENU, "3"],
      ["beep", { speaks: 0, endsBy: "fault" }],
      [NOT_RECORDED, ""],
      [MENU, "1"],
    ]);
    expect(heard).toContain(NOT_RECORDED);
    expect(world.deposits).toEqual([[phone.recorded[0]]]);
    expect(world.discarded).toEqual([phone.recorded[1]]);
  });

  it("3 and nothing recorded: the caller is told, and the earlier take counts", async () => {
    const options: { noFile?: boolean } = {};
    const meanwhile = async () => {
      options.noFile = true;
    };
    const { heard, phone } = await leave(
      [
        [MENU, { presses: "3", meanwhile }],
        [NOT_RECORDED, ""],
        [MENU, "1"],
      ],
      options,
    );
    expect(heard).toContain(NOT_RECORDED);
    expect(world.deposits).toEqual([phone.recorded]);
  });

  it.each([
    ["in the words before the beep", [["vm-intro", HANGS_UP]], 0],
    ["after saying too little", [["beep", { speaks: 1, hangsUp: true }]], 0],
    ["after saying enough", [["beep", { speaks: 3, hangsUp: true }]], 1],
  ] as const)("3 and a hang-up %s keeps what was said best", async (_when, lines, kept) => {
    const { phone } = await leave([[MENU, "3"], ...lines]);
    expect(world.deposits).toEqual([[phone.recorded[kept]]]);
    expect(world.discarded).toEqual([]);
  });

  it("4 marks it as urgent, and again takes the mark away", async () => {
    const { heard, phone } = await leave([
      [MENU, "4"],
      ["vm-marked-urgent vm-review vm-review-nonurgent …", "4"],
      ["vm-marked-nonurgent vm-review vm-review-urgent …", "4"],
      ["vm-marked-urgent", "1"],
    ]);
    expect(heard.at(-1)).toBe("vm-msgsaved");
    const [plain = ""] = phone.recorded;
    const marked = plain.replace("~~~~from-phones/", "~~u~~from-phones/");
    expect(parseName(marked)).toEqual({ ...parseName(plain), urgent: true });
    expect(world.renamed).toEqual([
      [plain, marked],
      [marked, plain],
      [plain, marked],
    ]);
    expect(world.deposits).toEqual([[marked]]);
  });

  it("4 counts for the takes after it as well, and option U needs no key", async () => {
    const { phone } = await leave([
      [MENU, "4"],
      ["vm-marked-urgent", "3"],
      ["beep", SPEAKS],
      ["vm-review-nonurgent", "1"],
    ]);
    expect(parseName(phone.recorded[1] ?? "").urgent).toBe(true);
    const { heard } = await leave([["vm-review vm-review-nonurgent", "1"]], {}, "sU");
    expect(heard.at(-1)).toBe("vm-msgsaved");
  });

  it("4 counts, and what is taken back is gone, also for who hangs up while the mark is being set", async () => {
    const caller = new Caller([
      ["beep", SPEAKS],
      [MENU, "4"],
    ]);
    const phone = new Phone(caller.react);
    world.whileRenaming = async () => {
      phone.hangsUp();
      await setImmediate();
    };
    await world.take(phone, ["1001", "s"]);
    const [[, marked] = []] = world.renamed;
    expect(world.deposits).toEqual([[marked]]);
  });

  it("4 that cannot be done is told, and costs nothing", async () => {
    world.asteriskAway = true;
    const { heard, phone } = await leave([
      [MENU, "4"],
      ["voxpost/problem", "1"],
    ]);
    expect(heard.at(-1)).toBe("vm-msgsaved");
    expect(world.deposits).toEqual([phone.recorded]);
  });

  it("leaveurgent=no: 4 is no key", async () => {
    world = new World({ review: true, leaveUrgent: false });
    const { heard } = await leave([
      ["vm-review …", "4"],
      ["vm-sorry vm-review …", "1"],
    ]);
    expect(heard).not.toContain("vm-marked-urgent");
    expect(world.renamed).toEqual([]);
  });

  it("other keys are not understood, and operator=no: 0 is none either", async () => {
    const keys = [..."056789*#"];
    const { heard } = await leave([
      [MENU, "0"],
      ...keys.slice(1).map((key): Line => [`vm-sorry ${MENU}`, key]),
      [`vm-sorry ${MENU}`, "1"],
    ]);
    expect(heard.filter((line) => line.startsWith("vm-sorry"))).toHaveLength(keys.length);
    expect(heard.at(-1)).toBe("vm-msgsaved");
  });

  it.each([
    ["1", "vm-msgsaved", true, false],
    ["4", "vm-marked-urgent vm-msgsaved", true, true],
    ["", "vm-msgsaved", true, false],
    ["7", "vm-deleted", false, false],
  ])("0 and then %s: %s, and the operator", async (key, words, kept, urgent) => {
    world = new World({ review: true, operator: true });
    const menu = "vm-review vm-review-urgent vm-reachoper …";
    const { heard, phone } = await leave(
      [
        [menu, "3"],
        ["beep", SPEAKS],
        [menu, "0"],
        ["vm-saveoper", key],
      ],
      OPERATOR,
    );
    expect(heard.slice(-2)).toEqual([words, "transfer"]);
    expect(phone.left).toEqual({ to: { context: "from-phones", extension: "o" } });
    expect(phone.variables.get("VMSTATUS")).toBe("USEREXIT");
    expect(world.deposits.map(([name = ""]) => [parseName(name).take, parseName(name).urgent])).toEqual(
      kept ? [[1, urgent]] : [],
    );
    // Taken back is every take: the earlier one must not be delivered instead.
    expect(world.discarded).toEqual(kept ? [] : phone.recorded);
  });

  it("0 while recording again asks the same", async () => {
    world = new World({ review: true, operator: true });
    const { heard } = await leave(
      [
        ["vm-reachoper", "3"],
        ["beep", { speaks: 4, presses: "0" }],
        ["vm-saveoper", "1"],
      ],
      OPERATOR,
    );
    expect(heard.slice(-2)).toEqual(["vm-msgsaved", "transfer"]);
  });

  it("silence keeps it, with a goodbye", async () => {
    const { heard, phone } = await leave([]);
    expect(heard.filter((line) => line.endsWith(MENU))).toHaveLength(4);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(world.deposits).toEqual([phone.recorded]);
    expect(phone.variables.get("VMSTATUS")).toBe("SUCCESS");
  });

  it("a caller who hangs up after the first words has left no review behind", async () => {
    const { phone } = await world.deposit(["1001", "s"], [["beep", { speaks: 3, hangsUp: true }]]);
    expect(world.deposits).toEqual([phone.recorded]);
  });
});

const KEYS = fc.constantFrom(..."1234057#", "", "");

it("whatever is pressed, one take is delivered, or all are taken back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(KEYS, { maxLength: 25 }),
      fc.array(
        fc.record({ speaks: fc.nat({ max: 3 }), presses: fc.constantFrom("#", "0"), hangsUp: fc.boolean() }),
      ),
      fc.boolean(),
      async (keys, speeches, hangsUp) => {
        const here = new World({ review: true, operator: true });
        let moment = 0;
        let take = 0;
        const phone = new Phone((at) => {
          if (at.during === "recording") return speeches[take++] ?? SPEAKS;
          const presses = keys[moment++];
          return presses === undefined ? (hangsUp ? HANGS_UP : undefined) : { presses };
        }, OPERATOR);
        await here.take(phone, ["1001&1002", "s"]);
        const left = phone.recorded.map(
          (name) => here.renamed.findLast(([from]) => from === name)?.[1] ?? name,
        );
        const delivered = here.deposits.flat();
        expect(here.deposits.length).toBeLessThanOrEqual(1);
        if (delivered.length === 0) {
          const names = new Set([...phone.recorded, ...here.renamed.flat()]);
          for (const name of names) {
            const moved = here.renamed.some(([from]) => from === name);
            expect(moved || here.discarded.includes(name)).toBe(true);
          }
        } else expect(left.concat(here.renamed.flat())).toContain(delivered[0]);
        expect(phone.heard.filter((line) => line === "vm-goodbye").length).toBeLessThanOrEqual(1);
        expect(phone.left !== undefined).toBe(!phone.signal.aborted);
        if (phone.left) expect(phone.variables.get("VMSTATUS")).toMatch(/^(SUCCESS|USEREXIT|FAILED)$/);
        here.remove();
      },
    ),
    { numRuns: 150 },
  );
});
