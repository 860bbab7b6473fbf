import { beforeEach, describe, expect, it } from "vitest";
import { parseName } from "../../src/custody/name.ts";
import type { Subscriber } from "../../src/model/subscriber.ts";
import type { Line, Phone } from "./phone.ts";
import { type World, worldForEachTest } from "./world.ts";

let world: World;
worldForEachTest((fresh) => {
  world = fresh;
});

const OWN = ["1001", "s"];
const owner = (options: Partial<Subscriber>) => world.subscriber("1001", options);
const at = (mailbox: string) => ({ mailbox, context: "default" });
/** Plays the first message and presses a key after it. */
const played = (keys: string): Line[] => [
  ["vm-onefor", "1"],
  ["(message", keys],
];
const call = (lines: readonly Line[], options = {}) => world.retrieve(OWN, lines, options);
/** What is to be forwarded as it is, by the notes on Asterisk's disk. */
const forwards = ({ notes }: Phone) =>
  notes.map((note) => {
    const { kind, recipients, urgent } = parseName(note);
    return { ...kind, to: recipients.map(({ mailbox }) => mailbox), urgent };
  });

describe("forwarding", () => {
  beforeEach(() => world.message({ id: "n1", urgent: true }));

  it("sends a message on as it is, to several", async () => {
    world.subscriber("1003", {});
    const { heard, missed, phone } = await call([
      ...played("8"),
      ["vm-extension", "1002*1003#"],
      ["vm-forwardoptions", "2"],
      ["vm-msgforwarded", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(heard).toContain("1-0-0-2 1-0-0-3 vm-forwardoptions vm-starmain");
    expect(forwards(phone)).toEqual([
      { is: "forward", mailbox: at("1001"), message: "n1", to: ["1002", "1003"], urgent: false },
    ]);
    expect(world.deposits).toEqual([phone.notes]);
    expect(world.forwards).toEqual([]);
    expect(await world.messages()).toEqual({ n1: "INBOX heard" });
  });

  it("keeps it urgent where the site wants that, and says recorded names", async () => {
    owner({ forwardUrgent: true });
    world.greeting("name", "Bob");
    const { heard, phone } = await call([
      ...played("8"),
      ["vm-extension", "1002#"],
      ["vm-forwardoptions", "2"],
    ]);
    expect(heard).toContain("(file Bob) vm-forwardoptions vm-starmain");
    expect(forwards(phone)).toMatchObject([{ urgent: true }]);
  });

  it("keeps the good ones of a list, and says what is wrong with the others", async () => {
    const { heard, phone } = await call([
      ...played("8"),
      ["vm-extension", "9999*1002*1001*1002#"],
      ["vm-forwardoptions", "2"],
    ]);
    expect(heard).toContain(
      "9-9-9-9 pbx-invalid 1-0-0-2 1-0-0-1 pbx-invalid 1-0-0-2 vm-forwardoptions vm-starmain",
    );
    expect(forwards(phone)).toMatchObject([{ to: ["1002"] }]);
  });

  it("does not offer a mailbox that is full, and gives up after four misses", async () => {
    world.full = true;
    const { heard, missed, phone } = await call([
      ...played("8"),
      ["vm-extension", "1002#"],
      ["vm-mailboxfull vm-extension", "#"],
      ["vm-extension", "7#"],
      ["pbx-invalid vm-extension", "1001#"],
      ["pbx-invalid vm-advopts", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(phone.notes).toEqual([]);
  });

  it("records a comment whose name says what it belongs to", async () => {
    owner({ forwardUrgent: true });
    const { heard, phone, missed } = await call([
      ...played("8"),
      ["vm-extension", "1002#"],
      ["vm-forwardoptions", "1"],
      ["vm-record-prepend", ""],
      ["beep", { speaks: 4, presses: "#" }],
      ["vm-msgforwarded", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(heard).toContain("vm-record-prepend");
    expect(world.deposits).toEqual([phone.recorded]);
    expect(parseName(phone.recorded[0] ?? "")).toMatchObject({
      state: "take",
      recipients: [at("1002")],
      kind: { is: "comment", mailbox: at("1001"), message: "n1" },
      channel: phone.id,
      urgent: true,
    });
  });

  it.each([
    ["a hang-up", { speaks: 4, hangsUp: true }],
    ["silence", { speaks: 0, presses: "#" }],
  ])("is not done after %s while the comment is recorded", async (_what, reaction) => {
    const { phone } = await call([
      ...played("8"),
      ["vm-extension", "1002#"],
      ["vm-forwardoptions", "1"],
      ["beep", reaction],
    ]);
    expect(world.deposits).toEqual([]);
    expect(world.discarded).toEqual(phone.recorded);
    expect(phone.recorded).toHaveLength(1);
  });

  it("goes back without a word when it is cancelled, or nobody answers", async () => {
    const cancelled = await call([...played("8"), ["vm-extension", "1002#"], ["vm-forwardoptions", "*"]]);
    expect(cancelled.heard).toContain(
      "vm-advopts vm-repeat vm-delete vm-toforward vm-savemessage vm-helpexit",
    );
    const unanswered = await call([...played("8")]);
    expect([...cancelled.phone.notes, ...unanswered.phone.notes]).toEqual([]);
  });

  it("is left to the queue where Asterisk keeps nothing, and the owner told when that does not take it", async () => {
    const forward = async () => {
      const lines: Line[] = [...played("8"), ["vm-extension", "1002#"], ["vm-forwardoptions", "2"]];
      return (await call(lines, { noFile: true })).heard.join(" ");
    };
    expect(await forward()).toContain("vm-msgforwarded");
    const taken = [{ from: at("1001"), message: "n1", to: [at("1002")], urgent: false }];
    expect(world.forwards).toMatchObject(taken);
    world.queueAway = true;
    expect(await forward()).toContain("voxpost/not-done");
    expect(world.forwards).toMatchObject(taken);
  });

  it("is done when the owner hangs up at once", async () => {
    const { phone } = await call([
      ...played("8"),
      ["vm-extension", "1002#"],
      ["vm-forwardoptions", "2"],
      ["vm-msgforwarded", { hangsUp: true }],
    ]);
    expect(world.deposits).toEqual([phone.notes]);
  });

  it("looks a recipient up by name", async () => {
    owner({ useDirectory: true });
    world.subscriber("1002", { fullName: "Bob Smith" });
    world.subscriber("1003", { fullName: "Eve Smithson" });
    const { heard, missed, phone } = await call([
      ...played("8"),
      ["vm-forward", "2"],
      ["dir-pls-enter", "764"],
      ["Bob Smith dir-instr", "*"],
      ["Eve Smithson dir-instr", "1"],
      ["vm-forwardoptions", "2"],
    ]);
    expect(missed).toEqual([]);
    expect(heard).toContain("1-0-0-3 vm-forwardoptions vm-starmain");
    expect(forwards(phone)).toMatchObject([{ to: ["1003"] }]);
  });

  it("asks for a number too where the directory is offered", async () => {
    owner({ useDirectory: true });
    const { phone } = await call([
      ...played("8"),
      ["vm-forward", "1"],
      ["vm-extension", "1002#"],
      ["vm-forwardoptions", "2"],
    ]);
    expect(phone.notes).toHaveLength(1);
  });
});

it("does not forward what its caller said is private", async () => {
  await world.message({ id: "n1", private: true });
  const { heard } = await call(played("8"));
  expect(heard.join(" ")).toContain("voxpost/private");
});

describe("replying", () => {
  it.each([
    [undefined, "vm-nonumber"],
    ["5551234", "vm-nobox"],
  ])("to %s says %s", async (number, words) => {
    await world.message({ id: "n1", ...(number ? { number } : {}) });
    const { heard } = await call([...played("3"), ["vm-toreply", "1"]]);
    expect(heard.join(" ")).toContain(`${words} vm-advopts`);
  });

  it("leaves a plain message for whoever has the caller's number", async () => {
    await world.message({ id: "n1", number: "1002" });
    const { heard, phone } = await call([
      ...played("3"),
      ["vm-toreply", "1"],
      ["beep", { speaks: 4, presses: "#" }],
      ["vm-repeat", "#"],
    ]);
    expect(heard).toContain("vm-intro");
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(world.deposits).toEqual([phone.recorded]);
    expect(parseName(phone.recorded[0] ?? "")).toMatchObject({ recipients: [at("1002")], channel: phone.id });
    expect(phone.variables.get("VMSTATUS")).toBe("SUCCESS");
  });

  it("is kept when the owner hangs up, and the message that was answered is heard", async () => {
    await world.message({ id: "n1", number: "1002" });
    const { phone } = await call([
      ...played("3"),
      ["vm-toreply", "1"],
      ["beep", { speaks: 4, hangsUp: true }],
    ]);
    expect(world.deposits).toEqual([phone.recorded]);
    expect(await world.messages()).toEqual({ n1: "INBOX heard" });
  });
});

describe("sending a message", () => {
  it("is offered only where the site allows it", async () => {
    await world.message({ id: "n1" });
    const { heard, missed } = await call([...played("3"), ["vm-starmain", "5"], ["vm-sorry", "*"]]);
    expect(missed).toEqual([]);
    expect(heard.join(" ")).not.toContain("vm-leavemsg");
  });

  it("leaves one for several mailboxes, the own one included", async () => {
    owner({ sendVoicemail: true });
    const { phone, missed } = await call([
      ["vm-helpexit", "3"],
      ["vm-leavemsg vm-starmain", "5"],
      ["vm-extension", "1002*1001#"],
      ["beep", { speaks: 4, presses: "#" }],
      ["vm-helpexit", "#"],
    ]);
    expect(missed).toEqual([]);
    expect(parseName(phone.recorded[0] ?? "").recipients).toEqual([at("1002"), at("1001")]);
    expect(world.deposits).toHaveLength(1);
  });
});

describe("calls out of the mailbox", () => {
  const OUT = { dialplanContext: "out", allow: ["_NXXXXXX"] };
  const extensions = ["out/5551234", "out/911", "out/5550000"];

  it("are not offered, and not possible, until the site says where to", async () => {
    await world.message({ id: "n1", number: "5551234" });
    const { heard, phone } = await call([...played("3"), ["vm-starmain", "2"], ["vm-sorry", "4"]]);
    expect(heard.join(" ")).not.toMatch(/vm-tocallback|vm-tomakecall|vm-num-i-have|vm-enter-num/);
    expect(phone.left).toEqual({});
  });

  it("call back the number that the message came from", async () => {
    owner({ callback: OUT });
    await world.message({ id: "n1", number: "5551234" });
    const { heard, phone, missed } = await call(
      [...played("3"), ["vm-toreply vm-tocallback", "2"], ["vm-num-i-have 5-5-5-1-2-3-4 vm-tocallnum", "1"]],
      { extensions },
    );
    expect(missed).toEqual([]);
    expect(heard.at(-1)).toBe("vm-dialout");
    expect(phone.left).toEqual({ to: { context: "out", extension: "5551234" } });
    expect(await world.messages()).toEqual({ n1: "INBOX heard" });
  });

  it("call a colleague back by name", async () => {
    owner({ callback: { dialplanContext: "out", allow: ["_1XXX"] }, internalContexts: ["from-phones"] });
    world.greeting("name", "Bob");
    await world.message({ id: "n1", number: "1002", dialplanContext: "from-phones" });
    const { phone } = await call(
      [...played("3"), ["vm-tocallback", "2"], ["vm-num-i-have (file Bob) vm-tocallnum", "1"]],
      { extensions: ["out/1002"] },
    );
    expect(phone.left).toEqual({ to: { context: "out", extension: "1002" } });
  });

  it("call any number that is allowed, and no other", async () => {
    owner({ dialout: OUT });
    const { heard, phone } = await call(
      [
        ["vm-helpexit", "3"],
        ["vm-tomakecall", "4"],
        ["vm-enter-num-to-call", "911#"],
        ["voxpost/not-allowed vm-enter-num", "5559999#"],
        ["pbx-invalid vm-enter-num", "5550000#"],
      ],
      { extensions },
    );
    expect(heard.at(-1)).toBe("vm-dialout");
    expect(phone.left).toEqual({ to: { context: "out", extension: "5550000" } });
  });

  it.each(["*", "555*#"])("are cancelled by %s", async (keys) => {
    owner({ dialout: OUT });
    const { heard, phone } = await call(
      [
        ["vm-helpexit", "3"],
        ["vm-tomakecall", "4"],
        ["vm-enter-num-to-call", keys],
      ],
      {
        extensions,
      },
    );
    expect(heard.at(-1)).toBe("vm-goodbye");
    expect(phone.left).toEqual({});
  });

  it("ask for another number where that is possible, also when the caller's is withheld", async () => {
    owner({ callback: OUT, dialout: OUT });
    await world.message({ id: "n1" });
    const { missed, phone } = await call(
      [
        ...played("3"),
        ["vm-tocallback", "2"],
        ["vm-nonumber vm-calldiffnum vm-star-cancel", "2"],
        ["vm-enter-num-to-call", "5551234#"],
      ],
      { extensions },
    );
    expect(missed).toEqual([]);
    expect(phone.left).toEqual({ to: { context: "out", extension: "5551234" } });
  });

  it("refuse a caller's number that is not allowed", async () => {
    owner({ callback: OUT });
    await world.message({ id: "n1", number: "911" });
    const { heard, phone } = await call([...played("3"), ["vm-tocallback", "2"], ["vm-num-i-have", "1"]], {
      extensions,
    });
    expect(heard.join(" ")).toContain("voxpost/not-allowed");
    expect(phone.left).toEqual({});
  });
});
