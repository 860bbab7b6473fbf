import { expect } from "vitest";
import { leaveMessage, receiveMessage } from "./caller.ts";
import { logIn, openInbox, sayGoodbye, today, youHave } from "./owner.ts";
import { scenario } from "./scenario.ts";
import { digits, type HeardMessage } from "./world.ts";

const utcDay = (time: Date) => time.toISOString().slice(0, 10);

/** How its time is told: what was left just before midnight is of yesterday by now. */
function told(message: HeardMessage | undefined): string[] {
  const time = message?.receivedAt ?? new Date(0);
  const [, ...clock] = today(time);
  const isToday = utcDay(new Date()) === utcDay(time);
  return [isToday ? "digits/today" : "digits/yesterday", ...clock];
}

scenario("no messages", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await logIn(world, owner, box);
  await owner.hears(...youHave.nothing);
  await sayGoodbye(owner);
});

scenario("the owner hears a message, and the lamp goes out", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await leaveMessage(world, box);
  await owner.lampShows({ new: 1, old: 0 });
  const [message] = await world.mailbox(box).messages();
  await logIn(world, owner, box);
  await owner.hears(...youHave.oneNew);
  await owner.presses("1");
  await owner.hears("vm-first", "vm-message", "vm-received", ...told(message).slice(0, 2));
  await owner.presses("1");
  await owner.hears("(audio)");
  await owner.hearsItOut();
  await sayGoodbye(owner);
  await world.mailbox(box).has({ old: 1 });
  await owner.lampShows({ new: 0, old: 1 });
});

scenario("who hangs up while a message is played has heard it", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await receiveMessage(world, box, undefined, 8);
  await openInbox(world, owner, box);
  await owner.presses("1");
  await owner.hears("(audio)");
  await owner.isSilent(1);
  await owner.hangsUp();
  await world.mailbox(box).has({ old: 1 });
});

scenario("one new and one old message", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await receiveMessage(world, box);
  await openInbox(world, owner, box);
  await owner.presses("1");
  await owner.hears("(audio)");
  await owner.hearsItOut();
  await owner.hangsUp();
  await world.mailbox(box).has({ old: 1 });
  await leaveMessage(world, box);
  await world.mailbox(box).has({ new: 1, old: 1 });
  await logIn(world, owner, box);
  await owner.hears(...youHave.oneNewOneOld);
  await owner.hangsUp();
});

scenario("next and previous stop at the ends", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await receiveMessage(world, box);
  await leaveMessage(world, box);
  await world.mailbox(box).has({ new: 2 });
  await logIn(world, owner, box);
  await owner.hears(...youHave.twoNew);
  await owner.presses("1");
  await owner.hears("vm-first", "vm-message");
  await owner.presses("4");
  await owner.hears("vm-nomore");
  await owner.presses("6");
  await owner.hears("vm-last", "vm-message");
  await owner.presses("6");
  await owner.hears("vm-nomore");
  await owner.presses("4");
  await owner.hears("vm-first", "vm-message");
  await owner.hangsUp();
});

scenario("a deleted message can be got back, until the call ends", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await leaveMessage(world, box);
  await owner.lampShows({ new: 1, old: 0 });
  await openInbox(world, owner, box);
  await owner.presses("7");
  await owner.hears("vm-deleted");
  await owner.presses("7");
  await owner.hears("vm-undeleted");
  await owner.presses("7");
  await owner.hears("vm-deleted");
  await owner.hangsUp();
  await world.mailbox(box).has({ new: 0 });
  await world.mailbox(box).has({ new: 1 }, "Trash");
  await owner.lampShows({ new: 0, old: 0 });
});

scenario("a message is saved to a folder", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await receiveMessage(world, box);
  await openInbox(world, owner, box);
  await owner.presses("1");
  await owner.hears("(audio)");
  await owner.hearsItOut();
  await owner.presses("9");
  await owner.hears("vm-savefolder");
  await owner.presses("2");
  await owner.hears("vm-message", "digits/1", "vm-savedto", "vm-Work", "vm-messages");
  await owner.hangsUp();
  await world.mailbox(box).has({ old: 1 }, "Work");
  await world.mailbox(box).has({});
});

scenario("date and caller are told on request", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await receiveMessage(world, box, await world.caller({ number: "5550177" }));
  const [message] = await world.mailbox(box).messages();
  await openInbox(world, owner, box);
  await owner.presses("3");
  await owner.hears("vm-toreply", "vm-tohearenv");
  await owner.presses("3");
  await owner.hears("vm-received", ...told(message));
  await owner.hears("vm-from-phonenumber", ...digits("5550177"));
  await owner.hangsUp();
});

scenario("who called is told before a message, where the owner wants it", async (world) => {
  const box = world.box("saycid");
  const owner = await world.owner(box);
  await receiveMessage(world, box, await world.caller({ number: "5550178" }));
  const [message] = await world.mailbox(box).messages();
  await logIn(world, owner, box);
  await owner.hears(...youHave.oneNew);
  await owner.presses("1");
  await owner.hears("vm-first", "vm-message", "vm-received", ...told(message));
  await owner.hears("vm-from-phonenumber", ...digits("5550178"), "(audio)");
  await owner.hangsUp();
});

scenario("help tells all keys", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  const folders = ["vm-onefor", "vm-INBOX", "vm-messages", "vm-opts"];
  await receiveMessage(world, box);
  await logIn(world, owner, box);
  await owner.hears(...youHave.oneNew, ...folders, "vm-helpexit");
  await owner.presses("1");
  await owner.hears("vm-first");
  await owner.presses("1");
  const keys = ["vm-advopts", "vm-repeat", "vm-delete", "vm-toforward", "vm-savemessage", "vm-helpexit"];
  await owner.hears("(audio)", ...keys);
  await owner.presses("*");
  await owner.hears(...folders, ...keys.slice(1));
  await owner.hangsUp();
});

scenario("a message is wound on, back, paused and begun again", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  await receiveMessage(world, box, undefined, 8);
  await openInbox(world, owner, box);
  await owner.presses("1");
  await owner.hears("(audio)");
  await owner.presses("#*0");
  await owner.isSilent(2);
  await owner.presses("02");
  await owner.isSilent(1);
  await owner.presses("7");
  await owner.hears("vm-deleted");
  await owner.hangsUp();
  await world.mailbox(box).has({});
});

scenario("a message longer than the dead man's switch is recorded and heard to its end", async (world) => {
  const box = world.box();
  const owner = await world.owner(box);
  const caller = await world.caller();
  await receiveMessage(world, box, caller, 22);
  const [message] = await world.mailbox(box).messages();
  expect(message?.duration).toBeGreaterThanOrEqual(21);
  await openInbox(world, owner, box);
  await owner.presses("1");
  await owner.hears("(audio)", "vm-advopts");
  await sayGoodbye(owner);
});

scenario("an owner is spoken to in their own language after the login", async (world) => {
  const box = world.box("spanish");
  const owner = await world.owner(box);
  await receiveMessage(world, box);
  await logIn(world, owner, box);
  await owner.hears("vm-youhave", "digits/1M", "vm-message", "vm-INBOX");
  await sayGoodbye(owner);
});
