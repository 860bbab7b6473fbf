import type { Call, DialplanPlace } from "../ivr/call.ts";
import type { Subscriber } from "../model/subscriber.ts";
import { locate } from "./addressed.ts";
import { type MenusOf, shippedMenus } from "./classes.ts";
import { getReady, type LoginDeps } from "./login.ts";
import { logIn } from "./login-menus.ts";

export interface AuthoriseOptions {
  /** The argument goes before the number that the caller enters. Default false. */
  readonly prefix?: boolean;
  /** The dialplan vouches for the caller: a mailbox that exists needs no PIN. Default false. */
  readonly trusted?: boolean;
  /** The mailbox is asked for without a word. Default false. */
  readonly silent?: boolean;
}

export interface AuthoriseDeps extends LoginDeps {
  /** Menus as this site wants them. Default: as shipped. */
  readonly menus?: MenusOf;
}

/** Who the caller is. `argument` is what the dialplan says: `[mailbox][@context]`. Without owner and place the caller failed. */
export async function authorise(
  call: Call,
  argument: string,
  { prefix = false, trusted = false, silent = false }: AuthoriseOptions,
  deps: AuthoriseDeps,
): Promise<{ owner?: Subscriber | undefined; isNew?: boolean; to?: DialplanPlace | undefined }> {
  const [name = "", given] = argument.split("@");
  const known = prefix ? undefined : lookUp(call, name, argument, deps);
  if (known && trusted) return { owner: known };
  const place = { context: call.dialplanContext, extension: "a" };
  const login = {
    ...deps,
    call,
    context: given,
    prefix: prefix ? name : "",
    given: known !== undefined,
    silent,
    assistant: (await call.extensionExists(place.context, place.extension).catch(() => false))
      ? place
      : undefined,
    mailbox: known?.address,
    failures: 0,
    owner: undefined as Subscriber | undefined,
    isNew: false,
  };
  getReady(login);
  const to = await logIn(login, (deps.menus ?? shippedMenus)(known).login);
  return { owner: login.owner, isNew: login.isNew, to };
}

function lookUp(call: Call, name: string, argument: string, deps: AuthoriseDeps): Subscriber | undefined {
  if (name === "") return undefined;
  const known = locate(argument, deps.subscribers);
  if (!known) {
    call.log.warn(
      { mailbox: argument },
      "The dialplan names a mailbox that does not exist; the caller is asked",
    );
  }
  return known;
}
