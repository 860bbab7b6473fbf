import { expect } from "vitest";
import { receiveMessage } from "./caller.ts";
import { scenario } from "./scenario.ts";
import { digits } from "./world.ts";

/** What the dialplan can call besides leaving and listening, and their options. */

scenario("authenticate tells the dialplan who the caller is", async (world) => {
  const box = world.box();
  const caller = await world.caller({ number: "5550191" });
  await caller.dials("authenticate*");
  await caller.hears("vm-login");
  await caller.presses(`${box}#`);
  await caller.hears("vm-password");
  await caller.presses(`${world.pin}#`);
  await caller.hears("auth-thankyou");
  await caller.reaches("after/s");
  expect(caller.variable("AUTH_MAILBOX")).toBe(box);
  expect(caller.variable("AUTH_CONTEXT")).toBe("default");
});

scenario("authenticate hangs up on who does not know the PIN", async (world) => {
  const box = world.box();
  const caller = await world.caller({ number: "5550192" });
  await caller.dials(`authenticate*${box}`);
  await caller.hears("vm-password");
  for (let attempt = 0; attempt < 2; attempt++) {
    await caller.presses("000000#");
    await caller.hears("vm-incorrect", "vm-password");
  }
  await caller.presses("000000#");
  await caller.hears("vm-incorrect");
  await caller.isHungUpOn();
  expect(caller.variable("AUTH_MAILBOX")).toBe("");
});

scenario("a mailbox's name is said, or else its number", async (world) => {
  const box = world.box();
  const caller = await world.caller();
  await caller.dials(`sayname*${box}`);
  await caller.hears("vm-extension", ...digits(box));
  await caller.reaches("after/s");
});

scenario("one message is played by its id, and stays new", async (world) => {
  const box = world.box();
  await receiveMessage(world, box);
  const [message] = await world.mailbox(box).messages();
  const caller = await world.caller();
  await caller.dials(`play*${box}*${message?.id}`);
  await caller.hears("(audio)");
  await caller.reaches("after/s");
  expect(caller.variable("VOICEMAIL_PLAYBACKSTATUS")).toBe("SUCCESS");
  await world.mailbox(box).has({ new: 1 });
});

scenario("a message that there is not fails", async (world) => {
  const caller = await world.caller();
  await caller.dials(`play*${world.box()}*${"0".repeat(32)}`);
  await caller.reaches("after/s");
  expect(caller.variable("VOICEMAIL_PLAYBACKSTATUS")).toBe("FAILED");
});

scenario("somebody is found by name and dialled", async (world) => {
  const box = world.box("named");
  const caller = await world.caller();
  await caller.dials("directory*default*exits*e");
  await caller.hears("dir-welcome", "dir-pls-enter", "digits/3", "dir-last", "dir-usingkeypad");
  // Quill
  await caller.presses("784");
  await caller.hears("letters/z", "letters/o", "letters/r", "letters/a");
  await caller.presses("1");
  await caller.reaches(`exits/${box}`);
  expect(caller.variable("DIRECTORY_RESULT")).toBe("SELECTED");
});

scenario("option s lets a trusted caller in, and option a plays at once", async (world) => {
  const box = world.box();
  await receiveMessage(world, box);
  const owner = await world.owner(box);
  await owner.dials(`retrieve*${box}*sa`);
  await owner.hears("vm-first", "vm-message", "vm-received");
  await owner.presses("1");
  await owner.hears("(audio)", "vm-advopts");
  await owner.presses("#");
  await owner.hears("vm-goodbye");
  await owner.reaches("after/s");
  expect(owner.variable("VMSTATUS")).toBe("SUCCESS");
  await world.mailbox(box).has({ old: 1 });
});

scenario("option a with nothing to play says so and ends", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await owner.dials(`retrieve*${box}*sa`);
  await owner.hears("vm-youhave", "vm-no", "vm-INBOX", "vm-messages", "vm-goodbye");
  await owner.reaches("after/s");
});

scenario("option r deletes nothing", async (world) => {
  const box = world.box();
  await receiveMessage(world, box);
  const owner = await world.owner(box);
  await owner.dials(`retrieve*${box}*sr`);
  await owner.hears("vm-youhave");
  await owner.presses("1");
  await owner.hears("vm-first");
  await owner.presses("7");
  await owner.hears("vm-sorry");
  await owner.hangsUp();
  await world.mailbox(box).has({ new: 1 });
});
