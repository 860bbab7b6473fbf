import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.ts";
import { menusByClass } from "../../src/menus/classes.ts";
import { menuGuide } from "../../src/menus/guide.ts";
import { loadPlugins } from "../../src/menus/plugins.ts";
import { createSubscribers } from "../../src/subscribers.ts";
import type { Line } from "./phone.ts";
import { World } from "./world.ts";

/** The files in examples/ are configurations that somebody starts from: each is loaded as it is, and dialled. */

const OWN = ["1001", "s"];

async function load(file: string) {
  const config = readConfig(`examples/${file}`, { ARI_PASSWORD: "secret" });
  const menusOf = menusByClass(config, await loadPlugins(config.plugins, config.folder));
  return { menusOf, subscribers: createSubscribers(config) };
}

/** A world in which 1001 is that mailbox of the example. */
async function worldOf(file: string, mailbox: string, context = "default"): Promise<World> {
  const { menusOf, subscribers } = await load(file);
  const subscriber = subscribers.find({ mailbox, context });
  if (!subscriber) throw new Error(`${file} has no ${mailbox}@${context}`);
  const world = new World();
  world.subscriber("1001", subscriber);
  world.menusOf = menusOf;
  world.settings = world.everything;
  return world;
}

it.each(readdirSync("examples").filter((name) => name.endsWith(".yaml")))(
  "%s can be loaded",
  async (file) => {
    const { menusOf } = await load(file);
    expect(menuGuide(menusOf())).toContain("Main menu");
  },
);

describe("the plug-in of plug-in.yaml", () => {
  const TIDY: Line[] = [
    ["vm-onefor", "3"],
    ["vm-press 7 (sound custom/to-tidy) vm-starmain", "7"],
    ["vm-press 1 (sound custom/to-delete-all) vm-star-cancel", "1"],
  ];

  it("deletes a whole folder, which is still in the trash", async () => {
    const world = await worldOf("plug-in.yaml", "1001");
    for (let n = 0; n < 25; n++) await world.message({ id: `m${n}` });
    await world.message({ id: "old", heard: true });
    const { missed, heard } = await world.retrieve(OWN, [...TIDY, ["vm-deleted vm-onefor", "#"]]);
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("vm-goodbye");
    const messages = Object.entries(await world.messages());
    expect(messages.filter(([, where]) => where === "Trash new")).toHaveLength(25);
    expect(Object.fromEntries(messages)).toMatchObject({ old: "INBOX heard" });
  });

  it("is not offered where there is nothing to delete, or nothing may be", async () => {
    const world = await worldOf("plug-in.yaml", "1001");
    const empty = await world.retrieve(OWN, [["vm-opts", "37"]]);
    expect(empty.heard.join(" ")).not.toContain("custom/to-tidy");
    expect(empty.heard).toContain("vm-sorry vm-press 6 voxpost/to-trash vm-starmain");
    await world.message({ id: "m1" });
    const readOnly = await world.retrieve(["1001", "sr"], [["vm-onefor", "37"]]);
    expect(readOnly.heard.join(" ")).not.toContain("custom/to-tidy");
    expect(await world.messages()).toEqual({ m1: "INBOX new" });
  });
});

describe("old-keys.yaml", () => {
  it("leaves the shipped keys to everybody else", async () => {
    const { menusOf, subscribers } = await load("old-keys.yaml");
    const plain = subscribers.find({ mailbox: "1001", context: "default" });
    expect(menusOf(plain).retrieval.menus.message?.keys["7"]).toEqual(["delete", "undelete"]);
    const octel = subscribers.find({ mailbox: "1100", context: "default" });
    expect(menusOf(octel).retrieval.menus.message?.keys["8"]).toEqual(["reply"]);
  });

  it("octel: 1 listens, 5 tells the envelope, 7 erases, 9 saves, # is next", async () => {
    const world = await worldOf("old-keys.yaml", "2001", "north");
    for (const id of ["m1", "m2", "m3"]) await world.message({ id, number: "5551234" });
    const main = "vm-onefor vm-INBOX vm-messages vm-press 2 voxpost/to-send vm-press 3 voxpost/to-folders";
    const after = "vm-press 9 vm-for vm-Old vm-messages … vm-press 8 voxpost/to-reply";
    const { heard, missed } = await world.retrieve(OWN, [
      [`${main} vm-press 4 voxpost/to-options vm-press * voxpost/to-exit`, "1"],
      ["(message m1)", "3120#"],
      ["(message m2)", ""],
      [`vm-delete ${after} vm-press # voxpost/to-next vm-press 0 voxpost/to-help`, "5"],
      ["vm-from-phonenumber 5-5-5-1-2-3-4 vm-delete", "7"],
      ["vm-deleted vm-undelete", "#"],
      ["(message m3)", "9"],
      ["vm-message 3 vm-savedto vm-Old vm-messages", "*"],
      [main, "*"],
    ]);
    expect(missed).toEqual([]);
    expect(heard).toEqual(expect.arrayContaining(["(forward)", "(rewind)", "(pause)", "(restart)"]));
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(await world.messages()).toEqual({ m1: "INBOX heard", m2: "Trash heard", m3: "INBOX heard" });
  });

  it("octel: callers hear their message with 1, speak again with *, and are done with #", async () => {
    const world = await worldOf("old-keys.yaml", "2001", "north");
    const review = "vm-press # voxpost/to-accept vm-press 1 voxpost/to-review vm-press * voxpost/to-rerecord";
    const { missed, heard } = await world.deposit(
      ["1001", "u"],
      [
        ["beep", { speaks: 4, presses: "#" }],
        [review, "1"],
        ["(recording)", "*"],
        ["beep", { speaks: 4, presses: "#" }],
        [review, "#"],
      ],
    );
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("vm-msgsaved");
  });

  it("audix: 2 gets messages, * and 3 deletes, 1 and 1 responds, * and 7 is the main menu, * and 9 leaves", async () => {
    const world = await worldOf("old-keys.yaml", "3001", "south");
    for (const id of ["m1", "m2"]) await world.message({ id, number: "1002" });
    const { missed, heard } = await world.retrieve(OWN, [
      ["vm-press 1 voxpost/to-send vm-press 2 vm-for vm-INBOX vm-messages", "2"],
      ["(message m1)", "*"],
      ["vm-press 3 voxpost/to-delete vm-press 7 voxpost/to-top vm-press 9 voxpost/to-exit", "3"],
      ["vm-deleted vm-press 0 voxpost/to-repeat", "#"],
      ["(message m2)", "1"],
      ["vm-toreply vm-press 2 voxpost/to-forward vm-star-cancel", "1"],
      ["beep", { speaks: 4, presses: "#" }],
      ["vm-press 0 voxpost/to-repeat", "*"],
      ["voxpost/to-top", "7"],
      ["vm-press 2 vm-for vm-INBOX vm-messages", "*"],
      ["voxpost/to-exit", "9"],
    ]);
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(world.deposits).toHaveLength(1);
    expect(await world.messages()).toEqual({ m1: "Trash heard", m2: "INBOX heard" });
  });
});
