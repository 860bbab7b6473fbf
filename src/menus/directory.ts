import type { Call, DialplanPlace } from "../ivr/call.ts";
import type { Subscribers } from "../model/subscriber.ts";
import type { Snapshots } from "../storage/snapshot.ts";
import { type MenusOf, shippedMenus } from "./classes.ts";
import { lookUpPerson } from "./directory-session.ts";
import { conclude, type Ending, type Entry } from "./ending.ts";
import { DIRECTORY_OPTIONS, type Options, parseOptions } from "./options.ts";
import { peopleOf } from "./people.ts";

export interface DirectoryDeps {
  readonly subscribers: Subscribers;
  readonly snapshots: Pick<Snapshots, "get">;
  /** Menus as this site wants them. Default: as shipped. */
  readonly menus?: MenusOf;
}

type DirectoryLetters = Options<typeof DIRECTORY_OPTIONS>;

/** So many keys of a name are asked for, unless an option says otherwise. */
const DIGITS = 3;
const MOST_DIGITS = 9;
/** Longest pause of option p, milliseconds. */
const MOST_PAUSE = 3000;

/**
 * `directory([vm-context[,dial-context[,options]]])`: finds somebody by name and dials them, as Directory() does. `DIRECTORY_RESULT`
 * tells how it ended; with option s `DIRECTORY_EXTEN` whom the caller chose. Never rejects.
 */
export function createDirectory(deps: DirectoryDeps): Entry {
  return (call, [context = "", dialContext = "", letters = ""]) =>
    conclude(
      call,
      async () => {
        const options = parseOptions(letters, DIRECTORY_OPTIONS);
        if (!options.has("n")) await call.answer();
        return find(call, context || "default", dialContext || context || "default", options, deps);
      },
      "DIRECTORY_RESULT",
    );
}

async function find(
  call: Call,
  context: string,
  dialContext: string,
  options: DirectoryLetters,
  deps: DirectoryDeps,
): Promise<Ending> {
  const part = options.has("b") ? "both" : options.has("f") ? "first" : "last";
  const place = async (extension: string): Promise<DialplanPlace | undefined> =>
    (await call.extensionExists(dialContext, extension)) ? { context: dialContext, extension } : undefined;
  const [operator, assistant] = await Promise.all([place("o"), place("a")]);
  const { result, person } = await lookUpPerson(
    call,
    {
      people: peopleOf(deps.subscribers, context, part, options.has("a")),
      snapshots: deps.snapshots,
      part,
      digits: digitsOf(options),
      saysExtension: options.has("e"),
      asMenu: options.has("m"),
      intro: deps.subscribers.directoryIntro?.(context),
      pauseMs: Math.min(Number(options.get("p") ?? 0) || 0, MOST_PAUSE),
      operator,
      assistant,
    },
    (deps.menus ?? shippedMenus)().directory,
  );
  if (result === "OPERATOR" && operator) return { status: result, to: operator };
  if (result === "ASSISTANT" && assistant) return { status: result, to: assistant };
  if (result !== "SELECTED" || !person) return { status: result };
  const extension = person.address.mailbox;
  if (options.has("s")) return { status: result, variables: { DIRECTORY_EXTEN: extension } };
  const to = await place(extension);
  return to ? { status: result, to } : { status: "FAILED" };
}

function digitsOf(options: DirectoryLetters): number {
  const given = Number(options.get("b") || options.get("f") || options.get("l") || DIGITS);
  return Math.min(Math.max(Math.trunc(given) || DIGITS, 1), MOST_DIGITS);
}
