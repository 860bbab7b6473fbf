import { isCode } from "../errors.ts";
import type { Call, DialplanPlace } from "../ivr/call.ts";
import { parseMailbox } from "../model/mailbox.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { LoginDeps } from "./login.ts";
import { logIn } from "./login-menus.ts";
import { SHIPPED, type SiteMenus } from "./overrides.ts";

export interface AuthoriseOptions {
  /** The argument goes before the number that the caller enters. Default false. */
  readonly prefix?: boolean;
  /** The dialplan vouches for the caller: a mailbox that exists needs no PIN. Default false. */
  readonly trusted?: boolean;
  /** The mailbox is asked for without a word. Default false. */
  readonly silent?: boolean;
}

export interface AuthoriseDeps extends LoginDeps {
  /** Menus as this site wants them (`configureMenus`). Default: as shipped. */
  readonly menus?: SiteMenus;
}

/** Who the caller is. `argument` is what the dialplan says: `[mailbox][@context]`. Without owner and place the caller failed. */
export async function authorise(
  call: Call,
  argument: string,
  { prefix = false, trusted = false, silent = false }: AuthoriseOptions,
  deps: AuthoriseDeps,
): Promise<{ owner?: Subscriber | undefined; to?: DialplanPlace | undefined }> {
  const [name = "", context = "default"] = argument.split("@");
  const known = prefix ? undefined : lookUp(call, name, context, deps);
  if (known && trusted) return { owner: known };
  const place = { context: call.dialplanContext, extension: "a" };
  const login = {
    ...deps,
    call,
    context,
    prefix: prefix ? name : "",
    given: known !== undefined,
    silent,
    assistant: (await call.extensionExists(place.context, place.extension).catch(() => false))
      ? place
      : undefined,
    mailbox: known?.address,
    failures: 0,
    owner: undefined as Subscriber | undefined,
  };
  const to = await logIn(login, (deps.menus ?? SHIPPED).login);
  return { owner: login.owner, to };
}

function lookUp(call: Call, name: string, context: string, deps: AuthoriseDeps): Subscriber | undefined {
  if (name === "") return undefined;
  try {
    const known = deps.subscribers.find(parseMailbox(name, context));
    if (known) return known;
  } catch (error) {
    if (!isCode(error, "ADDRESS_INVALID")) throw error;
  }
  call.log.warn(
    { mailbox: name, context },
    "The dialplan names a mailbox that does not exist; the caller is asked",
  );
  return undefined;
}
