import { describe, expect, it } from "vitest";
import { VoxpostError } from "../../src/errors.ts";
import { announcementsOf, speak } from "../../src/menus/announce.ts";
import { findFaults } from "../../src/menus/check.ts";
import { FAULT_PROMPTS } from "../../src/menus/faults.ts";
import { menuGraph, menuGuide } from "../../src/menus/guide.ts";
import { type Action, type Menu, type MenuSet, type Session, table } from "../../src/menus/menu.ts";
import { configureMenus, SHIPPED, STARTS } from "../../src/menus/overrides.ts";
import { runMenus } from "../../src/menus/run.ts";
import { Caller, type Line, Phone } from "./phone.ts";

interface Test extends Session {
  readonly done: string[];
  can: boolean;
}

const action = (name: string, more: Partial<Action<Test>> = {}): Action<Test> => ({
  name,
  title: name,
  run: (session) => {
    session.done.push(name);
    return { next: "repeat", say: [`did-${name}`] };
  },
  ...more,
});

const ROOT: Menu = {
  name: "root",
  title: "Root",
  prompt: ["both", "leave"],
  keys: { "1": "one", "2": "two", "3": "sub", "#": "exit" },
};

function set(root: Partial<Menu> = {}, ...actions: Action<Test>[]): MenuSet<Test> {
  return {
    menus: {
      root: { ...ROOT, ...root },
      sub: { name: "sub", title: "Sub", prompt: ["in-sub"], keys: { "1": "one", "*": "up" }, tries: 2 },
    },
    actions: table<Test>(
      action("one", { available: (session) => session.can }),
      action("two"),
      action("up", { leaves: true, run: () => ({ next: "up" }) }),
      action("exit", { leaves: true, run: () => ({ next: "exit" }) }),
      ...actions,
    ),
    sentences: {},
    announcements: announcementsOf({
      both: { keys: { "1": "one", "2": "two" } },
      "only-two": { keys: { "2": "two" } },
      leave: { keys: { "#": "exit" } },
      ...Object.fromEntries(
        ["in-sub", "voxpost/to-one", "voxpost/to-two", "vm-sorry", "vm-press", "vm-for"].map((key) => [
          key,
          {},
        ]),
      ),
      ...Object.fromEntries(FAULT_PROMPTS.map((key) => [key, {}])),
    }),
  };
}

async function run(menus: MenuSet<Test>, lines: readonly Line[], can = true) {
  const caller = new Caller(lines);
  const phone = new Phone(caller.react);
  const session: Test = { call: phone, done: [], can };
  const end = await runMenus(menus, "root", session);
  return { end, heard: phone.heard, done: session.done, missed: caller.waitingFor };
}

describe("what is announced", () => {
  const said = (menus: MenuSet<Test>, can: boolean) => {
    const session: Test = { call: new Phone(() => undefined), done: [], can };
    const root = menus.menus.root ?? ROOT;
    return speak(menus, root, session, root.prompt);
  };

  it("is the stock prompt while all of it is true", async () => {
    expect(await said(set(), true)).toEqual(["both", "leave"]);
  });

  it("is a stock prompt for a part of it", async () => {
    expect(await said(set(), false)).toEqual(["only-two", "leave"]);
  });

  it("is composed when a site moved a key", async () => {
    expect(await said(set({ keys: { "5": "one", "2": "two", "*": "exit" } }), true)).toEqual([
      ...["vm-press", { digits: "5" }, "voxpost/to-one", "only-two"],
      ...["vm-press", { digits: "*" }, "vm-for"],
    ]);
  });
});

describe("the machine", () => {
  it("takes a key before, during and after the prompt", async () => {
    for (const lines of [
      [
        ["both", "2"],
        ["did-two", "#"],
      ],
      [
        ["(waits)", "2"],
        ["did-two", "#"],
      ],
      [["both", "2#"]],
    ] as Line[][]) {
      expect(await run(set(), lines)).toMatchObject({ end: { how: "exit" }, done: ["two"] });
    }
  });

  it("says that a key is wrong and asks again; a key that is not available is wrong too", async () => {
    const { heard, done } = await run(set(), [
      ["both", "9"],
      ["vm-sorry both leave", "1"],
      ["did-one", "#"],
    ]);
    expect(heard).toContain("vm-sorry both leave");
    expect(done).toEqual(["one"]);
    expect(
      (
        await run(
          set(),
          [
            ["only-two", "1"],
            ["vm-sorry", "#"],
          ],
          false,
        )
      ).done,
    ).toEqual([]);
  });

  it("ends a menu after its rounds without a key, a submenu upwards", async () => {
    const { end, heard } = await run(set(), [["both", "3"]]);
    expect(end).toEqual({ how: "timeout" });
    expect(heard.filter((line) => line === "in-sub")).toHaveLength(2);
    expect(heard.filter((line) => line === "both leave")).toHaveLength(5);
  });

  it("does not open a submenu in which nothing can be done", async () => {
    const { heard } = await run(
      set(),
      [
        ["only-two", "3"],
        ["vm-sorry", "#"],
      ],
      false,
    );
    expect(heard).not.toContain("in-sub");
  });

  it.each([
    [new VoxpostError("STORE_UNREACHABLE", "away"), "voxpost/store-away"],
    [new VoxpostError("STORE_FULL", "full"), "vm-mailboxfull"],
    [new VoxpostError("INTERNAL", "oops"), "voxpost/problem"],
    [new TypeError("undefined is not a function"), "voxpost/problem"],
  ])("tells %s in words, and goes on", async (error, words) => {
    const failing = set({}, action("two", { run: () => Promise.reject(error) }));
    const { end, heard, missed } = await run(failing, [
      ["both", "2"],
      [words, "1"],
      ["did-one", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(end).toEqual({ how: "exit" });
    expect(heard).toContain(`${words} both leave`);
  });

  it("ends when nothing works any more", async () => {
    const failing = set({}, action("two", { run: () => Promise.reject(new Error("again")) }));
    const { end } = await run(
      failing,
      Array.from({ length: 20 }, (): Line => ["both", "2"]),
    );
    expect(end).toEqual({ how: "failed" });
  });

  it("listens even if a prompt cannot be said, and ends", async () => {
    const mute: MenuSet<Test> = {
      ...set({ prompt: [{ sentence: "broken" }] }),
      sentences: { broken: () => Promise.reject(new Error("no")) },
    };
    expect(
      (
        await run(mute, [
          ["(waits)", "2"],
          ["(waits)", "#"],
        ])
      ).done,
    ).toEqual(["two"]);
    expect((await run(mute, [])).end.how).toMatch(/failed|timeout/);
  });

  it("ends as gone, whatever waits, when the caller hangs up", async () => {
    for (const lines of [[["both", { hangsUp: true }]], [["(waits)", { hangsUp: true }]]] as Line[][]) {
      expect((await run(set(), lines)).end).toEqual({ how: "gone" });
    }
  });
});

describe("the check at start", () => {
  it("is content with the shipped menus", () => {
    expect(findFaults(SHIPPED.retrieval, STARTS.retrieval)).toEqual([]);
    expect(findFaults(SHIPPED.login, STARTS.login)).toEqual([]);
    expect(findFaults(set(), ["root"])).toEqual([]);
  });

  it.each<[string, Partial<Menu>, string]>([
    [
      "an unknown action",
      { keys: { ...ROOT.keys, "4": "nonsense" } },
      '"nonsense" is neither action nor menu',
    ],
    ["an unknown prompt", { prompt: ["nonsense"] }, 'there is no prompt "nonsense"'],
    ["an unknown sentence", { prompt: [{ sentence: "nonsense" }] }, 'there is no sentence "nonsense"'],
    ["a key that is used twice", { keys: { ...ROOT.keys, "2": ["two", "one"] } }, "key 2 is used twice"],
    [
      "a menu that cannot be left",
      { keys: { "1": "one", "2": "two", "3": "sub" }, prompt: ["both"] },
      "no key leads out of it",
    ],
    [
      "a menu that cannot be reached",
      { keys: { "1": "one", "#": "exit" } },
      "menu sub: no key of another menu",
    ],
    [
      "an announcement without a key",
      { keys: { "3": "sub", "#": "exit" } },
      '"both" speaks of one, two, for which no key does anything',
    ],
    [
      "a key without words",
      { keys: { ...ROOT.keys, "#": "two", "*": "exit" } },
      'no words for "exit" at key *',
    ],
  ])("finds %s", (_what, root, fault) => {
    expect(findFaults(set(root), ["root"]).join("\n")).toContain(fault);
  });
});

describe("a site's changes", () => {
  it("move, add and take away keys, and change prompts, waits and tries", () => {
    const { retrieval } = configureMenus({
      message: { keys: { "7": null, "0": ["delete", "undelete"] }, without: ["save"], tries: 5, wait: 9000 },
      advanced: { prompt: ["vm-starmain"] },
    });
    expect(retrieval.menus.message).toMatchObject({
      tries: 5,
      wait: 9000,
      keys: { "0": ["delete", "undelete"] },
    });
    expect(retrieval.menus.message?.keys["7"]).toBeUndefined();
    expect(retrieval.menus.message?.keys["9"]).toBeUndefined();
    expect(retrieval.menus.advanced?.prompt).toEqual(["vm-starmain"]);
    expect(retrieval.menus.main).toEqual(SHIPPED.retrieval.menus.main);
  });

  it("are refused with all faults at once", () => {
    const wrong = { mian: {}, main: { keys: { x: "first" }, tries: 0 }, folders: { keys: { "#": null } } };
    for (const fault of [
      "menus.mian: there",
      "menus.main.keys",
      "menus.main.tries",
      "folders: no key leads out",
    ])
      expect(() => configureMenus(wrong)).toThrow(fault);
  });
});

describe("the lists for people", () => {
  it("name every menu", () => {
    const guide = menuGuide();
    const graph = menuGraph();
    for (const { name, title } of Object.values(SHIPPED.retrieval.menus)) {
      expect(guide).toContain(title);
      expect(graph).toContain(`${name}["${title}"]`);
    }
    expect(guide).toContain("  6  play the next message");
    expect(graph).toContain('main -- "2" --> folders');
  });
});
