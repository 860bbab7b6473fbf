import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.remove());

const OWN = ["1001", "s"];

describe("the caller of a message", () => {
  const heard = async (number: string, dialplanContext = "from-phones") => {
    await world.message({ id: "n1", number, dialplanContext });
    const call = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message", "#"],
    ]);
    return call.heard.find((line) => line.startsWith("vm-first")) ?? "";
  };

  it("is an extension if the message was left from an internal context", async () => {
    world.subscriber("1001", { sayCaller: true, internalContexts: ["warehouse", "from-phones"] });
    expect(await heard("1002")).toMatch(/vm-from-extension 1-0-0-2$/);
  });

  it("is a telephone number from any other, whoever may have it", async () => {
    world.greeting("name", "Bob");
    world.subscriber("1001", { sayCaller: true, internalContexts: ["from-phones"] });
    expect(await heard("1002", "from-trunk")).toMatch(/vm-from-phonenumber 1-0-0-2$/);
  });

  it("is said by recorded name if there is one", async () => {
    world.greeting("name", "Bob");
    world.subscriber("1001", { sayCaller: true, internalContexts: ["from-phones"] });
    expect(await heard("1002")).toMatch(/vm-from \(file Bob\)$/);
  });

  it.each([["5551234"], ["../1002"]])("%s is a telephone number otherwise", async (number) => {
    world.subscriber("1001", { sayCaller: true, internalContexts: ["sales"] });
    const digits = [...number.replace(/\D/g, "")].join("-");
    expect(await heard(number)).toMatch(new RegExp(`vm-from-phonenumber ${digits}$`));
  });
});

it("a date is said in the site's own format", async () => {
  world.subscriber("1001", { dateFormat: "'vm-received' Q 'digits/at' R" });
  await world.message({ id: "n1" });
  const { heard } = await world.retrieve(OWN, [
    ["vm-onefor", "1"],
    ["(message", "3"],
    ["vm-tohearenv", "3"],
    ["vm-unknown-caller", "#"],
  ]);
  const date = "2026-11-20 as 'vm-received' Q 'digits/at' R";
  expect(heard).toContain(`vm-first vm-message ${date}`);
  expect(heard).toContainEqual(expect.stringContaining(`${date} vm-unknown-caller vm-advopts`));
});

describe("folders with names of the site's own", () => {
  it("are announced, and said by their sound", async () => {
    world.subscriber("1001", { folderSounds: { Cust2: "custom/invoices" } });
    await world.message({ id: "n1" });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message", "9"],
      ["vm-savefolder", "6"],
      ["vm-savedto (sound custom/invoices)", "2"],
      ["vm-changeto", "6"],
      ["vm-onefor (sound custom/invoices)", "#"],
    ]);
    const [list = ""] = heard.filter((line) => line.startsWith("vm-changeto"));
    expect(list).toMatch(/vm-Friends.* … vm-press 6 vm-for \(sound custom\/invoices\) … vm-tocancel$/);
    expect(list).not.toContain("vm-press 5");
    expect(await world.messages()).toEqual({ n1: "Cust2 heard" });
  });
});

describe("options of the owner", () => {
  it("moveheard=no keeps heard messages new", async () => {
    world.subscriber("1001", { moveHeard: false });
    await world.message({ id: "n1" });
    await world.message({ id: "n2" });
    await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message n1", "6"],
      ["(message n2", "7"],
      ["vm-deleted", "#"],
    ]);
    expect(await world.messages()).toEqual({ n1: "INBOX new", n2: "Trash new" });
  });

  it("playback keys can be others", async () => {
    world.subscriber("1001", { playbackKeys: { "1": "rewind", "3": "forward" } });
    await world.message({ id: "n1" });
    const { heard } = await world.retrieve(OWN, [
      ["vm-onefor", "1"],
      ["(message", "313#"],
    ]);
    expect(heard).toEqual(expect.arrayContaining(["(forward)", "(rewind)"]));
    expect(heard.at(-1)).toBe("vm-goodbye");
  });

  it("tempgreetwarn reminds of a temporary greeting", async () => {
    world.subscriber("1001", { warnsOfTemporary: true });
    const before = await world.retrieve(OWN, []);
    expect(before.heard[0]).not.toContain("vm-tempgreetactive");
    world.greeting("temporary", "on holiday");
    const { heard } = await world.retrieve(OWN, []);
    expect(heard[0]).toMatch(/^vm-tempgreetactive vm-youhave/);
  });
});
