import type { z } from "zod";
import { configSchema } from "../config.ts";
import { isPrompt } from "../ivr/prompts.ts";
import { formatMailbox, isMailboxName, parseMailbox } from "../model/mailbox.ts";
import type { Notes } from "./notes.ts";
import type { Given } from "./take.ts";
import { isTrue, readValue } from "./values.ts";

type Top = z.input<typeof configSchema>;

/** What stands at the top of a voxpost.yaml, and not under defaults. */
export type Site = Partial<
  Pick<Top, "aliases" | "prompts" | "directoryintro" | "searchcontexts" | "externnotify">
>;

/** Of `[general]`: prompts of the site's own, the directory, and who else is told. */
export function readSite(general: Given, notes: Notes): Site {
  const { directoryintro, externnotify, prompts } = configSchema.shape;
  const take = (name: string, text: string | undefined, schema: z.ZodType): unknown => {
    if (text === undefined) return undefined;
    const read = readValue(text, schema);
    if ("value" in read) return read.value;
    notes.add("general", `${name} is not taken over: ${read.fault}`);
    return undefined;
  };
  const own = [...general].filter(([name]) => isReplacedPrompt(name));
  const sounds = own.flatMap(([name, text]) => {
    const sound = take(name, text, directoryintro);
    return sound === undefined ? [] : [[name, sound]];
  });
  const intro = take("directoryintro", general.get("directoryintro"), directoryintro);
  const command = commandOf(general.get("externnotify"), notes);
  const told = command && externnotify.safeParse(command).success ? command : undefined;
  if (command && !told)
    notes.add("general", "externnotify is not taken over: write the whole path of a program");
  return {
    ...(sounds.length > 0 ? { prompts: prompts.parse(Object.fromEntries(sounds)) } : {}),
    ...(intro === undefined ? {} : { directoryintro: String(intro) }),
    ...(isTrue(general.get("searchcontexts")) ? { searchcontexts: true } : {}),
    ...(told ? { externnotify: told } : {}),
  };
}

/** An option such as `vm-login=custom/login`. */
export function isReplacedPrompt(name: string): boolean {
  return name.startsWith("vm-") && isPrompt(name);
}

/** app_voicemail has a shell read it; here none does. */
function commandOf(text: string | undefined, notes: Notes): string[] | undefined {
  if (text === undefined) return undefined;
  if (!/[$`|&;<>*?'"\\(){}]/.test(text)) return text.split(/\s+/);
  notes.add(
    "general",
    "externnotify is not taken over: no shell reads it here; put what it says into a script",
  );
  return undefined;
}

/** The section that `aliasescontext` names: `alias@context => mailbox@context`. */
export function readAliases(
  lines: Iterable<readonly [string, string]>,
  isMailbox: (name: string) => boolean,
  notes: Notes,
): Record<string, string> {
  const aliases = new Map<string, string>();
  for (const [from, to] of lines) {
    const [alias, target] = [whole(from), whole(to)];
    if (alias === undefined || target === undefined || alias.endsWith("_file"))
      notes.add(
        "aliases",
        `${JSON.stringify(from.slice(0, 40))} is not taken over: write ALIAS@CONTEXT => MAILBOX@CONTEXT`,
      );
    else if (isMailbox(alias)) notes.add("aliases", `${alias} is not taken over: it is a mailbox of its own`);
    else if (!isMailbox(target))
      notes.add("aliases", `${alias} is not taken over: there is no mailbox ${target}`);
    else if (!aliases.has(alias)) aliases.set(alias, target);
  }
  return Object.fromEntries(aliases);
}

function whole(text: string): string | undefined {
  const [mailbox = "", context = "default", ...more] = text.split("@").map((part) => part.trim());
  const isAddress = more.length === 0 && isMailboxName(mailbox) && isMailboxName(context);
  return isAddress ? formatMailbox(parseMailbox(mailbox, context)) : undefined;
}
