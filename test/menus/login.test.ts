import { describe, expect, it } from "vitest";
import { type World, worldForEachTest } from "./world.ts";

let world: World;
worldForEachTest((fresh) => {
  world = fresh;
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

  it("says goodbye after three idle rounds behind a message too", async () => {
    await world.message({ id: "m1" });
    const { heard } = await world.retrieve(OWN, [["vm-onefor", "1"]]);
    expect(heard.filter((line) => line.includes("vm-savemessage"))).toHaveLength(3);
    expect(heard.slice(-2)).toEqual(["(waits)", "vm-goodbye"]);
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
