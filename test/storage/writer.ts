import { writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { createEngine } from "../../src/storage/registry.ts";
import { newMessage, recordingLog, sound } from "./samples.ts";

/**
 * A program of its own, to be killed or starved by crash.ts: appends to the store of the tree in VOXPOST_TREE, moves
 * every third message to Work, replaces a greeting, and says on standard output, a line each, what is done.
 */
const [count = "0", bytes = "0"] = process.argv.slice(2);
const mailbox = { mailbox: "1001", context: "default" };
const tree = JSON.parse(process.env.VOXPOST_TREE ?? "");
const engine = createEngine(tree, { folder: tmpdir(), log: recordingLog().log });
await engine.open();

for (let index = 0; index < Number(count); index++) {
  const voice = Buffer.alloc(Number(bytes), index % 251);
  const audio = [sound(voice), sound(voice, { kind: "comment", contentType: "audio/gsm" })];
  try {
    const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox, { audio }));
    if (index % 3 === 0) await engine.move(ref, "Work");
    if (index % 3 === 1) await engine.setFlags(ref, { heard: true });
    await engine.writeGreeting?.(mailbox, "busy", sound(voice));
    say(`stored ${envelope.id} ${index % 251}`);
  } catch (error) {
    say(`failed ${error instanceof Error && "code" in error ? error.code : error}`);
  }
}
await engine.close();

/** Straight to the system: nothing may wait in a buffer when the kill comes. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
