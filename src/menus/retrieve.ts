import { rm } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../custody/name.ts";
import { isCode } from "../errors.ts";
import type { Subscriber } from "../model/subscriber.ts";
import { ReadAhead } from "./ahead.ts";
import { AudioCache } from "./audio.ts";
import { type AuthoriseDeps, authorise } from "./authorise.ts";
import { shippedMenus } from "./classes.ts";
import { conclude, type Ending, type Entry, expectHangUp } from "./ending.ts";
import type { MenuEnd } from "./machine.ts";
import type { Outcome } from "./menu.ts";
import { setUp } from "./new-user.ts";
import { type Options, parseOptions, RETRIEVE_OPTIONS } from "./options.ts";
import { findPlace, NEW, type Place, URGENT } from "./place.ts";
import { playAt } from "./playback.ts";
import { runMenus } from "./run.ts";
import { emptyFolder } from "./sentences.ts";
import { Retrieval, type RetrievalDeps } from "./session.ts";

export interface RetrieveDeps extends RetrievalDeps, AuthoriseDeps {
  /** Folder for the audio of calls in progress; what a crash left in it may be removed at start. */
  readonly folder: string;
}

type RetrieveOptions = Options<typeof RETRIEVE_OPTIONS>;

/**
 * `retrieve([mailbox][@context][,options])`: listen to and manage messages, as VoiceMailMain() does. Never rejects; it
 * resolves when the call is back in the dialplan or gone, and all that the owner marked is carried out.
 */
export function createRetrieve(deps: RetrieveDeps): Entry {
  return async (call, [argument = "", letters = ""]) => {
    let finished: Promise<void> = Promise.resolve();
    let ahead: ReadAhead | undefined;
    const onExpected = (owner: Subscriber) => {
      ahead?.end();
      ahead = new ReadAhead(deps.store, owner, call);
    };
    const status = await conclude(call, async () => {
      const options = parseOptions(letters, RETRIEVE_OPTIONS);
      await call.answer();
      const trust = { prefix: options.has("p"), trusted: options.has("s") };
      const login = await authorise(call, argument, trust, { ...deps, onExpected });
      if (login.to) return { status: "USEREXIT", to: login.to };
      if (!login.owner) {
        await call.play(["vm-goodbye"]);
        return { status: "FAILED" };
      }
      const audio = new AudioCache(deps.store, join(deps.folder, newId()));
      const menus = (deps.menus ?? shippedMenus)(login.owner);
      const session = new Retrieval(call, login.owner, audio, deps, { readOnly: options.has("r"), menus });
      try {
        if (!(await setUp(session, login.isNew))) {
          await call.play(["vm-goodbye"], { bargeIn: "none" });
          return { status: "FAILED" };
        }
        return await listen(session, options, ahead);
      } finally {
        finished = session.finish();
      }
    });
    ahead?.end();
    await finished;
    return status;
  };
}

/** Removes what calls left behind when the program was killed. Call it before the first call. */
export async function removeLeftovers(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function listen(
  session: Retrieval,
  options: RetrieveOptions,
  ahead: ReadAhead | undefined,
): Promise<Ending> {
  const { call, subscriber } = session;
  if (subscriber.language) call.language = subscriber.language;
  session.begin(ahead?.isOf(subscriber) ? ahead : undefined);
  await expectHangUp(call, { status: "SUCCESS" });
  const opening = options.has("a") ? await autoplay(session, options.get("a") ?? "") : undefined;
  if (opening === "empty") await call.play(emptyFolder(session, session.place));
  const end =
    opening === "empty"
      ? ({ how: "exit" } as MenuEnd)
      : await runMenus(session.menus.retrieval, "main", session, opening);
  if (end.how === "gone") return { status: "SUCCESS" };
  // Begun before the goodbye: the marks are carried out while it is said.
  void session.close();
  await call.play(end.say ?? ["vm-goodbye"], { bargeIn: "none" });
  return { status: end.how === "failed" ? "FAILED" : "SUCCESS", ...(end.to ? { to: end.to } : {}) };
}

/** Option `a`: as if 1 had been pressed; urgent messages come first. Undefined: it did not work, the menu says why. */
async function autoplay(session: Retrieval, folder: string): Promise<Outcome | "empty" | undefined> {
  const wanted: Place | undefined = folder === "" ? NEW : findPlace(folder);
  if (!wanted)
    session.call.log.warn({ folder }, "Option a names a folder that does not exist; INBOX is played");
  try {
    await session.ready;
    const place = session.known(URGENT) > 0 ? URGENT : (wanted ?? NEW);
    session.goTo(place, -1);
    return (await session.at(place, 0)) ? await playAt(session, place, 0) : "empty";
  } catch (error) {
    if (isCode(error, "CALL_GONE")) throw error;
    session.call.log.warn({ err: error }, "Messages could not be played at once");
    return { next: "menu", menu: "main", say: ["voxpost/store-away"] };
  }
}
