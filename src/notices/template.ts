import { isVariable, VARIABLES, type Variable } from "./variables.ts";

/** `${NAME}`, or one of app_voicemail's escapes; `\r` is what a line's end has anyway. */
const TOKEN = /\$\{([^}]*)\}|\\([ntr])/g;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "" };

/**
 * What is wrong with a text in which `${VM_NAME}` and the like stand for what a message is like; undefined when nothing is.
 * app_voicemail also evaluates the dialplan's functions and expressions in it. Nothing is evaluated here: what somebody said
 * of himself must not become a command.
 */
export function templateFault(template: string): string | undefined {
  if (/\$\{[A-Za-z_]+\(|\$\[/.test(template)) {
    return "functions and expressions of the dialplan are not evaluated in mails; say it in words";
  }
  const unknown = [...template.matchAll(TOKEN)].flatMap(([, name]) =>
    name === undefined || isVariable(name) ? [] : [`\${${name}}`],
  );
  if (unknown.length > 0) {
    return `no variable is called ${unknown.join(", ")}; there are ${Object.keys(VARIABLES).join(", ")}`;
  }
  return template.replace(TOKEN, " ").includes(`\${`) ? "a variable is not closed by }" : undefined;
}

/** What comes in for a variable is taken as it is, also if it looks like a variable itself. */
export function fill(template: string, say: (name: Variable) => string): string {
  return template.replace(TOKEN, (_whole, name: string | undefined, letter: string | undefined) => {
    if (name === undefined) return ESCAPES[letter ?? ""] ?? "";
    return isVariable(name) ? say(name) : "";
  });
}
