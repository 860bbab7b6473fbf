import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startPhone } from "../../lab/phone.ts";
import type { Mail } from "./mails.ts";
import type { Stage } from "./stage.ts";

const EVERY_MS = 250;

/** What must not be there when all calls are over and delivered. @returns what is, one line each */
async function look(stage: Stage): Promise<string[]> {
  const { asterisk, commands, lines, tape, data } = stage;
  const keys = await commands.keys("*");
  tape.look();
  const { url, user, password } = asterisk.ari;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const channels = (await (
    await fetch(`${url}/ari/channels`, { headers: { authorization } })
  ).json()) as object[];
  const recorded = files(asterisk.recordings);
  const cached = await asterisk.console("database show MediaCache");
  return [
    ...some("recordings on Asterisk's disk", recorded),
    ...some(
      "jobs",
      keys.filter((key) => /:(wait|active|delayed|failed|completed|prioritized)$/.test(key)),
    ),
    ...some(
      "jobs' own keys",
      keys.filter((key) => /^\{voxpost\}:\w+:(\d+|de:.*)(:lock)?$/.test(key)),
    ),
    ...some(
      "locks",
      keys.filter((key) => key.startsWith("voxpost:lock:")),
    ),
    ...(channels.length > 0 ? [`${channels.length} channels`] : []),
    ...(lines.imap.connections > 0 ? [`${lines.imap.connections} connections to the mail server`] : []),
    ...some(
      "files of deliveries and calls",
      data.flatMap((folder) => ["deliveries", "calls"].flatMap((each) => files(`${folder}/${each}`))),
    ),
    // It may keep pauses and our own sounds.
    ...some(
      "copies of messages in Asterisk's cache",
      cached.split("\n").filter((line) => line.includes("/m/")),
    ),
  ];
}

/** Waits until nothing is left over. @returns what still is after that time */
export async function settle(stage: Stage, withinMs: number): Promise<string[]> {
  const end = Date.now() + withinMs;
  for (;;) {
    const left = await look(stage).catch((error: Error) => [`cannot look: ${error.message}`]);
    if (left.length === 0 || Date.now() > end) return left;
    await sleep(EVERY_MS);
  }
}

/** Asks for the lamp of every mailbox as a phone does, and compares it with the mails. @returns what is wrong */
export async function lamps(
  stage: Stage,
  mails: readonly Mail[],
  boxes: readonly string[],
): Promise<string[]> {
  const wrong = boxes.map(async (box) => {
    const inbox = mails.filter((mail) => mail.box === box && mail.folder === "INBOX");
    const [fresh, old] = [inbox.filter(({ seen }) => !seen).length, inbox.filter(({ seen }) => seen).length];
    const phone = await startPhone({ sip: stage.asterisk.sip, number: box });
    try {
      await phone.subscribe();
      await phone.waitForMwi((mwi) => mwi.newMessages === fresh && mwi.oldMessages === old, 20_000);
      return [];
    } catch (error) {
      return [`lamp of ${box}, which has ${fresh} new and ${old} old messages: ${(error as Error).message}`];
    } finally {
      await phone.close();
    }
  });
  return (await Promise.all(wrong)).flat();
}

function some(what: string, found: readonly string[]): string[] {
  return found.length > 0 ? [`${found.length} ${what}: ${found.slice(0, 5).join(", ")}`] : [];
}

function files(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`);
  } catch {
    return [];
  }
}
