import { randomUUID } from "node:crypto";
import { isCode } from "../../errors.ts";
import { authenticationSchema, headerType } from "../engines/http/protocol.ts";
import { sendBytes } from "./bytes.ts";
import { badRequest } from "./problems.ts";
import type { Asked } from "./requests.ts";
import type { Route } from "./route.ts";

/** A mailbox's greetings, PIN, room and changes: what not every engine has. */
export const mailboxRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/mailboxes/:address/greetings/:kind",
    needs: "greetings",
    async run(asked, { engine }) {
      const part = await engine.readGreeting?.(asked.mailbox, asked.greeting, asked.signal);
      if (!part) return undefined;
      await sendBytes(asked, part, {});
      return "sent";
    },
  },
  {
    method: "put",
    path: "/v1/mailboxes/:address/greetings/:kind",
    needs: "greetings",
    async run(asked, { engine, uploads }) {
      const { mailbox, greeting, signal } = asked;
      const info = infoOf(asked);
      const name = `greeting ${randomUUID()}`;
      try {
        const { open } = await uploads.keep(mailbox, name, asked.body);
        await engine.writeGreeting?.(mailbox, greeting, { kind: "voice", ...info, open }, signal);
      } finally {
        await uploads.remove(mailbox, [name]);
      }
      return undefined;
    },
  },
  {
    method: "delete",
    path: "/v1/mailboxes/:address/greetings/:kind",
    needs: "greetings",
    async run({ mailbox, greeting, signal }, { engine }) {
      await engine.removeGreeting?.(mailbox, greeting, signal);
      return undefined;
    },
  },
  {
    method: "post",
    path: "/v1/mailboxes/:address/authentication",
    needs: "authenticate",
    async run(asked, { engine }) {
      const { mailbox, signal } = asked;
      const { pin } = await asked.json(authenticationSchema);
      try {
        return { json: { valid: (await engine.authenticate?.(mailbox, pin, signal)) === true } };
      } catch (error) {
        // Whoever tries numbers must not learn which exist.
        if (isCode(error, "MAILBOX_UNKNOWN")) return { json: { valid: false } };
        throw error;
      }
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes/:address/quota",
    needs: "quota",
    async run({ mailbox, signal }, { engine }) {
      const quota = await engine.quota?.(mailbox, signal);
      return quota && { json: quota };
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes/:address/events",
    needs: "watch",
    async run(asked, { engine, events }) {
      if (engine.watch) await events.send(asked, engine.watch);
      return "sent";
    },
  },
];

function infoOf(asked: Asked): { contentType: string; duration?: number } {
  const duration = asked.header("content-duration");
  if (duration !== undefined && !/^\d{1,9}$/.test(duration)) {
    throw badRequest("Content-Duration must be whole seconds");
  }
  const contentType = headerType(asked.header("content-type") ?? "");
  return { contentType, ...(duration === undefined ? {} : { duration: Number(duration) }) };
}
