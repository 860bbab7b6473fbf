import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { peopleOf, search } from "../../src/menus/people.ts";
import type { Line } from "./phone.ts";
import { World } from "./world.ts";

const EXTENSIONS = ["from-phones/o", "phones/o", "phones/a", "phones/1002", "phones/1003"];

let world: World;
beforeEach(() => {
  world = new World();
  world.subscriber("1001", { fullName: "Ann Example", alias: "Boss" });
  world.subscriber("1002", { fullName: "Bob Smith" });
  world.subscriber("1003", { fullName: "Zoë Smithson" });
  world.subscriber("1004", { fullName: "Hidden Smith", hiddenFromDirectory: true });
  world.subscriber("4001", { fullName: "Sue Smith" }, "1234", "sales");
});
afterEach(() => world.remove());

const directory = (options: string, lines: readonly Line[]) =>
  world.call("directory", ["default", "phones", options], lines, { extensions: EXTENSIONS });

describe("names as keys", () => {
  it.each([
    ["last", "764", ["1002", "1003"]],
    ["last", "76484", ["1002", "1003"]],
    ["last", "764847", ["1003"]],
    ["first", "96", ["1003"]],
    ["first", "269", []],
    ["both", "266", ["1001"]],
    ["last", "1", []],
  ] as const)("%s name %s", (part, keys, numbers) => {
    const found = search(peopleOf(world.subscribers, "default", part, false), keys);
    expect(found.map(({ address }) => address.mailbox)).toEqual(numbers);
  });

  it("may be aliases, and of every context where the site says so", () => {
    const numbers = (alias: boolean, keys: string) =>
      search(peopleOf(world.subscribers, "default", "last", alias), keys).map((one) => one.address.mailbox);
    expect(numbers(true, "2677")).toEqual(["1001"]);
    expect(numbers(false, "2677")).toEqual([]);
    world.searchesContexts = true;
    expect(numbers(false, "76484")).toEqual(["1002", "4001", "1003"]);
  });

  it("are found by what follows the first name, and by the last word", () => {
    world.subscriber("1005", { fullName: "Jan van Dyck" });
    const people = peopleOf(world.subscribers, "default", "last", false);
    for (const keys of ["826", "3925"]) expect(search(people, keys)).toHaveLength(1);
  });
});

describe("directory", () => {
  it("finds one after the other, and dials the one that was chosen", async () => {
    const { heard, phone, missed } = await directory("", [
      ["dir-welcome dir-pls-enter 3 dir-last dir-usingkeypad", "764"],
      ["Bob Smith dir-instr", "*"],
      ["Zoë Smithson dir-instr", "1"],
    ]);
    expect(missed).toEqual([]);
    expect(heard).not.toContain("vm-goodbye");
    expect(phone.left).toEqual({ to: { context: "phones", extension: "1003" } });
    expect(phone.variables.get("DIRECTORY_RESULT")).toBe("SELECTED");
  });

  it("says the extension too, and the recorded name instead of a spelled one", async () => {
    world.greeting("name", "in their own voice");
    const { missed } = await directory("e", [
      ["dir-pls-enter", "764"],
      ["(file in their own voice) vm-extension 1-0-0-2 dir-instr", { hangsUp: true }],
    ]);
    expect(missed).toEqual([]);
  });

  it("only tells whom the caller chose, with option s", async () => {
    const { phone } = await directory("sb(2)", [
      ["dir-pls-enter 2 dir-firstlast", "26"],
      ["Bob Smith", "*"],
      ["Ann Example", "1"],
    ]);
    expect(phone.variables.get("DIRECTORY_EXTEN")).toBe("1001");
    expect(phone.left).toEqual({});
  });

  it("offers several at once with option m", async () => {
    for (let n = 0; n < 9; n++) world.subscriber(`20${n}0`, { fullName: `P${n} Yates` });
    const { missed, phone } = await directory("ms", [
      ["dir-pls-enter", "928"],
      ["dir-multi1 8 dir-multi2 P7 Yates … dir-multi9", "9"],
      ["dir-multi1 1 dir-multi2 P8 Yates …", "2"],
      ["vm-sorry dir-multi1 1", "1"],
    ]);
    expect(missed).toEqual([]);
    expect(phone.variables.get("DIRECTORY_EXTEN")).toBe("2080");
  });

  it("says that nobody is found, or nobody more, and asks again", async () => {
    const { missed } = await directory("f", [
      ["dir-pls-enter", "555"],
      ["dir-nomatch dir-welcome dir-pls-enter", "26#"],
      ["Bob Smith", "*"],
      ["Ann Example", "*"],
      ["dir-nomore dir-welcome dir-pls-enter", "#"],
      ["dir-nomatch", { hangsUp: true }],
    ]);
    expect(missed).toEqual([]);
  });

  it.each([
    ["OPERATOR", "0", "o"],
    ["ASSISTANT", "*", "a"],
  ])("leaves to the %s on %s", async (result, key, extension) => {
    const { phone } = await directory("", [["dir-pls-enter", key]]);
    expect(phone.left).toEqual({ to: { context: "phones", extension } });
    expect(phone.variables.get("DIRECTORY_RESULT")).toBe(result);
  });

  it.each([
    ["TIMEOUT", []],
    ["TIMEOUT", [["dir-pls-enter", "764"]]],
    [
      "USEREXIT",
      [
        ["dir-pls-enter", "764"],
        ["dir-instr", "#"],
      ],
    ],
    [
      // Ann has no extension in the dialplan.
      "FAILED",
      [
        ["dir-pls-enter", "392"],
        ["dir-instr", "1"],
      ],
    ],
  ] as [string, Line[]][])("ends with %s", async (result, lines) => {
    const { phone } = await directory("", lines);
    expect(phone.variables.get("DIRECTORY_RESULT")).toBe(result);
    expect(phone.left).toEqual({});
  });

  it("welcomes with the site's own sound", async () => {
    world.subscribers.directoryIntro = (context) => `custom/welcome-${context}`;
    const { heard } = await directory("", []);
    expect(heard[0]).toBe("(sound custom/welcome-default) dir-pls-enter 3 dir-last dir-usingkeypad");
  });

  it("goes on asking whoever does not choose, and then gives up", async () => {
    const { heard, phone } = await directory("", [["dir-pls-enter", "764"]]);
    expect(heard.filter((line) => line.endsWith("Bob Smith dir-instr"))).toHaveLength(3);
    expect(heard.at(-2)).toMatch(/^dir-welcome/);
    expect(phone.variables.get("DIRECTORY_RESULT")).toBe("TIMEOUT");
  });

  it("does not answer with option n, and waits with p", async () => {
    const { phone, heard } = await directory("np(9000)", []);
    expect(phone.answered).toBe(false);
    expect(heard[0]).toMatch(/^… dir-welcome/);
  });
});
