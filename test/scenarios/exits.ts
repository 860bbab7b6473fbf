import { expect } from "vitest";
import { skipToBeep } from "./caller.ts";
import { scenario } from "./scenario.ts";

/** Where a call is in the dialplan behind Voxpost, and what the dialplan is told. */

scenario("the dialplan goes on behind a message, and is told that it was left", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await skipToBeep(caller, `deposit*${box}*u`);
  await caller.speaks(3);
  await caller.presses("#");
  await caller.hears("auth-thankyou");
  await caller.reaches("after/s");
  expect(caller.variable("VMSTATUS")).toBe("SUCCESS");
  await world.mailbox(box).has({ new: 1 });
});

scenario("the dialplan is told before a hang-up that a message was left", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await skipToBeep(caller, `deposit*${box}*us`);
  await caller.speaks(3);
  await caller.hangsUp();
  expect(caller.variable("VMSTATUS")).toBe("SUCCESS");
  await world.mailbox(box).has({ new: 1 });
});

scenario("a mailbox that does not exist fails, and the dialplan goes on", async (world) => {
  const caller = await world.caller();
  await caller.dials("deposit*4711*u");
  await caller.reaches("after/s");
  expect(caller.variable("VMSTATUS")).toBe("FAILED");
});

scenario("a full mailbox says so before the greeting, and takes nothing", async (world) => {
  const box = world.box("small");
  const [owner, first, second] = [await world.owner(box), await world.caller(), await world.caller()];
  await skipToBeep(first, `deposit*${box}*us`);
  await first.speaks(3);
  await first.hangsUp();
  await owner.lampShows({ new: 1, old: 0 });
  await second.dials(`deposit*${box}*u`);
  await second.hears("vm-mailboxfull");
  await second.reaches("after/s");
  expect(second.variable("VMSTATUS")).toBe("FAILED");
  await world.mailbox(box).has({ new: 1 });
});

for (const [key, extension, words] of [
  ["0", "o", ["transfer"]],
  ["*", "a", []],
] as const) {
  scenario(`key ${key} in the greeting leads to extension ${extension}`, async (world) => {
    const box = world.box("exits");
    const caller = await world.caller();
    await caller.dials(`deposit*${box}*u`);
    await caller.hears("vm-theperson");
    await caller.presses(key);
    await caller.hears(...words);
    await caller.reaches(`exits/${extension}`);
    expect(caller.variable("VMSTATUS")).toBe("USEREXIT");
  });
}

scenario("an extension of several digits is dialled in the greeting", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await caller.dials(`deposit*${box}*d(exits)u`);
  await caller.hears("vm-theperson");
  await caller.presses("12345");
  await caller.reaches("exits/12345");
  expect(caller.variable("VMSTATUS")).toBe("USEREXIT");
  await world.mailbox(box).has({});
});

scenario("an extension that does not exist is answered, and a message can still be left", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await caller.dials(`deposit*${box}*d(exits)u`);
  await caller.hears("vm-theperson");
  await caller.presses("987");
  await caller.hears("pbx-invalid");
  await caller.hears("vm-intro", "beep");
  await caller.isRecorded();
  await caller.speaks(3);
  await caller.hangsUp();
  await world.mailbox(box).has({ new: 1 });
});
