import { getReady, isRight, type Login, triesOf } from "../login.ts";
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
      call.log.warn({ mailbox, number, event: "login-locked" }, "A login was refused: too many wrong PINs");
      login.onLogin?.("login-locked");
      await call.play(["voxpost/locked"]);
      return { next: "exit" };
    }
    login.owner = await patiently(call, isRight(login, entry));
    if (login.owner) {
      login.isNew = entry === login.owner.address.mailbox;
      await limiter.succeeded(mailbox, number);
      login.onLogin?.("login-succeeded");
      return { next: "exit" };
    }
    await limiter.failed(mailbox, number);
    login.failures++;
    call.log.warn({ mailbox, number, failures: login.failures, event: "login-failed" }, "A login failed");
    login.onLogin?.("login-failed");
    if (login.failures >= triesOf(login)) {
      await call.play(["vm-incorrect"]);
      return { next: "exit" };
    }
    if (!login.given) return { next: "menu", menu: "mailbox" };
    getReady(login);
    return { next: "repeat" };
  },
};
