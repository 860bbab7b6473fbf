import type { Line } from "./phone.ts";
import type { World } from "./world.ts";

/** The end of the main menu's prompt in a mailbox without messages. */
export const MAIN = "vm-opts vm-helpexit";

/** An owner in the mailbox options, who goes back and ends the call unless `end` is false; what is heard is told from there on. */
export async function dialOptions(world: World, lines: readonly Line[], end = true) {
  const all: Line[] = [
    [MAIN, "0"],
    ...lines,
    ...(end
      ? ([
          ["vm-options", "*"],
          [MAIN, "#"],
        ] as const)
      : []),
  ];
  const dialogue = await world.retrieve(["1001", "s"], all);
  const from = dialogue.heard.indexOf("> 0") + 1;
  return { ...dialogue, heard: dialogue.heard.slice(from) };
}
