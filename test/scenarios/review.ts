import { expect } from "vitest";
import { expectVoice, REVIEW, say, sayAgain } from "./caller.ts";
import { scenario } from "./scenario.ts";

/** Callers whom the owner lets review what they said. */

scenario("a caller hears the message, records it again, marks it and keeps it", async (world) => {
  const caller = await world.caller();
  const box = await say(world, caller, 6);
  await caller.presses("2");
  await caller.hears("(recording)", "vm-review");
  await sayAgain(caller);
  await caller.speaks(3);
  await caller.presses("#");
  await caller.hears(...REVIEW);
  await caller.presses("4");
  await caller.hears("vm-marked-urgent", "vm-review");
  await caller.presses("2");
  await caller.hears("(recording)");
  await caller.presses("1");
  await caller.hears("vm-msgsaved");
  await caller.isHungUpOn();
  await world.mailbox(box).has({ urgent: 1 });
  const [message] = await world.mailbox(box).messages();
  expect(message?.duration).toBeLessThan(6);
  expectVoice(message?.voice, caller.voice);
});

scenario("who hangs up before recording again has left the first message", async (world) => {
  const caller = await world.caller();
  const box = await say(world, caller, 4);
  await caller.presses("3");
  await caller.hears("vm-intro");
  await caller.hangsUp();
  await world.mailbox(box).has({ new: 1 });
});

scenario("the operator takes the call, and waiting keeps the message", async (world) => {
  const caller = await world.caller();
  const box = await say(world, caller, 4);
  await caller.presses("0");
  await caller.hears("vm-saveoper", "vm-msgsaved", "transfer");
  await caller.isHungUpOn();
  await world.mailbox(box).has({ new: 1 });
});

scenario("who takes the message back on the way to the operator has left none", async (world) => {
  const caller = await world.caller();
  const box = await say(world, caller, 4);
  await caller.presses("0");
  await caller.hears("vm-saveoper");
  await caller.presses("7");
  await caller.hears("vm-deleted", "transfer");
  await caller.isHungUpOn();
  await world.mailbox(box).staysEmpty();
});

scenario(
  "the program dies while a message is recorded again",
  async (world) => {
    const caller = await world.caller();
    const box = await say(world, caller, 8);
    await sayAgain(caller);
    await caller.speaks(4);
    await world.program.kill();
    await caller.hangsUp();
    await world.program.start();
    await world.mailbox(box).has({ new: 1 });
    const [message] = await world.mailbox(box).messages();
    expect(message?.duration).toBeLessThan(8);
  },
  { alone: true },
);
