import { describe, expect, it } from "vitest";
import { type World, worldForEachTest } from "./world.ts";

let world: World;
worldForEachTest((fresh) => {
  world = fresh;
});

describe("authenticate", () => {
  it("tells the dialplan who the caller is", async () => {
    const { phone, heard, missed } = await world.call(
      "authenticate",
      [""],
      [
        ["vm-login", "1001#"],
        ["vm-password", "1234#"],
      ],
    );
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("auth-thankyou");
    expect(Object.fromEntries(phone.variables)).toEqual({ AUTH_MAILBOX: "1001", AUTH_CONTEXT: "default" });
    expect(phone.left).toEqual({});
  });

  it("asks without a word with option s, but says when the answer was wrong", async () => {
    const { heard, phone } = await world.call(
      "authenticate",
      ["", "s"],
      [
        ["(waits)", "1001#"],
        ["vm-password", "1#"],
        ["vm-incorrect-mailbox", { hangsUp: true }],
      ],
    );
    expect(heard).not.toContain("vm-login");
    expect(phone.variables.size).toBe(0);
  });

  it("gives up after the mailbox's own maxlogins, and leaves the goodbye to the dialplan", async () => {
    world.subscriber("1001", { maxLogins: 2 });
    const { heard, phone } = await world.call(
      "authenticate",
      ["1001"],
      [
        ["vm-password", "1#"],
        ["vm-incorrect", "2#"],
      ],
    );
    expect(heard.at(-1)).toBe("vm-incorrect");
    expect(phone.variables.size).toBe(0);
    expect(phone.left).toEqual({});
  });

  it("leads to extension a on star", async () => {
    const { phone } = await world.call("authenticate", ["1001"], [["vm-password", "*"]], {
      extensions: ["from-phones/a"],
    });
    expect(phone.left).toEqual({ to: { context: "from-phones", extension: "a" } });
  });
});

describe("play", () => {
  const STATUS = "VOICEMAIL_PLAYBACKSTATUS";

  it.each(["INBOX", "Work", "Trash"] as const)("plays a message by its id from %s", async (folder) => {
    await world.message({ id: "m1", folder, comment: "(a comment)" });
    const { heard, phone } = await world.call("play", ["1001@default", "m1"], []);
    expect(heard).toEqual(["(a comment)", "(message m1)"]);
    expect(phone.variables.get(STATUS)).toBe("SUCCESS");
    expect(await world.messages()).toEqual({ m1: `${folder} new` });
  });

  it("has the keys of playback control, and any other ends it", async () => {
    await world.message({ id: "m1" });
    const { heard, phone } = await world.call("play", ["1001", "m1"], [["(message", "0*#5"]]);
    expect(heard.slice(2)).toEqual(["(pause)", "(rewind)", "(forward)"]);
    expect(phone.variables.get(STATUS)).toBe("SUCCESS");
  });

  it.each([
    ["an id that there is not", ["1001", "m9"]],
    ["another's message", ["1002", "m1"]],
    ["a mailbox that there is not", ["9999", "m1"]],
    ["no arguments", []],
    ["a message that cannot be heard", ["1001", "broken"]],
  ])("says FAILED for %s", async (_what, args) => {
    await world.message({ id: "m1" });
    await world.message({ id: "broken", says: "" });
    const { phone } = await world.call("play", args, []);
    expect(phone.variables.get(STATUS)).toBe("FAILED");
    expect(phone.left).toEqual({});
  });
});

describe("sayname", () => {
  it("plays the recorded name without answering", async () => {
    world.greeting("name", "Ann Example");
    const { heard, phone } = await world.call("sayname", ["1001@default"], []);
    expect(heard).toEqual(["(file Ann Example)"]);
    expect(phone.answered).toBe(false);
    expect(phone.left).toEqual({});
  });

  it("leads to an extension that is dialled meanwhile, if there is one", async () => {
    const extensions = ["from-phones/204"];
    const lines = (keys: string) => [["vm-extension 1001", keys]] as const;
    const { phone } = await world.call("sayname", ["1001"], lines("204#"), { extensions });
    expect(phone.left).toEqual({ to: { context: "from-phones", extension: "204" } });
    expect((await world.call("sayname", ["1001"], lines("7"), { extensions })).phone.left).toEqual({});
  });

  it.each(["1001", "9999@default"])("else says the extension of %s", async (mailbox) => {
    const { heard } = await world.call("sayname", [mailbox], []);
    expect(heard).toEqual([`vm-extension ${mailbox.slice(0, 4)}`]);
  });
});

describe("a mailbox number without a context", () => {
  it("is looked for in every context where the site says so", async () => {
    world.subscriber("4001", {}, "1234", "sales");
    const lines = [
      ["vm-login", "4001#"],
      ["vm-password", "1234#"],
    ] as const;
    expect((await world.call("authenticate", [""], lines)).phone.variables.size).toBe(0);
    world.searchesContexts = true;
    const { phone } = await world.call("authenticate", [""], lines);
    expect(phone.variables.get("AUTH_CONTEXT")).toBe("sales");
    expect((await world.call("authenticate", ["@default"], lines)).phone.variables.size).toBe(0);
  });
});
