import type { z } from "zod";
import type { Engine } from "../engine.ts";
import type { Service } from "../engines/http/protocol.ts";
import type { Events } from "./events.ts";
import type { Asked } from "./requests.ts";
import type { Turns } from "./turns.ts";
import type { Uploads } from "./uploads.ts";

/** What the routes work with. */
export interface Rooms {
  readonly engine: Engine;
  readonly uploads: Uploads;
  readonly events: Events;
  readonly turns: Turns;
  /** Name and version, as `GET /v1` tells it. */
  readonly server: string;
}

/** What an answer says: 204 when undefined; "sent" when it was written already. */
type Answer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: object }
  | "sent"
  | undefined;

type Offered = Service["capabilities"];

/** What `GET /v1` announces: the engine's capabilities, and those of its methods that not every engine has. */
export function offeredBy({ capabilities, readText, readExtras, mailboxes, freeBytes }: Engine): Offered {
  const optional = { texts: !!readText, extras: !!readExtras, mailboxes: !!mailboxes, space: !!freeBytes };
  return { ...capabilities, ...optional };
}

/** One line of docs/engines/http.openapi.yaml. */
export interface Route {
  readonly method: "get" | "put" | "post" | "patch" | "delete";
  readonly path: string;
  /** An engine without it is answered for with 501. */
  readonly needs?: keyof Offered;
  /** Query parameters that it takes. Default: none. */
  readonly query?: z.ZodType;
  run(asked: Asked, rooms: Rooms): Promise<Answer>;
}
