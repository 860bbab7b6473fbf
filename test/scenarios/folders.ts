import { hearMessage, logIn, sayGoodbye, youHave } from "./owner.ts";
import { scenario } from "./scenario.ts";

/** Where messages lie, and how they come back. */

scenario("a deleted message is gone after the call, and is got back by telephone", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await hearMessage(world, owner, box);
  await owner.presses("7");
  await owner.hears("vm-deleted");
  await sayGoodbye(owner);
  await world.mailbox(box).has({ old: 1 }, "Trash");
  await world.mailbox(box).has({});
  await owner.lampShows({ new: 0, old: 0 });
  await logIn(world, owner, box);
  await owner.hears(...youHave.nothing);
  await owner.presses("3");
  await owner.hears("vm-starmain");
  await owner.presses("6");
  await owner.hears("voxpost/deleted");
  await owner.presses("1");
  await owner.hears("vm-first", "vm-message");
  await owner.presses("7");
  await owner.hears("vm-undeleted");
  await owner.hangsUp();
  await world.mailbox(box).has({ old: 1 });
  await world.mailbox(box).has({}, "Trash");
});

scenario("a message is saved to a folder that the site has named, and heard there", async (world) => {
  const box = world.box("folders");
  const owner = await world.owner(box);
  await hearMessage(world, owner, box);
  await owner.presses("9");
  await owner.hears("vm-savefolder");
  await owner.presses("5");
  await owner.hears("vm-message", "digits/1", "vm-savedto", "auth-thankyou", "vm-nomore");
  await owner.presses("2");
  await owner.hears("vm-changeto");
  await owner.presses("5");
  await owner.hears("auth-thankyou");
  await owner.presses("1");
  await owner.hears("vm-first", "vm-message");
  await owner.hangsUp();
  await world.mailbox(box).has({ old: 1 }, "Cust1");
  await world.mailbox(box).has({});
});

scenario("a heard message is made new again", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await hearMessage(world, owner, box);
  await owner.presses("9");
  await owner.hears("vm-savefolder");
  await owner.presses("0");
  await owner.hears("vm-message", "digits/1", "vm-savedto", "vm-INBOX", "vm-messages");
  await owner.hangsUp();
  await world.mailbox(box).has({ new: 1 });
  await owner.lampShows({ new: 1, old: 0 });
});
