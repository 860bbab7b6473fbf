import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Reaction } from "./phone.ts";
import { World } from "./world.ts";

/** What is asked of the store, in order; `PIN` when one is checked. */
let asked: string[];
let world: World;
beforeEach(() => {
  world = new World();
  asked = [];
  const { store } = world;
  const { authenticate, counts, list, audio } = store;
  vi.spyOn(store, "authenticate").mockImplementation((...args) => {
    asked.push("PIN");
    return authenticate.apply(store, args);
  });
  vi.spyOn(store, "counts").mockImplementation((...args) => {
    asked.push("counts");
    return counts.apply(store, args);
  });
  vi.spyOn(store, "list").mockImplementation((...args) => {
    asked.push(`list ${args[2].view}`);
    return list.apply(store, args);
  });
  vi.spyOn(store, "audio").mockImplementation((...args) => {
    asked.push(`audio ${args[0].envelope.id}`);
    return audio.apply(store, args);
  });
});
afterEach(() => {
  expect(world.leftovers(), "no audio of a call is left on the disk").toEqual([]);
  world.remove();
});

/** The caller does nothing until that was asked for; without it the test ends by its time. */
const once = (question: string): Reaction => ({
  meanwhile: () => vi.waitFor(() => expect(asked).toContain(question), 10_000),
});
const pressed = (presses: string, question: string): Reaction => ({ presses, ...once(question) });

describe("while the PIN is entered", () => {
  it("counts and first page are read, so that a right one is answered without a question", async () => {
    await world.message({ id: "a" });
    await world.retrieve(
      ["1001"],
      [
        ["vm-password", pressed("1234#", "list new")],
        ["vm-youhave", { presses: "#", meanwhile: async () => void asked.push("you have") }],
      ],
    );
    expect(asked.slice(0, 3)).toEqual(["counts", "list new", "PIN"]);
    const between = asked.slice(3, asked.indexOf("you have"));
    expect(between.filter((question) => question !== "audio a")).toEqual([]);
  });

  it("no audio is fetched for somebody who may not be the owner", async () => {
    await world.message({ id: "a" });
    await world.retrieve(["1001"], [["vm-password", pressed("1#", "list new")]]);
    expect(asked).not.toContain("audio a");
  });

  it("a message that arrives meanwhile is counted", async () => {
    const arrives = async () => {
      await vi.waitFor(() => expect(asked).toContain("list urgent"), 10_000);
      await world.message({ id: "a" });
      const [entry] = await world.engine.find({ mailbox: "1001", context: "default" }, {});
      if (entry) await world.store.mark(entry, { urgent: true });
    };
    const { heard } = await world.retrieve(
      ["1001"],
      [
        ["vm-password", { presses: "1234#", meanwhile: arrives }],
        ["vm-youhave", "#"],
      ],
    );
    expect(heard.join("\n")).toMatch(/vm-youhave 1 vm-Urgent vm-message/);
  });

  it("a store that fails meanwhile is asked again", async () => {
    await world.message({ id: "a" });
    vi.spyOn(world.store, "counts").mockRejectedValueOnce(new Error("The mail server has a cold"));
    const { heard } = await world.retrieve(
      ["1001"],
      [
        ["vm-password", "1234#"],
        ["vm-youhave", "#"],
      ],
    );
    expect(heard.join("\n")).toMatch(/vm-youhave 1 vm-INBOX vm-message/);
  });
});

describe("behind speech", () => {
  it("the first message is fetched while the counts are said, the next while one is played", async () => {
    for (const id of ["a", "b", "c"]) await world.message({ id });
    const { missed } = await world.retrieve(
      ["1001", "s"],
      [
        ["vm-youhave", once("audio a")],
        ["(waits)", "1"],
        ["(message a)", once("audio b")],
        ["(waits)", "6"],
        ["(message b)", once("audio c")],
        ["(waits)", "#"],
      ],
    );
    expect(missed).toEqual([]);
  });

  it("a message that was not foreseen is fetched while its envelope is said", async () => {
    for (const id of ["a", "b", "c"]) await world.message({ id });
    const { missed } = await world.retrieve(
      ["1001", "s"],
      [
        ["vm-youhave", "166"],
        ["vm-last vm-message", once("audio c")],
        ["(message c)", "#"],
        ["(waits)", "#"],
      ],
    );
    expect(missed).toEqual([]);
  });

  it("the first new message is fetched while the last urgent one is played", async () => {
    await world.message({ id: "a", urgent: true });
    await world.message({ id: "b" });
    const { missed } = await world.retrieve(
      ["1001", "s"],
      [
        ["vm-youhave", "1"],
        ["(message a)", once("audio b")],
        ["(waits)", "#"],
      ],
    );
    expect(missed).toEqual([]);
  });

  it("the next page is fetched while the last message of one is played", async () => {
    for (let number = 0; number < 22; number++) await world.message({ id: `m${number}` });
    const { missed } = await world.retrieve(
      ["1001", "s"],
      [
        ["vm-youhave", `1${"6".repeat(19)}`],
        ["(message m19)", once("audio m20")],
        ["(waits)", "#"],
      ],
    );
    expect(missed).toEqual([]);
  });
});
