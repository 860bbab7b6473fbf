import { type AuthoriseDeps, authorise } from "./authorise.ts";
import { conclude, type Entry } from "./ending.ts";
import { AUTHENTICATE_OPTIONS, parseOptions } from "./options.ts";

/**
 * `authenticate([mailbox][@context][,s])`: who is calling, as VMAuthenticate() asks it, with the mailbox's own `maxlogins`. Tells
 * `AUTH_MAILBOX` and `AUTH_CONTEXT`; without them the dialplan hangs up. Never rejects.
 */
export function createAuthenticate(deps: AuthoriseDeps): Entry {
  return (call, [argument = "", letters = ""]) =>
    conclude(
      call,
      async () => {
        const options = parseOptions(letters, AUTHENTICATE_OPTIONS);
        await call.answer();
        const { owner, to } = await authorise(call, argument, { silent: options.has("s") }, deps);
        if (to) return { status: "USEREXIT", to };
        if (!owner) return { status: "FAILED" };
        await call.play(["auth-thankyou"], { bargeIn: "none" });
        const { mailbox, context } = owner.address;
        return { status: "SUCCESS", variables: { AUTH_MAILBOX: mailbox, AUTH_CONTEXT: context } };
      },
      null,
    );
}
