import { isRight, type Login, MAX_LOGINS } from "../login.ts";
import type { Action } from "../menu.ts";
import { patiently } from "../wait.ts";

export const authenticate: Action<Login> = {
  name: "authenticate",
  title: "check the PIN",
  leaves: true,
  leadsTo: ["mailbox"],
  async run(login, { entry = "" }) {
    const { call, limiter, mailbox } = login;
    if (!mailbox) return { next: "menu", menu: "mailbox" };
    const { number } = call.caller;
    if ((await limiter.blockedFor(mailbox, number)) > 0) {
      call.log.warn({ mailbox }, "A login was refused: too many wrong PINs");
      await call.play(["voxpost/locked"]);
      return { next: "exit" };
    }
    login.owner = await patiently(call, isRight(login, entry));
    if (login.owner) {
      await limiter.succeeded(mailbox, number);
      return { next: "exit" };
    }
    await limiter.failed(mailbox, number);
    login.failures++;
    call.log.warn({ mailbox, failures: login.failures }, "A login failed");
    if (login.failures >= (login.subscribers.find(mailbox)?.maxLogins ?? MAX_LOGINS)) {
      await call.play(["vm-incorrect"]);
      return { next: "exit" };
    }
    return login.given ? { next: "repeat" } : { next: "menu", menu: "mailbox" };
  },
};
