import { VoxpostError } from "../../errors.ts";
import { formatMailbox } from "../../model/mailbox.ts";
import type { Engine, Ref } from "../engine.ts";
import { flagChangeSchema, moveSchema } from "../engines/http/protocol.ts";
import { sendBytes } from "./bytes.ts";
import { checkIfMatch, etagOf } from "./conditions.ts";
import { toMessage } from "./messages.ts";
import { badRequest } from "./problems.ts";
import { type Asked, toWireKey } from "./requests.ts";
import type { Rooms, Route } from "./route.ts";
import { storeMessage } from "./storing.ts";

/** Most parts of one message that are told of. */
const PARTS = 100;

/** Messages: audio in, audio out, and what can change. */
export const messageRoutes: readonly Route[] = [
  {
    method: "put",
    path: "/v1/mailboxes/:address/uploads/:upload",
    needs: "writable",
    async run({ mailbox, upload, body }, { uploads }) {
      await uploads.keep(mailbox, upload, body);
      return undefined;
    },
  },
  {
    method: "put",
    path: "/v1/mailboxes/:address/messages/:id",
    needs: "writable",
    async run(asked, rooms) {
      const entry = await storeMessage(asked, rooms);
      return { status: 201, headers: { etag: etagOf(entry.envelope) }, json: toMessage(entry) };
    },
  },
  {
    method: "patch",
    path: "/v1/mailboxes/:address/folders/:folder/messages/:key",
    needs: "writable",
    async run(asked, rooms) {
      const { heard, urgent } = await asked.json(flagChangeSchema);
      const change = { ...(heard !== undefined && { heard }), ...(urgent !== undefined && { urgent }) };
      await changing(asked, rooms, (engine, ref) => engine.setFlags(ref, change, asked.signal));
      return undefined;
    },
  },
  {
    method: "delete",
    path: "/v1/mailboxes/:address/folders/:folder/messages/:key",
    needs: "writable",
    async run(asked, rooms) {
      try {
        await changing(asked, rooms, (engine, ref) => engine.remove(ref, asked.signal));
      } catch (error) {
        if (!(error instanceof VoxpostError) || error.code !== "MESSAGE_UNKNOWN") throw error;
      }
      return undefined;
    },
  },
  {
    method: "post",
    path: "/v1/mailboxes/:address/folders/:folder/messages/:key/move",
    needs: "writable",
    async run(asked, rooms) {
      const { folder: to } = await asked.json(moveSchema);
      const ref = await changing(asked, rooms, async (engine, from) =>
        to === from.folder ? from : engine.move(from, to, asked.signal),
      );
      return { json: { folder: ref.folder, key: toWireKey(ref.key) } };
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes/:address/folders/:folder/messages/:key/text",
    needs: "texts",
    async run({ ref, signal }, { engine }) {
      const text = await engine.readText?.(ref, signal);
      return text === undefined ? undefined : { json: { text } };
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes/:address/folders/:folder/messages/:key/extras",
    needs: "extras",
    async run(asked, { engine }) {
      const stream = await engine.readExtras?.(asked.ref, asked.signal);
      if (!stream) return undefined;
      await sendBytes(asked, { contentType: "message/rfc822", stream }, {});
      return "sent";
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes/:address/folders/:folder/messages/:key/audio/:part",
    async run(asked, { engine }) {
      const { ref, part: number } = asked;
      const parts = await engine.read(ref, asked.signal);
      const part = parts[number - 1];
      const count = Math.min(parts.length, PARTS);
      for (const other of parts) if (other !== part) other.stream.destroy();
      if (count === 0) throw new VoxpostError("MESSAGE_MALFORMED", "The message has no audio");
      if (!part) throw badRequest(`The message has ${count} parts`);
      await sendBytes(asked, part, { "audio-parts": String(count), "audio-kind": part.kind });
      return "sent";
    },
  },
];

/** Changes to one message take turns, so that nothing comes between a condition and what it allows. */
function changing<T>(
  asked: Asked,
  { engine, turns }: Rooms,
  change: (engine: Engine, ref: Ref) => Promise<T>,
): Promise<T> {
  const { ref, signal } = asked;
  return turns.take(`${formatMailbox(ref.mailbox)} ${ref.folder} ${ref.key}`, async () => {
    await checkIfMatch(engine, ref, asked.header("if-match"), signal);
    return change(engine, ref);
  });
}
