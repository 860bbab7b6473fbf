import { setTimeout as sleep } from "node:timers/promises";
import { RATE } from "../../src/model/wav.ts";
import type { Chaos } from "./chaos.ts";
import { faultNamed } from "./faults.ts";
import { BOTH } from "./stage.ts";
import { readPcm } from "./tape.ts";

/** The faults under which app_voicemail on IMAP was seen to fail, and those that its callers meet; by name. */
export const NAMED: readonly { readonly name: string; readonly play: (chaos: Chaos) => Promise<void> }[] = [
  { name: "two callers to different mailboxes hang up together", play: together },
  { name: "messages for two mailboxes at once", play: both },
  { name: "Asterisk killed while it records", play: asteriskKilled },
  { name: "Asterisk's disk fills up while it records", play: diskFilled },
  { name: "a program dies under somebody who speaks", play: adopted },
  { name: "200 callers, 45 deposits a second", play: (chaos) => crowd(chaos, 200, 400) },
];

/** The other's words in one's mailbox were the peer's worst fault: here each has a tone of their own. */
export async function together(chaos: Chaos, rounds = 6): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const boxes = ["1041", "1042"];
    const caller = { does: "hang up", seconds: 2.5 } as const;
    await Promise.all(boxes.map((box) => chaos.call({ ...caller, extension: box, boxes: [box] })));
  }
}

export async function both(chaos: Chaos): Promise<void> {
  const caller = { extension: BOTH.extension, boxes: BOTH.boxes } as const;
  await Promise.all((["hang up", "press #"] as const).map((does) => chaos.call({ ...caller, does })));
}

/** What had reached the disk is delivered, its header repaired. */
export async function asteriskKilled(chaos: Chaos): Promise<void> {
  chaos.arm("the recording", faultNamed("Asterisk killed"));
  const caller = { does: "hang up", seconds: 12 } as const;
  const boxes = ["1043", "1044", "1045"];
  await Promise.all(boxes.map((box) => chaos.call({ ...caller, extension: box, boxes: [box] })));
}

/** What had been written is delivered, the callers are let go, and when there is space again all is as before. */
export async function diskFilled(chaos: Chaos): Promise<void> {
  chaos.arm("the recording", { ...faultNamed("Asterisk's disk full"), lasts: [8, 8] });
  const boxes = ["1047", "1048", "1049"];
  const call = (seconds: number) => {
    const caller = { does: "press #", seconds } as const;
    return Promise.all(boxes.map((box) => chaos.call({ ...caller, extension: box, boxes: [box] })));
  };
  await call(16);
  await chaos.healed();
  await call(3);
}

/** Another program sees that nobody looks after the call, and lets the caller finish. */
export async function adopted(chaos: Chaos): Promise<void> {
  chaos.arm("the recording", { ...faultNamed("call program killed"), lasts: [20, 20] });
  const seconds = 30;
  const { plan } = await chaos.call({ extension: "1046", boxes: ["1046"], does: "press #", seconds });
  const said = chaos.stage.tape.kept.filter(({ name }) => name.caller.number === plan.number);
  const recorded = Math.max(...said.map((each) => readPcm(each).length / (2 * RATE)));
  if (recorded < seconds - 2) chaos.complain(`a caller was cut off after ${recorded} of ${seconds} seconds`);
}

/** So many lines, of which each is used again and again; each call lasts about 4.4 s. */
export async function crowd(chaos: Chaos, lines: number, calls: number): Promise<void> {
  const boxes = Array.from({ length: 60 }, (_, index) => String(1001 + index));
  let made = 0;
  const line = async (nth: number) => {
    await sleep((nth * 4_400) / lines);
    while (made < calls) {
      const box = boxes[made++ % boxes.length] ?? "1001";
      const told = await chaos.call({ extension: box, boxes: [box], does: "hang up", seconds: 2.5 });
      if (told.answered && !told.recorded)
        chaos.complain(`caller ${told.plan.number} was answered and not recorded: ${told.why}`);
    }
  };
  await Promise.all(Array.from({ length: lines }, (_, nth) => line(nth)));
}
