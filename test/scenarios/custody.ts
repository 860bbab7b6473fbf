import { expect } from "vitest";
import { expectVoice, leaveMessage, skipToBeep } from "./caller.ts";
import { hearMessage } from "./owner.ts";
import { scenario } from "./scenario.ts";
import { digits } from "./world.ts";

/** Nobody's words are lost, whatever is down. */

scenario("a message for two mailboxes arrives in both", async (world) => {
  const { extension, boxes } = world.pair;
  const caller = await world.caller();
  await caller.dials(extension);
  await caller.hears("vm-theperson", ...digits(boxes[0]), "vm-isunavail", "vm-intro", "beep");
  await caller.isRecorded();
  await caller.speaks(3);
  await caller.hangsUp();
  for (const box of boxes) {
    await world.mailbox(box).has({ new: 1 });
    const [message] = await world.mailbox(box).messages();
    expectVoice(message?.voice, caller.voice);
  }
});

scenario(
  "the program dies while a caller speaks",
  async (world) => {
    const box = world.box();
    const caller = await world.caller();
    await skipToBeep(caller, box);
    await caller.speaks(3);
    await world.program.kill();
    await caller.speaks(3);
    await caller.hangsUp();
    await world.program.start();
    await world.mailbox(box).has({ new: 1 });
    const [message] = await world.mailbox(box).messages();
    expect(message?.duration).toBeGreaterThanOrEqual(5);
    expectVoice(message?.voice, caller.voice);
  },
  { alone: true },
);

scenario(
  "a message is left while no program runs at all",
  async (world) => {
    const box = world.box();
    const caller = await world.caller({ name: "Ann Example" });
    await world.program.kill();
    await caller.dials(box);
    // Greeting, instructions and beep, from the dialplan alone.
    await caller.isSilent(16);
    await caller.speaks(4);
    await caller.hangsUp();
    await world.program.start();
    await world.mailbox(box).has({ new: 1 });
    const [message] = await world.mailbox(box).messages();
    expect(message?.caller).toEqual({ number: caller.number, name: "Ann Example" });
    expect(message?.voice).toBeGreaterThan(0);
  },
  { alone: true },
);

scenario(
  "Redis is down while a message is left",
  async (world) => {
    const box = world.box();
    await world.redis.kill();
    await leaveMessage(world, box, undefined, 3);
    await world.redis.start();
    await world.mailbox(box).has({ new: 1 });
  },
  { alone: true },
);

scenario(
  "Redis is down while a message is sent on as it is",
  async (world) => {
    const [box, other] = [world.box(), world.box()];
    const [owner, caller] = [await world.owner(box), await world.caller()];
    await hearMessage(world, owner, box, caller);
    await owner.presses("8");
    await owner.hears("vm-extension");
    await owner.presses(`${other}#`);
    await owner.hears(...digits(other), "vm-forwardoptions");
    await world.redis.kill();
    await owner.presses("2");
    await owner.hears("vm-msgforwarded");
    await owner.hangsUp();
    await world.redis.start();
    await world.mailbox(other).has({ new: 1 });
    const [message] = await world.mailbox(other).messages();
    expect(message?.comment).toBeUndefined();
    expectVoice(message?.voice, caller.voice);
  },
  { alone: true },
);

scenario(
  "the mail server is down while a message is left",
  async (world) => {
    const box = world.box();
    await world.imap.kill();
    await leaveMessage(world, box, undefined, 3);
    await world.imap.start();
    await world.mailbox(box).has({ new: 1 });
  },
  { alone: true, only: "real", because: "the simulated world stores in files" },
);
