import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  expect(world.leftovers(), "no audio of a call is left on the disk").toEqual([]);
  world.remove();
});

const OWN = ["1001", "s"];
const HANGS_UP = { hangsUp: true };

describe("login", () => {
  it("asks for mailbox and PIN, and lets the owner in", async () => {
    const { heard, phone, missed } = await world.retrieve(
      ["", ""],
      [
        ["vm-login", "1001#"],
        ["vm-password", "1234#"],
        ["vm-no vm-messages", "#"],
      ],
    );
    expect(missed).toEqual([]);
    expect(heard).toContain("vm-goodbye");
    expect(phone.left).toEqual({});
    expect(phone.variables.get("VMSTATUS")).toBe("SUCCESS");
  });

  it("asks for the PIN of an unknown mailbox too, and gives up after maxlogins", async () => {
    const { heard, phone } = await world.retrieve(
      [""],
      [
        ["vm-login", "9999#"],
        ["vm-password", "1234#"],
        ["vm-incorrect-mailbox", "9999#"],
        ["vm-password", "1234#"],
        ["vm-incorrect-mailbox", "1001#"],
        ["vm-password", "9#"],
      ],
    );
    expect(heard.slice(-2)).toEqual(["vm-incorrect", "vm-goodbye"]);
    expect(phone.left).toEqual({});
    expect(phone.variables.get("VMSTATUS")).toBe("FAILED");
  });

  it("has as many tries for a mailbox that there is as for one that there is not", async () => {
    world.subscriber("1001", { maxLogins: 5 });
    world.subscribers.maxLogins = 2;
    for (const mailbox of ["1001", "9999"]) {
      const { heard } = await world.retrieve(
        [""],
        [
          ["vm-login", `${mailbox}#`],
          ["vm-password", "1#"],
          ["vm-incorrect-mailbox", `${mailbox}#`],
          ["vm-password", "1#"],
        ],
      );
      expect(heard.slice(-2)).toEqual(["vm-incorrect", "vm-goodbye"]);
    }
  });

  it("tells the dialplan at the login that all went well, for a hang-up", async () => {
    const { phone } = await world.retrieve(OWN, [["vm-youhave", HANGS_UP]]);
    expect(phone.variables.get("VMSTATUS")).toBe("SUCCESS");
  });

  it("asks only for the PIN when the dialplan names the mailbox", async () => {
    const { heard, missed } = await world.retrieve(
      ["1001@default"],
      [
        ["vm-password", "1#"],
        ["vm-incorrect vm-password", "1234#"],
        ["vm-youhave", "#"],
      ],
    );
    expect(missed).toEqual([]);
    expect(heard).not.toContain("vm-login");
  });

  it("takes an empty entry for the caller's own number", async () => {
    const { missed } = await world.retrieve(
      [""],
      [
        ["vm-login", "#"],
        ["vm-password", "1234#"],
        ["vm-youhave", "#"],
      ],
      { caller: { number: "1001" } },
    );
    expect(missed).toEqual([]);
  });

  it("puts the prefix before what is entered", async () => {
    const { missed } = await world.retrieve(
      ["10", "p"],
      [
        ["vm-login", "01#"],
        ["vm-password", "1234#"],
        ["vm-youhave", "#"],
      ],
    );
    expect(missed).toEqual([]);
  });

  it.each([
    ["vm-login", [["vm-login", "*"]]],
    [
      "vm-password",
      [
        ["vm-login", "1001#"],
        ["vm-password", "*"],
      ],
    ],
  ] as const)("leaves to extension a on star at %s", async (_prompt, lines) => {
    const { phone } = await world.retrieve([""], lines, { extensions: ["from-phones/a"] });
    expect(phone.left).toEqual({ to: { context: "from-phones", extension: "a" } });
    expect(phone.variables.get("VMSTATUS")).toBe("USEREXIT");
  });

  it("skips the PIN with option s only if the mailbox exists", async () => {
    const { heard } = await world.retrieve(["9999", "s"], [["vm-login", HANGS_UP]]);
    expect(heard[0]).toBe("vm-login");
  });

  it("refuses further tries across calls, and says so", async () => {
    for (let call = 0; call < 2; call++) {
      await world.retrieve(
        ["1001"],
        [
          ["vm-password", "1#"],
          ["vm-password", "2#"],
          ["vm-password", "3#"],
        ],
      );
    }
    const { heard } = await world.retrieve(["1001"], [["vm-password", "1234#"]]);
    expect(heard.at(-2)).toBe("voxpost/locked");
  });

  it("gives up on a caller who presses nothing", async () => {
    const { heard, phone } = await world.retrieve([""], []);
    expect(heard.filter((line) => line === "vm-login")).toHaveLength(3);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(phone.left).toEqual({});
  });

  it("answers wrong options with VMSTATUS=FAILED and goes on in the dialplan", async () => {
    const { phone } = await world.retrieve(["1001", "xyz"], []);
    expect(phone.left).toEqual({});
    expect(phone.variables.get("VMSTATUS")).toBe("FAILED");
  });
});

describe("after login", () => {
  it.each([
    [0, 0, 0, "vm-youhave vm-no vm-messages"],
    [2, 1, 3, "vm-youhave 2 vm-Urgent vm-and 1 vm-INBOX vm-and 3 vm-Old vm-messages"],
    [0, 1, 0, "vm-youhave 1 vm-INBOX vm-message"],
    [1, 0, 0, "vm-youhave 1 vm-Urgent vm-message"],
    [0, 0, 2, "vm-youhave 2 vm-Old vm-messages"],
    [0, 2, 1, "vm-youhave 2 vm-INBOX vm-and 1 vm-Old vm-message"],
  ])("says %i urgent, %i new, %i old", async (urgent, fresh, old, words) => {
    for (let n = 0; n < urgent; n++) await world.message({ id: `u${n}`, urgent: true });
    for (let n = 0; n < fresh; n++) await world.message({ id: `n${n}` });
    for (let n = 0; n < old; n++) await world.message({ id: `o${n}`, heard: true });
    const { heard } = await world.retrieve(OWN, [["vm-youhave", "#"]]);
    expect(heard[0]?.startsWith(words)).toBe(true);
    const folder = urgent > 0 ? "vm-Urgent" : fresh > 0 ? "vm-INBOX" : "vm-Old";
    if (urgent + fresh + old > 0) expect(heard[0]).toContain(`vm-onefor ${folder} vm-messages`);
    else expect(heard[0]).not.toContain("vm-onefor");
  });

  it("tells an owner whose mailbox is full", async () => {
    world.subscriber("1001", { maxMessages: 1 });
    await world.message({ id: "m1" });
    const { heard } = await world.retrieve(OWN, [["vm-youhave", "#"]]);
    expect(heard[0]?.startsWith("vm-mailboxfull vm-youhave 1 vm-INBOX vm-message")).toBe(true);
  });

  it("takes a key pressed in the intro for the main menu's", async () => {
    await world.message({ id: "m1" });
    const { heard } = await world.retrieve(OWN, [["vm-youhave", "1"]]);
    expect(heard[2]).toBe("vm-first vm-message vm-received 2026-11-20");
    expect(heard[3]).toBe("(message m1)");
  });

  it("announces only keys that do something", async () => {
    const { heard } = await world.retrieve(OWN, [["vm-youhave", "#"]]);
    expect(heard[0]).toBe("vm-youhave vm-no vm-messages vm-opts vm-helpexit");
  });

  it("says goodbye after three idle rounds, and counts only rounds in a row", async () => {
    const silent = await world.retrieve(OWN, []);
    expect(silent.heard.filter((line) => line.includes("vm-helpexit"))).toHaveLength(3);
    const { heard } = await world.retrieve(OWN, [
      ["(waits)", ""],
      ["(waits)", "1"],
      ["(waits)", ""],
      ["(waits)", "1"],
      ["(waits)", "#"],
    ]);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(heard.filter((line) => line === "(waits)")).toHaveLength(5);
  });

  it("says that there is nothing to forward in an empty folder", async () => {
    const { missed } = await world.retrieve(OWN, [
      ["vm-youhave", "1"],
      ["vm-youhave vm-no vm-Urgent", "8"],
      ["vm-nomore vm-opts", "#"],
    ]);
    expect(missed).toEqual([]);
  });

  it("ignores delete and save before a message was played", async () => {
    await world.message({ id: "m1" });
    const { heard } = await world.retrieve(OWN, [
      ["vm-youhave", "7"],
      ["vm-sorry", "9"],
      ["vm-sorry", "#"],
    ]);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(await world.messages()).toEqual({ m1: "INBOX new" });
  });

  it("ends a line that only sends keys without a meaning", async () => {
    const { heard } = await world.retrieve(OWN, [["vm-youhave", "888888888888888888888"]]);
    expect(heard.at(-1)).toBe("vm-goodbye");
  });
});

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
