import { VoxpostError } from "../../errors.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { ByteSource } from "../../model/message.ts";
import type { Entry } from "../engine.ts";
import { defined, newMessageSchema } from "../engines/http/protocol.ts";
import { HttpError } from "./problems.ts";
import type { Asked } from "./requests.ts";
import type { Rooms } from "./route.ts";
import type { Uploads } from "./uploads.ts";

/** Mail servers search by date, in a time zone of their own. */
const MARGIN_MS = 48 * 3_600_000;

/**
 * Stores what was uploaded as a message, once: whoever brings the same id at the same time waits, and finds it stored.
 * @throws HttpError 409, 412, 428
 */
export async function storeMessage(asked: Asked, { engine, uploads, turns }: Rooms): Promise<Entry> {
  const { mailbox, id, signal } = asked;
  if (asked.header("if-none-match") !== "*") {
    throw new HttpError(428, "A message is stored with If-None-Match: * only");
  }
  const { folder, caller, audio, extras, ...about } = await asked.json(newMessageSchema);
  if (extras && !engine.readExtras) {
    throw new VoxpostError("UNSUPPORTED", `${engine.name} does not have "extras"`);
  }
  const names = [...audio, ...(extras ? [extras] : [])].map(({ upload }) => upload);
  return turns.take(`${formatMailbox(mailbox)} ${id}`, async () => {
    const since = new Date(Math.max(0, about.receivedAt.getTime() - MARGIN_MS));
    const [stored] = await engine.find(mailbox, { id, receivedSince: since }, signal);
    if (stored) {
      await uploads.remove(mailbox, names);
      throw new HttpError(412, `The message is in ${stored.ref.folder} already; nothing was done`);
    }
    const message = {
      ...defined(about),
      id,
      mailbox,
      caller: defined(caller),
      audio: audio.map(({ kind, contentType, duration, ...sent }) =>
        defined({ kind, contentType, duration, ...sourceOf(uploads, mailbox, sent) }),
      ),
      ...(extras && { extras: sourceOf(uploads, mailbox, extras) }),
    };
    const entry = await engine.append(folder, message, signal);
    await uploads.remove(mailbox, names);
    return entry;
  });
}

function sourceOf(uploads: Uploads, mailbox: MailboxAddress, { upload, ...sent }: Sent): ByteSource {
  const got = uploads.find(mailbox, upload);
  if (got?.bytes === sent.bytes && got.sha256 === sent.sha256) return { open: got.open };
  const what = got ? "is not what was sent" : "is not here, or not any more";
  throw new HttpError(409, `Upload ${upload} ${what}; send it again`, { retryable: true });
}

type Sent = NonNullable<ReturnType<typeof newMessageSchema.parse>["extras"]>;
