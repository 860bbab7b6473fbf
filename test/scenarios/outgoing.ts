import { expect } from "vitest";
import { expectVoice } from "./caller.ts";
import { hearMessage, logIn, sayGoodbye, youHave } from "./owner.ts";
import { scenario } from "./scenario.ts";
import { digits, type Telephone } from "./world.ts";

/** Owners who answer: messages and calls out of the mailbox. */

async function speak(owner: Telephone): Promise<void> {
  await owner.hears("vm-intro");
  await owner.presses("#");
  await owner.hears("beep");
  await owner.isRecorded();
  await owner.speaks(3);
  await owner.presses("#");
  await owner.hears("auth-thankyou");
}

scenario("a reply is left in the mailbox of who sent the message", async (world) => {
  const [box, other] = [world.box(), world.box()];
  const owner = await world.owner(box);
  await hearMessage(world, owner, box, await world.owner(other));
  await owner.presses("3");
  await owner.hears("vm-toreply");
  await owner.presses("1");
  await speak(owner);
  await owner.hangsUp();
  await world.mailbox(other).has({ new: 1 });
  const [message] = await world.mailbox(other).messages();
  expect(message?.caller.number).toBe(box);
  expectVoice(message?.voice, owner.voice);
});

scenario("nobody can be answered who has no mailbox", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await hearMessage(world, owner, box);
  await owner.presses("3");
  await owner.hears("vm-toreply");
  await owner.presses("1");
  await owner.hears("vm-nobox");
  await owner.hangsUp();
});

scenario("the sender of a message is called back", async (world) => {
  const box = world.box("open");
  const owner = await world.owner(box);
  await hearMessage(world, owner, box, await world.caller({ number: "5551234" }));
  await owner.presses("3");
  await owner.hears("vm-toreply", "vm-tocallback");
  await owner.presses("2");
  await owner.hears("vm-num-i-have", ...digits("5551234"), "vm-tocallnum");
  await owner.presses("1");
  await owner.hears("vm-dialout");
  await owner.reaches("exits/5551234");
  await world.mailbox(box).has({ old: 1 });
});

scenario("an owner calls a number that is allowed, and no other", async (world) => {
  const box = world.box("open");
  const owner = await world.owner(box);
  await logIn(world, owner, box);
  await owner.hears(...youHave.nothing);
  await owner.presses("3");
  await owner.hears("vm-tomakecall");
  await owner.presses("4");
  await owner.hears("vm-enter-num-to-call");
  await owner.presses("911#");
  await owner.hears("voxpost/not-allowed", "vm-enter-num-to-call");
  await owner.presses("5559999#");
  await owner.hears("pbx-invalid", "vm-enter-num-to-call");
  await owner.presses("5551234#");
  await owner.hears("vm-dialout");
  await owner.reaches("exits/5551234");
  expect(owner.variable("VMSTATUS")).toBe("SUCCESS");
});

scenario("an owner sends a message to somebody", async (world) => {
  const [box, other] = [world.box("open"), world.box()];
  const owner = await world.owner(box);
  await logIn(world, owner, box);
  await owner.hears(...youHave.nothing);
  await owner.presses("3");
  await owner.hears("vm-tomakecall", "vm-leavemsg");
  await owner.presses("5");
  await owner.hears("vm-forward");
  await owner.presses("1");
  await owner.hears("vm-extension");
  await owner.presses(`${other}#`);
  await owner.hears(...digits(other));
  await speak(owner);
  await owner.hears("vm-opts");
  await sayGoodbye(owner);
  await world.mailbox(other).has({ new: 1 });
  const [message] = await world.mailbox(other).messages();
  expectVoice(message?.voice, owner.voice);
});
