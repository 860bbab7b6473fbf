import { expect } from "vitest";
import { receiveMessage, say, sayAgain, skipToBeep } from "./caller.ts";
import { logIn, sayGoodbye, youHave } from "./owner.ts";
import { type Stage, scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** What Asterisk does wrong on request only. */
const SIMULATED: Stage = { only: "simulated", because: "a real Asterisk makes no faults on request" };

/** After the recording's end. */
function reportHangUpLate({ faults }: World): void {
  for (const event of ["StasisEnd", "ChannelDestroyed", "ChannelHangupRequest"] as const)
    faults.delay(event, 1_000);
  // As the real one says while the channel is still in the dialplan's extension h.
  faults.refuse("channels.record", 409, { message: "Channel not in Stasis application" });
}

scenario(
  "the connection to Asterisk is lost while a caller speaks",
  async (world) => {
    const box = world.box();
    const caller = await world.caller();
    await skipToBeep(caller, box);
    await caller.speaks(2);
    await world.dropSocket();
    await caller.speaks(3);
    await caller.presses("#");
    await caller.hears("auth-thankyou");
    await caller.isHungUpOn();
    await world.mailbox(box).has({ new: 1 });
  },
  SIMULATED,
);

scenario(
  "the connection to Asterisk is lost while a message is heard",
  async (world) => {
    const box = world.box();
    const owner = await world.owner(box);
    await receiveMessage(world, box);
    await logIn(world, owner, box);
    await owner.hears(...youHave.oneNew);
    await world.dropSocket();
    await owner.isSilent(1);
    await owner.presses("1");
    await owner.hearsItOut();
    await sayGoodbye(owner);
  },
  SIMULATED,
);

scenario(
  "a hang-up that is reported after the recording's end is no pause: the job does not wait for the sweep",
  async (world) => {
    const box = world.box();
    const caller = await world.caller();
    await skipToBeep(caller, box);
    await caller.speaks(3);
    reportHangUpLate(world);
    const hungUp = Date.now();
    await caller.hangsUp();
    await world.mailbox(box).has({ new: 1 });
    expect(Date.now() - hungUp, "milliseconds of the clock").toBeLessThan(5_000);
  },
  SIMULATED,
);

scenario(
  "what was said at the second attempt counts, though the hang-up is reported after the recording's end",
  async (world) => {
    const caller = await world.caller();
    const box = await say(world, caller, 6);
    await sayAgain(caller);
    await caller.speaks(2);
    reportHangUpLate(world);
    await caller.hangsUp();
    await world.mailbox(box).has({ new: 1 });
    const [message] = await world.mailbox(box).messages();
    expect(message?.duration).toBeLessThan(4);
  },
  SIMULATED,
);

scenario(
  "the end of the greeting is not reported",
  async (world) => {
    const box = world.box();
    const caller = await world.caller();
    world.faults.lose("PlaybackFinished");
    await caller.dials(box);
    await caller.hears("vm-theperson");
    await caller.isSilent(20);
    await caller.isRecorded();
    await caller.speaks(3);
    await caller.hangsUp();
    await world.mailbox(box).has({ new: 1 });
  },
  SIMULATED,
);

scenario(
  "the end of a recording is not reported",
  async (world) => {
    const box = world.box();
    world.faults.lose("RecordingFinished");
    await receiveMessage(world, box);
  },
  SIMULATED,
);

scenario(
  "every end is reported twice, and a hang-up late",
  async (world) => {
    const box = world.box();
    const owner = await world.owner(box);
    world.faults.duplicate("StasisStart");
    world.faults.duplicate("RecordingFinished");
    world.faults.delay("StasisEnd", 3_000);
    await receiveMessage(world, box);
    await owner.lampShows({ new: 1, old: 0 });
  },
  SIMULATED,
);

scenario(
  "Asterisk refuses the greeting",
  async (world) => {
    const box = world.box();
    const caller = await world.caller();
    world.faults.refuse("channels.playWithId", 500);
    await caller.dials(box);
    await caller.isHungUpOn();
    await world.mailbox(box).staysEmpty();
  },
  SIMULATED,
);

scenario(
  "a recording that Asterisk refuses once is asked for again",
  async (world) => {
    const box = world.box();
    const caller = await world.caller();
    world.faults.refuse("channels.record", 500);
    await skipToBeep(caller, box);
    await caller.speaks(3);
    await caller.hangsUp();
    await world.mailbox(box).has({ new: 1 });
  },
  SIMULATED,
);
