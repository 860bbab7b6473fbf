import { isCode, VoxpostError } from "../../errors.ts";
import type { GreetingKind } from "../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { AudioSource } from "../../model/message.ts";
import type { Engine } from "../engine.ts";
import { weigh } from "./weigh.ts";

/** Copies a greeting, if there is one, and reads it back. @throws VoxpostError as `writeGreetingVerified` does */
export async function copyGreeting(
  from: Engine,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  to: Engine,
  signal?: AbortSignal,
): Promise<void> {
  const part = await from.readGreeting?.(mailbox, kind, signal);
  if (!part) return;
  const { stream, ...info } = part;
  stream.on("error", () => {}).destroy();
  const open = async (alive?: AbortSignal) => {
    const again = await from.readGreeting?.(mailbox, kind, alive);
    if (again) return again.stream;
    throw new VoxpostError("MESSAGE_UNKNOWN", `The greeting "${kind}" was removed while it was copied`);
  };
  await writeGreetingVerified(to, mailbox, kind, { ...info, open }, signal);
}

/** Writes a greeting and reads it back. @throws VoxpostError UNSUPPORTED; STORE_REFUSED when that is not the same */
export async function writeGreetingVerified(
  to: Engine,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  source: AudioSource,
  signal?: AbortSignal,
): Promise<void> {
  if (!to.writeGreeting) throw new VoxpostError("UNSUPPORTED", `${to.name} keeps no greetings`);
  await to.writeGreeting(mailbox, kind, source, signal);
  const { sha256 } = await weigh({ ...source, stream: await source.open(signal) }, signal);
  if ((await greetingDigest(to, mailbox, kind, signal)) === sha256) return;
  throw new VoxpostError(
    "STORE_REFUSED",
    `${to.name} does not give back what it was given of the greeting "${kind}" of ${formatMailbox(mailbox)}`,
  );
}

/** SHA-256 of its audio; undefined when there is no such greeting, or no such mailbox. */
export async function greetingDigest(
  engine: Engine,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    const part = await engine.readGreeting?.(mailbox, kind, signal);
    return part && (await weigh(part, signal)).sha256;
  } catch (error) {
    if (isCode(error, "MAILBOX_UNKNOWN")) return undefined;
    throw error;
  }
}
