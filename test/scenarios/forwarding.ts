import { expect } from "vitest";
import { expectVoice } from "./caller.ts";
import { hearMessage, sayGoodbye } from "./owner.ts";
import { scenario } from "./scenario.ts";
import { digits, type Telephone } from "./world.ts";

/** A message is sent on. */

scenario("a message is forwarded as it is, to several", async (world) => {
  const [box, ...others] = [world.box(), world.box(), world.box()];
  const [owner, caller] = [await world.owner(box), await world.caller({ name: "Ann Example" })];
  await hearMessage(world, owner, box, caller);
  await owner.presses("8");
  await owner.hears("vm-extension");
  await owner.presses(`${others.join("*")}#`);
  await owner.hears(...others.flatMap(digits), "vm-forwardoptions");
  await owner.presses("2");
  await owner.hears("vm-msgforwarded");
  await owner.hangsUp();
  for (const other of others) {
    await world.mailbox(other).has({ new: 1 });
    const [message] = await world.mailbox(other).messages();
    expect(message?.caller).toEqual({ number: caller.number, name: "Ann Example" });
    expect(message?.comment).toBeUndefined();
    expectVoice(message?.voice, caller.voice);
  }
  await world.mailbox(box).has({ old: 1 });
});

scenario("a message is forwarded with words before it", async (world) => {
  const [box, other] = [world.box(), world.box()];
  const [owner, caller] = [await world.owner(box), await world.caller()];
  await hearMessage(world, owner, box, caller);
  await beginsWordsBefore(owner, other);
  await owner.speaks(3);
  await owner.presses("#");
  await owner.hears("vm-msgforwarded");
  await owner.hangsUp();
  await world.mailbox(other).has({ new: 1 });
  const [message] = await world.mailbox(other).messages();
  expectVoice(message?.voice, caller.voice);
  expectVoice(message?.comment, owner.voice);
});

scenario("who hangs up while speaking before a message has not forwarded it", async (world) => {
  const [box, other] = [world.box(), world.box()];
  const owner = await world.owner(box);
  await hearMessage(world, owner, box);
  await beginsWordsBefore(owner, other);
  await owner.speaks(2);
  await owner.hangsUp();
  await world.mailbox(box).has({ old: 1 });
  await world.mailbox(other).staysEmpty();
});

scenario("a recipient is looked up by name", async (world) => {
  const [box, named] = [world.box("open"), world.box("named")];
  const owner = await world.owner(box);
  await hearMessage(world, owner, box);
  await owner.presses("8");
  await owner.hears("vm-forward");
  await owner.presses("2");
  await owner.hears("dir-welcome", "dir-pls-enter");
  await owner.presses("784");
  await owner.hears("letters/z");
  await owner.presses("1");
  await owner.hears(...digits(named), "vm-forwardoptions");
  await owner.presses("2");
  await owner.hears("vm-msgforwarded");
  await owner.hangsUp();
  await world.mailbox(named).has({ new: 1 });
});

scenario("a number that nobody has is told, and a forward can be given up", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await hearMessage(world, owner, box);
  await owner.presses("8");
  await owner.hears("vm-extension");
  await owner.presses("4711#");
  await owner.hears("pbx-invalid", "vm-extension");
  await owner.presses(`${box}#`);
  await owner.hears("pbx-invalid", "vm-extension");
  for (const next of ["vm-extension", "vm-advopts"]) {
    await owner.presses("#");
    await owner.hears(next);
  }
  await sayGoodbye(owner);
});

/** The owner forwards the message just heard to somebody, with words before it, and is being recorded. */
async function beginsWordsBefore(owner: Telephone, other: string): Promise<void> {
  await owner.presses("8");
  await owner.hears("vm-extension");
  await owner.presses(`${other}#`);
  await owner.hears(...digits(other), "vm-forwardoptions");
  await owner.presses("1");
  await owner.hears("vm-record-prepend", "beep");
  await owner.isRecorded();
}
