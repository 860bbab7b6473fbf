import { expect } from "vitest";
import { expectVoice, greeting, waitForBeep } from "./caller.ts";
import { scenario } from "./scenario.ts";
import { digits } from "./world.ts";

scenario("a message is left by hanging up, and lights the lamp", async (world) => {
  const box = world.box();
  const caller = await world.caller({ name: "Ann Example" });
  const owner = await world.owner(box);
  await waitForBeep(caller, box);
  await caller.speaks(3);
  await caller.hangsUp();
  await world.mailbox(box).has({ new: 1 });
  await owner.lampShows({ new: 1, old: 0 });
  const [message] = await world.mailbox(box).messages();
  expect(message?.caller).toEqual({ number: caller.number, name: "Ann Example" });
  expect(message?.duration).toBeCloseTo(3, -1);
  expectVoice(message?.voice, caller.voice);
});

scenario("a message is ended with #", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await waitForBeep(caller, box);
  await caller.speaks(3);
  await caller.presses("#");
  await caller.hears("auth-thankyou");
  await caller.isHungUpOn();
  await world.mailbox(box).has({ new: 1 });
});

scenario("a message that is too short is not kept, and the caller may try again", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await waitForBeep(caller, box);
  await caller.presses("#");
  await caller.hears("vm-tooshort", "beep");
  await caller.isRecorded();
  await caller.speaks(3);
  await caller.hangsUp();
  await world.mailbox(box).has({ new: 1 });
});

scenario("who says nothing is not thanked for a message, but asked again", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await waitForBeep(caller, box);
  await caller.hears("vm-tooshort", "beep");
  await caller.isRecorded();
  await caller.speaks(3);
  await caller.presses("#");
  await caller.hears("auth-thankyou");
  await caller.isHungUpOn();
  await world.mailbox(box).has({ new: 1 });
});

scenario("silence ends a message", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await waitForBeep(caller, box);
  await caller.speaks(3);
  await caller.hears("auth-thankyou");
  await caller.isHungUpOn();
  await world.mailbox(box).has({ new: 1 });
});

scenario("who hangs up during the greeting leaves nothing", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await caller.dials(box);
  await caller.hears("vm-theperson");
  await caller.hangsUp();
  await world.mailbox(box).staysEmpty();
});

scenario("# skips the greeting, other keys do not", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await caller.dials(box);
  await caller.hears("vm-theperson");
  await caller.presses("15");
  await caller.hears(...digits(box), "vm-isunavail", "vm-intro");
  await caller.presses("#");
  await caller.hears("beep");
  await caller.isRecorded();
  await caller.speaks(2);
  await caller.hangsUp();
  await world.mailbox(box).has({ new: 1 });
});

scenario("0 and * do nothing where there is nobody to lead to", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await caller.dials(box);
  await caller.hears("vm-theperson");
  await caller.presses("0*");
  await caller.hears(...digits(box), "vm-isunavail", "vm-intro", "beep");
  await caller.isRecorded();
  await caller.speaks(2);
  await caller.hangsUp();
  await world.mailbox(box).has({ new: 1 });
});

scenario("0 leads to the operator", async (world) => {
  const box = world.box("exits");
  const caller = await world.caller();
  await caller.dials(box);
  await caller.hears("vm-theperson");
  await caller.presses("0");
  await caller.hears("transfer");
  await caller.isHungUpOn();
  await world.mailbox(box).staysEmpty();
});

scenario("* leads to the assistant", async (world) => {
  const box = world.box("exits");
  const caller = await world.caller();
  await caller.dials(box);
  await caller.hears("vm-theperson");
  await caller.presses("*");
  await caller.isHungUpOn();
  await world.mailbox(box).staysEmpty();
});

scenario("a caller's name and number cannot break out of anything", async (world) => {
  const box = world.box();
  const caller = await world.caller({ number: "+49 (30) 1", name: '../../../evil%d,"x' });
  await waitForBeep(caller, box);
  await caller.speaks(3);
  await caller.hangsUp();
  await world.mailbox(box).has({ new: 1 });
  const [message] = await world.mailbox(box).messages();
  // Asterisk leaves the backslash in that SIP puts before a quotation mark.
  expect(message?.caller.name).toBe('../../../evil%d,"x');
  expect(message?.caller.number).toMatch(/^\+49/);
});

scenario("two callers who hang up together leave their own words", async (world) => {
  const boxes = [world.box(), world.box()];
  const callers = [await world.caller({ number: "5550201" }), await world.caller({ number: "5550202" })];
  for (const [index, caller] of callers.entries()) await caller.dials(boxes[index] ?? "");
  for (const [index, caller] of callers.entries())
    await caller.hears(...greeting(boxes[index] ?? ""), "beep");
  for (const caller of callers) await caller.isRecorded();
  await Promise.all(callers.map((caller) => caller.speaks(3)));
  await Promise.all(callers.map((caller) => caller.hangsUp()));
  for (const [index, caller] of callers.entries()) {
    const mailbox = world.mailbox(boxes[index] ?? "");
    await mailbox.has({ new: 1 });
    const [message] = await mailbox.messages();
    expect(message?.caller.number).toBe(caller.number);
    expectVoice(message?.voice, caller.voice);
  }
});
