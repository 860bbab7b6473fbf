import { describe, expect, it } from "vitest";
import { type World, worldForEachTest } from "./world.ts";

let world: World;
worldForEachTest((fresh) => {
  world = fresh;
});

const OWN = ["1001", "s"];

describe("messages", () => {
  it("plays first, next, and says when there are no more", async () => {
    for (const id of ["m1", "m2", "m3"]) await world.message({ id });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-advopts", "6"],
      ["vm-prev", "6"],
      ["vm-prev", "6"],
      ["vm-nomore", "#"],
    ]);
    expect(heard).toEqual([
      expect.stringContaining("vm-youhave 3 vm-INBOX vm-messages vm-onefor"),
      "> 1",
      "vm-first vm-message vm-received 2026-11-20",
      "(message m1)",
      "vm-advopts vm-repeat vm-next vm-delete vm-toforward vm-savemessage vm-helpexit",
      "> 6",
      "vm-message 2 vm-received 2026-11-20",
      "(message m2)",
      "vm-prev vm-advopts vm-repeat vm-next vm-delete vm-toforward vm-savemessage vm-helpexit",
      "> 6",
      "vm-last vm-message vm-received 2026-11-20",
      "(message m3)",
      "vm-prev vm-advopts vm-repeat vm-delete vm-toforward vm-savemessage vm-helpexit",
      "> 6",
      "vm-nomore vm-prev vm-advopts vm-repeat vm-delete vm-toforward vm-savemessage vm-helpexit",
      "> #",
      "vm-goodbye",
    ]);
    expect(await world.messages()).toEqual({ m1: "INBOX heard", m2: "INBOX heard", m3: "INBOX heard" });
    expect(world.lamps).toEqual(["1001@default"]);
  });

  it("says who, how long, which category, and urgent", async () => {
    world.subscriber("1001", { sayCaller: true });
    await world.message({ id: "m1", urgent: true, duration: 185, number: "+49 (30) 1", category: "vip" });
    await world.message({ id: "m2", duration: 119 });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message m1)", "#"],
    ]);
    expect(heard[2]).toBe(
      "vm-first vm-Urgent vm-message (sound vip) vm-received 2026-11-20 vm-from-phonenumber +-4-9-3-0-1 vm-duration 3 vm-minutes",
    );
    const second = await world.retrieve(["1001", "sa"], [["vm-unknown-caller", "#"]]);
    expect(second.heard[0]).toBe("vm-first vm-message vm-received 2026-11-20 vm-unknown-caller");
  });

  it("skips the preamble with 1, and obeys any other key in it", async () => {
    for (const id of ["m1", "m2"]) await world.message({ id });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-first", "1"],
      ["(message m1)", "6"],
      ["vm-last", "7"],
      ["vm-deleted", "#"],
    ]);
    expect(heard.join(" ")).not.toContain("(message m2)");
    expect(await world.messages()).toEqual({ m1: "INBOX heard", m2: "Trash new" });
  });

  it("controls the playback, and stops it with the other keys, which act", async () => {
    await world.message({ id: "m1" });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message m1)", "#*002"],
      ["vm-delete", "5"],
      ["(message m1)", "7"],
      ["vm-deleted vm-advopts vm-repeat vm-undelete", "#"],
    ]);
    expect(heard).toEqual(
      expect.arrayContaining(["(forward)", "(rewind)", "(pause)", "(pause)", "(restart)", "vm-goodbye"]),
    );
  });

  it("plays a comment before the message it came with", async () => {
    await world.message({ id: "m1", comment: "(comment)" });
    const { heard } = await world.retrieve(OWN, [["vm-onefor", "1"]]);
    expect(heard.indexOf("(comment)")).toBe(heard.indexOf("(message m1)") - 1);
  });

  it("deletes when the folder is closed, and gets back before that", async () => {
    for (const id of ["m1", "m2"]) await world.message({ id });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-delete", "7"],
      ["vm-deleted", "7"],
      ["vm-undeleted", "6"],
      ["(message m2)", "7"],
      ["vm-deleted", { hangsUp: true }],
    ]);
    expect(missed).toEqual([]);
    expect(await world.messages()).toEqual({ m1: "INBOX heard", m2: "Trash heard" });
  });

  it("does not offer delete with option r", async () => {
    await world.message({ id: "m1" });
    const { heard } = await world.retrieve(
      ["1001", "sr"],
      [
        ["vm-onefor", "1"],
        ["vm-savemessage", "7"],
        ["vm-sorry", "#"],
      ],
    );
    expect(heard.join(" ")).not.toContain("vm-delete");
    expect(await world.messages()).toEqual({ m1: "INBOX heard" });
  });

  it("goes on by itself after delete and save with nextaftercmd", async () => {
    world.subscriber("1001", { nextAfterCommand: true });
    for (const id of ["m1", "m2"]) await world.message({ id });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-delete", "7"],
      ["(message m2)", "9"],
      ["vm-savefolder", "2"],
      ["vm-nomore", "#"],
    ]);
    expect(heard).toContain("vm-deleted vm-last vm-message vm-received 2026-11-20");
    expect(heard).toContainEqual(
      expect.stringContaining("vm-message 2 vm-savedto vm-Work vm-messages vm-nomore"),
    );
    expect(await world.messages()).toEqual({ m1: "Trash heard", m2: "Work heard" });
  });

  it("leads from urgent to new messages and back to the last urgent one", async () => {
    for (const id of ["u1", "u2"]) await world.message({ id, urgent: true });
    await world.message({ id: "n1" });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor vm-Urgent", "1"],
      ["vm-next", "6"],
      ["vm-next", "6"],
      ["(message n1)", "4"],
      ["(message u2)", "#"],
    ]);
    const played = heard.filter((line) => line.startsWith("(message"));
    expect(played).toEqual(["(message u1)", "(message u2)", "(message n1)", "(message u2)"]);
  });

  it("deletes the last urgent one and goes on with the first new one", async () => {
    world.subscriber("1001", { nextAfterCommand: true });
    await world.message({ id: "u1", urgent: true });
    await world.message({ id: "n1" });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor vm-Urgent", "1"],
      ["vm-delete", "7"],
      ["(message n1)", "#"],
    ]);
    expect(heard).toContain("(message n1)");
    expect(await world.messages()).toEqual({ u1: "Trash heard", n1: "INBOX heard" });
  });

  it("wraps round with messagewrap", async () => {
    world.subscriber("1001", { messageWrap: true });
    for (const id of ["m1", "m2"]) await world.message({ id });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-prev", "4"],
      ["vm-prev", "6"],
      ["vm-prev", "#"],
    ]);
    expect(heard.filter((line) => line.startsWith("(message"))).toEqual([
      "(message m1)",
      "(message m2)",
      "(message m1)",
    ]);
  });

  it("finds a message that arrived during the call", async () => {
    await world.message({ id: "m1" });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-repeat", "6"],
      ["vm-nomore", { meanwhile: () => world.message({ id: "m2" }) }],
      ["(waits)", "6"],
      ["vm-last vm-message", ""],
      ["(message m2)", "#"],
    ]);
    expect(missed).toEqual([]);
  });

  it("walks through more messages than one page holds", async () => {
    for (let n = 0; n < 45; n++) await world.message({ id: `m${n}` });
    const { heard } = await world.retrieve(OWN, [["vm-onefor", `1${"6".repeat(45)}#`]]);
    expect(heard.filter((line) => line.startsWith("(message"))).toEqual([]);
    expect(heard).toContain("vm-goodbye");
    const all = await world.retrieve(
      ["1001", "sa"],
      Array.from({ length: 44 }, () => ["vm-next", "6"] as const),
    );
    expect(all.heard.filter((line) => line.startsWith("(message"))).toHaveLength(45);
  });

  it("says that a message cannot be played, goes on, and keeps it new", async () => {
    await world.message({ id: "empty", says: "" });
    await world.message({ id: "broken", says: "(cannot be decoded)" });
    await world.message({ id: "m3" });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["voxpost/unplayable", "6"],
      ["voxpost/unplayable", "6"],
      ["(message m3)", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(await world.messages()).toEqual({
      empty: "INBOX new",
      broken: "INBOX new",
      m3: "INBOX heard",
    });
  });
});

describe("advanced options", () => {
  it("tells when a message came and from whom", async () => {
    await world.message({ id: "m1", number: "5551234" });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["vm-advopts", "3"],
      ["vm-tohearenv vm-starmain", "3"],
      ["vm-from-phonenumber 5-5-5-1-2-3-4 vm-advopts", "3"],
      ["vm-tohearenv", "4"],
      ["vm-sorry", "*"],
      ["vm-repeat", "#"],
    ]);
    expect(heard.at(-1)).toBe("vm-goodbye");
  });
});

describe("when the store is away", () => {
  it("says so, and the rest of the menu works", async () => {
    world.away = true;
    const { heard, missed } = await world.retrieve(OWN, [
      ["voxpost/store-away", "1"],
      ["voxpost/store-away", "2"],
      ["vm-changeto", "#"],
      ["vm-helpexit", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("vm-goodbye");
  });

  it("says so to somebody who logs in, and lets them try again", async () => {
    world.away = true;
    const { heard, phone } = await world.retrieve(
      ["1001"],
      [
        ["vm-password", "1234#"],
        ["voxpost/store-away vm-password", { hangsUp: true }],
      ],
    );
    expect(heard.at(-1)).toBe("> hangs up");
    expect(phone.left).toBeUndefined();
  });
});
