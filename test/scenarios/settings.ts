import { logIn, youHave } from "./owner.ts";
import { scenario } from "./scenario.ts";
import { digits, type Telephone, type World } from "./world.ts";

/** What owners change by telephone. */

/** Logs in and goes to the mailbox options. */
async function openOptions(world: World, owner: Telephone, box: string): Promise<void> {
  await logIn(world, owner, box);
  await owner.hears(...youHave.nothing, "vm-opts");
  await owner.presses("0");
  await owner.hears("vm-options");
}

async function recordUnavailable(owner: Telephone): Promise<void> {
  await owner.presses("1");
  await owner.hears("vm-rec-unv");
  await owner.presses("#");
  await owner.hears("beep");
  await owner.isRecorded();
  await owner.speaks(3);
  await owner.presses("#");
  await owner.hears("auth-thankyou", "vm-review");
}

scenario("the next caller hears the greeting that the owner has just recorded", async (world) => {
  const box = world.box();
  const [owner, caller] = [await world.owner(box), await world.caller()];
  await openOptions(world, owner, box);
  await recordUnavailable(owner);
  await owner.presses("2");
  await owner.hears("(recording)", "vm-review");
  await owner.presses("1");
  await owner.hears("vm-msgsaved");
  await owner.hangsUp();
  await caller.dials(box);
  await caller.hears("(audio)", "vm-intro");
  await caller.hangsUp();
  await world.mailbox(box).greets("unavailable");
});

scenario("the owner hears a greeting and erases it", async (world) => {
  const box = world.box();
  const [owner, caller] = [await world.owner(box), await world.caller()];
  await openOptions(world, owner, box);
  await recordUnavailable(owner);
  await owner.presses("1");
  await owner.hears("vm-msgsaved", "vm-options");
  await owner.presses("6");
  await owner.hears("vm-press", "digits/1", "voxpost/to-hear-unavailable");
  await owner.presses("1");
  await owner.hears("(audio)");
  await owner.presses("7");
  await owner.hears("voxpost/greeting-erased", "vm-options");
  await owner.hangsUp();
  await caller.dials(box);
  await caller.hears("vm-theperson", ...digits(box));
  await caller.hangsUp();
});

scenario("who hangs up in the review keeps the greeting as it was", async (world) => {
  const box = world.box();
  const [owner, caller] = [await world.owner(box), await world.caller()];
  await openOptions(world, owner, box);
  await recordUnavailable(owner);
  await owner.hangsUp();
  await caller.dials(box);
  await caller.hears("vm-theperson");
  await caller.hangsUp();
});

scenario(
  "a greeting that is recorded while the mail server is down is heard at once, and stored later",
  async (world) => {
    const box = world.box();
    const [owner, caller] = [await world.owner(box), await world.caller()];
    await openOptions(world, owner, box);
    await world.imap.kill();
    await recordUnavailable(owner);
    await owner.presses("1");
    await owner.hears("vm-msgsaved");
    await owner.hangsUp();
    await caller.dials(box);
    await caller.hears("(audio)", "vm-intro");
    await caller.hangsUp();
    await world.program.kill();
    await world.program.start();
    await caller.dials(box);
    await caller.hears("(audio)", "vm-intro");
    await caller.hangsUp();
    await world.imap.start();
    await world.mailbox(box).greets("unavailable");
  },
  { alone: true, only: "real", because: "the simulated world stores in files" },
);

scenario(
  "a PIN that was changed by telephone opens the mailbox, also after a restart, and the old one does not",
  async (world) => {
    const box = world.box();
    const owner = await world.owner(box);
    await openOptions(world, owner, box);
    await owner.presses("5");
    await owner.hears("vm-newpassword");
    await owner.presses("1234#");
    await owner.hears("vm-invalid-password", "vm-pls-try-again", "vm-options");
    await owner.presses("5");
    await owner.hears("vm-newpassword");
    await owner.presses("825064#");
    await owner.hears("vm-reenterpassword");
    await owner.presses("825064#");
    await owner.hearsItOut();
    await owner.hangsUp();
    await world.program.kill();
    await world.program.start();
    await logIn(world, owner, box);
    await owner.hears("vm-incorrect-mailbox");
    await owner.presses(`${box}#`);
    await owner.hears("vm-password");
    await owner.presses("825064#");
    await owner.hears(...youHave.nothing);
    await owner.hangsUp();
  },
  { alone: true },
);
