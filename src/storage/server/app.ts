import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type MiddlewareHandler } from "hono";
import { z } from "zod";
import { VoxpostError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { HttpError, problem } from "./problems.ts";
import { Asked, type Env } from "./requests.ts";
import { offeredBy, type Rooms, type Route } from "./route.ts";
import { listingRoutes } from "./routes-listing.ts";
import { mailboxRoutes } from "./routes-mailbox.ts";
import { messageRoutes } from "./routes-messages.ts";

const noQuery = z.strictObject({});

/** The routes of docs/engines/http.openapi.yaml over one engine. */
export function createApp(
  rooms: Rooms,
  { token, log }: { token?: string | undefined; log: Logger },
): Hono<Env> {
  const app = new Hono<Env>();
  app.use(prepare);
  app.use(authorise(token));
  for (const route of [...listingRoutes, ...messageRoutes, ...mailboxRoutes]) {
    app.on(route.method, route.path, async (context) => {
      const asked = new Asked(context);
      asked.query(route.query ?? noQuery);
      checkNeeds(route, rooms);
      const answer = await route.run(asked, rooms);
      if (answer === "sent") return RESPONSE_ALREADY_SENT;
      if (answer === undefined) return context.body(null, 204);
      const headers = { ...answer.headers, "content-type": "application/json" };
      return new Response(JSON.stringify(answer.json), { status: answer.status ?? 200, headers });
    });
  }
  app.notFound((context) =>
    problem(new HttpError(404, "The protocol has no such path and method"), context.var.requestId),
  );
  app.onError((error, context) => {
    const { requestId, gone } = context.var;
    const { method, path } = context.req;
    // The head is out: all that can still be said is that this is not the end.
    if (context.env.outgoing.headersSent) {
      context.env.outgoing.destroy();
      if (!gone.aborted) log.warn({ requestId, method, path, err: error }, "An answer was cut off");
      return RESPONSE_ALREADY_SENT;
    }
    const response = problem(error, requestId);
    if (response.status >= 500 && !gone.aborted) {
      log.warn({ requestId, method, path, status: response.status, err: error }, "A request failed");
    }
    return response;
  });
  return app;
}

/** Gives each request an id and a signal that fires when nobody waits for the answer any more. */
const prepare: MiddlewareHandler<Env> = async (context, next) => {
  const given = context.req.header("x-request-id") ?? "";
  const requestId = /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomBytes(16).toString("hex");
  const common = { "x-request-id": requestId, "cache-control": "no-store" };
  const { outgoing } = context.env;
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  context.set("requestId", requestId);
  context.set("common", common);
  context.set("gone", gone.signal);
  await next();
  if (outgoing.headersSent) return;
  for (const [name, value] of Object.entries(common)) context.res.headers.set(name, value);
};

/** Both sides are hashed first, so that neither length nor contents can be told by the time it takes. */
function authorise(token: string | undefined): MiddlewareHandler<Env> {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const wanted = token === undefined ? undefined : digest(token);
  return async (context, next) => {
    const given = /^Bearer +([!-~]+) *$/i.exec(context.req.header("authorization") ?? "")?.[1] ?? "";
    if (wanted && !timingSafeEqual(digest(given), wanted)) {
      throw new HttpError(401, "The bearer token is missing or wrong");
    }
    // hono answers HEAD by running GET, whose audio nobody would read.
    if (context.req.method === "HEAD") throw new HttpError(405, "HEAD is not part of the protocol");
    await next();
  };
}

function checkNeeds({ needs, method }: Route, { engine }: Rooms): void {
  const missing = needs !== undefined && !offeredBy(engine)[needs];
  if (missing || (method !== "get" && needs !== "authenticate" && !engine.capabilities.writable)) {
    throw new VoxpostError("UNSUPPORTED", `${engine.name} does not have "${missing ? needs : "writable"}"`);
  }
}
