import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { menusByClass } from "../../src/menus/classes.ts";
import { loadPlugins } from "../../src/menus/plugins.ts";
import { Caller, type Line, Phone } from "./phone.ts";
import { World } from "./world.ts";

const OWN = ["1001", "s"];
/** An action at key 7 of the advanced options, and what is said of it. */
const AT_7 = {
  advanced: { keys: { "7": "greet" }, prompt: ["vm-starmain", { announce: "greet" }] },
};
const GREET = `export const retrieval = {
  actions: { greet: { title: "greet", run: () => (RUN) } },
  words: { greet: { sound: "custom/greet" } },
};`;

/** Files as somebody would write them, by name. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "voxpost-plugins-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function configured(
  files: Readonly<Record<string, string>>,
  menus: Record<string, unknown> = AT_7,
  classes: Record<string, Record<string, unknown>> = {},
) {
  const plugins = await loadPlugins(Object.keys(files), folderOf(files));
  return menusByClass({ menus, menu_classes: classes }, plugins);
}

const withRun = (run: string) => ({ "own.mjs": GREET.replace("RUN", run) });

describe("a plug-in file", () => {
  it("adds actions, menus, sentences and words to a dialogue", async () => {
    const menusOf = await configured(
      {
        "own.mjs": `export const retrieval = {
          actions: { greet: { title: "greet", run: ({ subscriber }) => ({ next: "up", say: [{ digits: subscriber.address.mailbox }] }) } },
          menus: { hall: { title: "The hall", prompt: [{ sentence: "hello" }, { announce: "greet" }, "vm-star-cancel"], keys: { "1": "greet", "*": "cancel" } } },
          sentences: { hello: async () => [{ sound: "custom/hello" }] },
          words: { hall: { sound: "custom/to-hall" }, greet: "voxpost/to-help" },
        };
        export const review = { actions: { wish: { title: "make a wish", run: () => ({ next: "repeat" }) } } };`,
      },
      { advanced: { keys: { "7": "hall" }, prompt: [{ announce: "hall" }, "vm-starmain"] } },
    );
    const world = new World();
    world.menusOf = menusOf;
    const { missed } = await world.retrieve(OWN, [
      ["vm-opts", "3"],
      ["vm-press 7 (sound custom/to-hall) vm-starmain", "7"],
      ["(sound custom/hello) vm-press 1 voxpost/to-help vm-star-cancel", "1"],
      ["1-0-0-1 vm-press 7", "*"],
      ["vm-opts", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(menusOf().review.actions.wish?.title).toBe("make a wish");
  });

  it.each(["own.ts", "own.mts", "own.js", "own.mjs"])("may be %s, wherever it lies", async (name) => {
    const typed = name.endsWith("ts") ? GREET.replace("() =>", "(): unknown =>") : GREET;
    const menusOf = await configured({ [name]: typed.replace("RUN", '{ next: "up" }') });
    expect(menusOf().retrieval.actions.greet?.title).toBe("greet");
  });

  it.each([
    ["there is no such file", {}, "plugins: there is no file"],
    ["it is no program", { "own.mjs": "export const =" }, "own.mjs cannot be loaded"],
    ["it throws", { "own.mjs": 'throw new Error("no licence")' }, "own.mjs cannot be loaded: no licence"],
    ["it exports nothing", { "own.mjs": "" }, "own.mjs: must export one of retrieval, login"],
    [
      "it exports something else",
      { "own.mjs": "export const greet = 1" },
      'own.mjs: Unrecognized key: "greet"',
    ],
    [
      "an action is no action",
      { "own.mjs": 'export const retrieval = { actions: { greet: { title: "greet" } } }' },
      "own.mjs: retrieval: actions: greet: run: must be a function",
    ],
    [
      "a menu is no menu",
      {
        "own.mjs":
          'export const retrieval = { menus: { hall: { title: "Hall", prompt: [], keys: { "12": "exit" } } } }',
      },
      "own.mjs: retrieval: menus: hall: keys: Unrecognized key",
    ],
  ])("is refused when %s", async (_why, files: Record<string, string>, fault) => {
    const names = Object.keys(files).length > 0 ? Object.keys(files) : ["own.mjs"];
    await expect(loadPlugins(names, folderOf(files))).rejects.toThrow(fault);
    await expect(loadPlugins(names, folderOf(files))).rejects.toMatchObject({ code: "MENU_INVALID" });
  });

  it.each([
    ["a name of ours", GREET.replaceAll("greet", "delete"), 'action "delete": this name is taken'],
    [
      "a name of one of our menus",
      GREET.replaceAll("greet", "message"),
      'action "message": this name is taken',
    ],
    ["a name with a space", GREET.replaceAll("greet:", '"a b":'), 'action "a b": a name has'],
    ["words for somebody else's", GREET.replace("words: { greet", "words: { other"), 'words "other"'],
    ["words that there are not", GREET.replace('{ sound: "custom/greet" }', '"vm-x"'), 'no prompt "vm-x"'],
    [
      "a prompt that there is not",
      'export const retrieval = { menus: { hall: { title: "Hall", prompt: ["vm-x"], keys: { "*": "cancel" } } } }',
      'menu hall: there is no prompt "vm-x"',
    ],
    [
      "a menu to which no key leads",
      'export const retrieval = { menus: { hall: { title: "Hall", prompt: [], keys: { "*": "cancel" } } } }',
      "own.mjs: menu hall: no key leads to it",
    ],
    [
      "a menu that cannot be left",
      'export const retrieval = { menus: { hall: { title: "Hall", prompt: [], keys: { "1": "repeat" } } } }',
      "menu hall: no key leads out of it",
    ],
  ])("is refused with %s", async (_what, text, fault) => {
    await expect(configured({ "own.mjs": text }, {})).rejects.toThrow(fault);
  });

  it("is refused when another one has the name already", async () => {
    const text = GREET.replace("RUN", '{ next: "up" }');
    await expect(configured({ "a.mjs": text, "b.mjs": text })).rejects.toThrow(
      'b.mjs: retrieval: action "greet": this name is taken',
    );
  });

  it("may have a menu that only one class leads to", async () => {
    const hall =
      'export const retrieval = { menus: { hall: { title: "Hall", prompt: [], keys: { "1": "repeat", "*": "cancel" } } }, words: { hall: "voxpost/to-help" } }';
    const menusOf = await configured(
      { "own.mjs": hall },
      {},
      { guests: { advanced: { keys: { "7": "hall" } } } },
    );
    expect(menusOf().retrieval.menus.advanced?.keys["7"]).toBeUndefined();
    expect(menusOf({ menuClass: "guests" }).retrieval.menus.advanced?.keys["7"]).toEqual(["hall"]);
  });
});

describe("an action of a plug-in", () => {
  const KEYS: Line[] = [
    ["vm-opts", "3"],
    ["(sound custom/greet)", "7"],
  ];

  it.each([
    ["nothing", "undefined"],
    ["what is no outcome", '{ next: "everything" }'],
    ["a menu that there is not", '{ next: "menu", menu: "nowhere" }'],
    ["an error", '(() => { throw new Error("oops") })()'],
    ["an error later", 'Promise.reject("oops")'],
  ])("that answers %s costs a word, not the call", async (_what, run) => {
    const world = new World();
    world.menusOf = await configured(withRun(run));
    const { missed, heard, phone } = await world.retrieve(OWN, [
      ...KEYS,
      ["voxpost/problem vm-starmain vm-press 7", "*"],
      ["vm-opts", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(phone.variables.get("VMSTATUS")).toBe("SUCCESS");
  });

  it("that never answers is left at the hang-up, and what was marked is carried out", async () => {
    const world = new World();
    await world.message({ id: "m1" });
    world.menusOf = await configured(withRun("new Promise(() => {})"));
    const caller = new Caller([
      ["vm-onefor", "1"],
      ["(message m1)", "7"],
      ["vm-deleted", "3"],
      ["(sound custom/greet)", "7"],
    ]);
    const phone = new Phone(caller.react);
    const served = world.serve(phone, OWN);
    await vi.waitFor(
      () => expect(phone.heard.slice(-2)).toEqual([expect.stringContaining("custom/greet"), "> 7"]),
      10_000,
    );
    phone.hangsUp();
    await served;
    expect(await world.messages()).toEqual({ m1: "Trash heard" });
  });
});
