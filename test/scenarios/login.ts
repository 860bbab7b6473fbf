import { logIn, sayGoodbye, youHave } from "./owner.ts";
import { scenario } from "./scenario.ts";

scenario("mailbox and PIN are typed ahead", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await owner.dials("*98");
  await owner.presses(`${box}#${world.pin}#`);
  await owner.hearsItOut();
  await sayGoodbye(owner);
});

scenario("from one's own phone only the PIN is asked for", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await owner.dials("*97");
  await owner.hears("vm-password");
  await owner.presses(`${world.pin}#`);
  await owner.hears(...youHave.nothing);
  await owner.hangsUp();
});

scenario("a wrong PIN, then the right one", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await owner.dials("*98");
  await owner.hears("vm-login");
  await owner.presses(`${box}#`);
  await owner.hears("vm-password");
  await owner.presses("000000#");
  await owner.hears("vm-incorrect-mailbox");
  await owner.presses(`${box}#`);
  await owner.hears("vm-password");
  await owner.presses(`${world.pin}#`);
  await owner.hears(...youHave.nothing);
  await owner.hangsUp();
});

scenario("three wrong PINs end the call", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await owner.dials("*98");
  await owner.hears("vm-login");
  for (let attempt = 0; attempt < 3; attempt++) {
    await owner.presses(`${box}#`);
    await owner.hears("vm-password");
    await owner.presses("000000#");
    if (attempt < 2) await owner.hears("vm-incorrect-mailbox");
  }
  await owner.hears("vm-incorrect", "vm-goodbye");
  await owner.isHungUpOn();
});

scenario("a mailbox that does not exist is answered like a wrong PIN", async (world) => {
  const caller = await world.caller({ number: "5550190" });
  await caller.dials("*98");
  await caller.hears("vm-login");
  await caller.presses("4711#");
  await caller.hears("vm-password");
  await caller.presses("000000#");
  await caller.hears("vm-incorrect-mailbox");
  await caller.hangsUp();
});

scenario("who says nothing is let go", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await logIn(world, owner, box);
  await owner.hears(...youHave.nothing);
  await owner.isHungUpOn();
});
