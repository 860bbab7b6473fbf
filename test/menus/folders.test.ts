import { beforeEach, describe, expect, it } from "vitest";
import { type World, worldForEachTest } from "./world.ts";

let world: World;
worldForEachTest((fresh) => {
  world = fresh;
});

const OWN = ["1001", "s"];
const HANGS_UP = { hangsUp: true };

describe("folders", () => {
  it("changes the folder: announces it, closes the old one and opens the new one", async () => {
    await world.message({ id: "m1" });
    await world.message({ id: "w1", folder: "Work" });
    const { heard, missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-delete", "7"],
      ["vm-deleted", "2"],
      ["vm-changeto", "2"],
      ["vm-Work vm-messages vm-onefor vm-Work vm-messages", "1"],
      ["(message w1)", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(heard).toContain(
      "vm-changeto vm-press 0 vm-for vm-INBOX vm-messages … vm-press 1 vm-for vm-Old vm-messages … vm-press 2 vm-for vm-Work vm-messages … vm-press 3 vm-for vm-Family vm-messages … vm-press 4 vm-for vm-Friends vm-messages … vm-tocancel",
    );
    expect(await world.messages()).toEqual({ m1: "Trash heard", w1: "Work heard" });
  });

  it("has a heard message in Old once the folder was closed", async () => {
    await world.message({ id: "m1" });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-repeat", "2"],
      ["vm-changeto", "1"],
      ["vm-onefor vm-Old", "1"],
      ["(message m1)", "#"],
    ]);
    expect(missed).toEqual([]);
  });

  it("asks again after a key that is no folder", async () => {
    const { missed } = await world.retrieve(OWN, [
      ["vm-youhave", "2"],
      ["vm-changeto", "*"],
      ["vm-changeto", "#"],
      ["vm-opts", "#"],
    ]);
    expect(missed).toEqual([]);
  });

  it("says that a folder is empty", async () => {
    const { heard } = await world.retrieve(OWN, [
      ["vm-youhave", "2"],
      ["vm-changeto", "9"],
      ["vm-Cust5", "1"],
      ["vm-youhave vm-no vm-Cust5 vm-messages", "#"],
    ]);
    expect(heard.at(-1)).toBe("vm-goodbye");
  });

  it("goes back to the message when the change is cancelled or not answered", async () => {
    await world.message({ id: "m1" });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-repeat", "2"],
      ["vm-changeto", "#"],
      ["vm-repeat", "2"],
      ["(waits)", ""],
      ["(waits)", ""],
      ["(waits)", ""],
      ["(waits)", ""],
      ["vm-repeat", "#"],
    ]);
    expect(missed).toEqual([]);
  });

  it.each([
    ["0", "INBOX new", "vm-INBOX"],
    ["1", "INBOX heard", "vm-Old"],
    ["2", "Work heard", "vm-Work"],
    ["9", "Cust5 heard", "vm-Cust5"],
  ])("saves to folder %s", async (key, where, name) => {
    await world.message({ id: "m1" });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-savemessage", "9"],
      ["vm-savefolder", key],
      [`vm-message 1 vm-savedto ${name} vm-messages`, "#"],
    ]);
    expect(missed).toEqual([]);
    expect(await world.messages()).toEqual({ m1: where });
    expect(world.lamps).toEqual(["1001@default"]);
  });
});

describe("a folder that is full", () => {
  it("takes no more: the message stays where it is", async () => {
    world.subscriber("1001", { maxMessages: 2 });
    for (const id of ["w1", "w2"]) await world.message({ id, folder: "Work" });
    await world.message({ id: "m1" });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-savemessage", "9"],
      ["vm-savefolder", "2"],
      ["vm-mailboxfull vm-advopts", "9"],
      ["vm-savefolder", "1"],
      ["vm-message 1 vm-savedto vm-Old", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(await world.messages()).toEqual({ w1: "Work new", w2: "Work new", m1: "INBOX heard" });
  });

  it("is not filled by what is in it already", async () => {
    world.subscriber("1001", { maxMessages: 1 });
    await world.message({ id: "w1", folder: "Work" });
    const { missed } = await world.retrieve(
      ["1001", "sa(2)"],
      [
        ["(message w1)", "9"],
        ["vm-savefolder", "2"],
        ["vm-message 1 vm-savedto vm-Work", "#"],
      ],
    );
    expect(missed).toEqual([]);
  });
});

describe("autoplay", () => {
  it.each([
    ["a", "(message n1)"],
    ["a(1)", "(message o1)"],
    ["a(Work)", "(message w1)"],
    ["a(nonsense)", "(message n1)"],
  ])("option %s plays %s at once", async (option, first) => {
    await world.message({ id: "n1" });
    await world.message({ id: "o1", heard: true });
    await world.message({ id: "w1", folder: "Work" });
    const { heard } = await world.retrieve(["1001", `s${option}`], []);
    expect(heard[1]).toBe(first);
  });

  it("says that there is nothing, and goodbye", async () => {
    const { heard } = await world.retrieve(["1001", "sa"], []);
    expect(heard).toEqual(["vm-youhave vm-no vm-INBOX vm-messages", "vm-goodbye"]);
  });
});

describe("the trash", () => {
  beforeEach(async () => {
    await world.message({ id: "t1", folder: "Trash" });
    await world.message({ id: "t2", folder: "Trash" });
    await world.message({ id: "n1" });
  });

  it("is opened from the advanced options, and gives back what was deleted", async () => {
    const { heard, missed } = await world.retrieve(OWN, [
      ["vm-onefor", "3"],
      ["vm-starmain vm-press 6 voxpost/to-trash", "6"],
      ["voxpost/deleted vm-messages vm-onefor voxpost/deleted vm-messages", "1"],
      ["(message t1", "7"],
      ["vm-undeleted", "6"],
      ["(message t2", HANGS_UP],
    ]);
    expect(missed).toEqual([]);
    expect(heard.join(" ")).not.toContain("vm-deleted");
    expect(await world.messages()).toEqual({ t1: "INBOX heard", t2: "Trash new", n1: "INBOX new" });
  });

  it("gives back nothing with option r, and what was got back can be deleted again", async () => {
    const trash = (reaction: string) =>
      [
        ["vm-onefor", "36"],
        ["voxpost/deleted vm-messages", "1"],
        ["(message t1", reaction],
      ] as const;
    await world.retrieve(["1001", "sr"], trash("7"));
    await world.retrieve(OWN, trash("77"));
    expect(await world.messages()).toMatchObject({ t1: "Trash heard" });
    await world.retrieve(OWN, trash("7"));
    expect(await world.messages()).toMatchObject({ t1: "INBOX heard" });
  });

  it("says so when the store is away, and the message stays where it is", async () => {
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "36"],
      ["voxpost/deleted vm-messages", "1"],
      [
        "(message t1",
        {
          presses: "7",
          meanwhile: async () => {
            world.away = true;
          },
        },
      ],
      ["voxpost/store-away", HANGS_UP],
    ]);
    expect(heard.join(" ")).not.toContain("vm-undeleted");
    expect(await world.messages()).toMatchObject({ t1: expect.stringMatching(/^Trash/) });
  });
});
