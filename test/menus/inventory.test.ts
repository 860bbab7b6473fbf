import { describe, expect, it } from "vitest";
import type { Subscriber } from "../../src/model/subscriber.ts";
import type { Line } from "./phone.ts";
import { World } from "./world.ts";

/** Rows of docs/app_voicemail-parity.md that no other dialogue is about. */

const OWN = ["1001", "s"];
const HANGS_UP = { hangsUp: true };

function worldWith(options: Partial<Subscriber> = {}): World {
  const world = new World();
  world.subscriber("1001", options);
  return world;
}

describe("login", () => {
  it("takes a star for an answer like any other where there is no extension a", async () => {
    const { missed, phone } = await worldWith().retrieve(
      [""],
      [
        ["vm-login", "*#"],
        ["vm-password", "*1#"],
        ["vm-incorrect-mailbox", HANGS_UP],
      ],
    );
    expect(missed).toEqual([]);
    expect(phone.left).toBeUndefined();
  });

  it("ends when nothing is entered and the caller has no number", async () => {
    const { heard, phone } = await worldWith().retrieve([""], [["vm-login", "#"]], { caller: {} });
    expect(heard).not.toContain("vm-password");
    expect(phone.variables.get("VMSTATUS")).toBe("FAILED");
  });

  it("counts no wrong PIN for silence", async () => {
    const world = worldWith();
    for (let calls = 0; calls < 7; calls++) await world.retrieve(["1001"], []);
    const { missed } = await world.retrieve(
      ["1001"],
      [
        ["vm-password", "1234#"],
        ["vm-youhave", "#"],
      ],
    );
    expect(missed).toEqual([]);
  });
});

describe("the main menu, before a message was heard", () => {
  it.each([
    ["4", "vm-nomore vm-onefor"],
    ["5", "vm-first vm-message"],
    ["6", "vm-first vm-message"],
    ["*", "vm-onefor vm-INBOX vm-messages vm-opts vm-helpexit"],
  ])("%s: %s", async (key, words) => {
    const world = worldWith();
    for (const id of ["m1", "m2"]) await world.message({ id });
    const { missed } = await world.retrieve(OWN, [
      ["vm-youhave", key],
      [words, HANGS_UP],
    ]);
    expect(missed).toEqual([]);
  });

  it("autoplay plays urgent messages first, whatever folder is named", async () => {
    const world = worldWith();
    await world.message({ id: "u1", urgent: true });
    await world.message({ id: "w1", folder: "Work" });
    const { heard } = await world.retrieve(["1001", "sa(Work)"], [["vm-first vm-Urgent vm-message", ""]]);
    expect(heard[1]).toBe("(message u1)");
  });

  it("is spoken to in the owner's language", async () => {
    const { phone } = await worldWith({ language: "fr" }).retrieve(OWN, [["vm-youhave", "#"]]);
    expect(phone.language).toBe("fr");
  });
});

describe("the menu after a message", () => {
  it("tells all keys with star, each once", async () => {
    const world = worldWith();
    for (const id of ["m1", "m2"]) await world.message({ id });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message m1)", ""],
      ["vm-advopts", "*"],
      [
        "vm-onefor vm-INBOX vm-messages vm-opts vm-repeat vm-next vm-delete vm-toforward vm-savemessage vm-helpexit",
        "#",
      ],
    ]);
    expect(missed).toEqual([]);
  });

  it("replies only within the owner's own context", async () => {
    const world = worldWith();
    world.subscriber("4001", {}, "1234", "sales");
    await world.message({ id: "m1", number: "4001" });
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message m1)", "3"],
      ["vm-toreply", "1"],
      ["vm-nobox vm-advopts", "#"],
    ]);
    expect(missed).toEqual([]);
  });

  it("is come back to after four silent rounds in the advanced options, or three at a number", async () => {
    const world = worldWith({ dialout: { dialplanContext: "out", allow: ["_X."] } });
    await world.message({ id: "m1" });
    const rounds = (words: string, times: number): Line[] => Array.from({ length: times }, () => [words, ""]);
    const { missed } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message m1)", "3"],
      ...rounds("vm-toreply", 4),
      ["vm-advopts", "3"],
      ["vm-tomakecall", "4"],
      ...rounds("vm-enter-num-to-call vm-then-pound vm-star-cancel", 3),
      ["vm-advopts", "#"],
    ]);
    expect(missed).toEqual([]);
  });
});

describe("leaving a message", () => {
  it("a mailbox that only greets has exits as well", async () => {
    const world = worldWith({ maxMessages: 0, operator: true });
    const { phone, heard } = await world.deposit(["1001", "u"], [["vm-isunavail", "0"]], {
      extensions: ["from-phones/o"],
    });
    expect(heard.at(-1)).toBe("transfer");
    expect(phone.left).toEqual({ to: { context: "from-phones", extension: "o" } });
    expect(phone.variables.get("VMSTATUS")).toBe("USEREXIT");
  });

  it("option d means the context of the call where it names none, and exits win over it", async () => {
    const world = worldWith({ operator: true });
    const extensions = ["from-phones/0123", "from-phones/456", "from-phones/o"];
    const dialled = await world.deposit(["1001", "ud"], [["vm-intro", "456#"]], { extensions });
    expect(dialled.phone.left).toEqual({ to: { context: "from-phones", extension: "456" } });
    expect(dialled.phone.variables.get("VMSTATUS")).toBe("USEREXIT");
    const operator = await world.deposit(["1001", "ud"], [["vm-intro", "0123"]], { extensions });
    expect(operator.phone.left).toEqual({ to: { context: "from-phones", extension: "o" } });
  });

  it("for several: limits, review and greeting are the first one's", async () => {
    const world = worldWith({ review: true });
    world.subscriber("1002", { review: false, maxMessages: 0 });
    const { missed } = await world.deposit(
      ["1001&1002", "u"],
      [
        ["vm-theperson 1-0-0-1 vm-isunavail vm-intro", ""],
        ["beep", { speaks: 4, presses: "#" }],
        ["vm-review", "1"],
      ],
    );
    expect(missed).toEqual([]);
  });
});
