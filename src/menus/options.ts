import { VoxpostError } from "../errors.ts";

/** Whether a letter may, must or must not have an argument in brackets. */
type Shape = "flag" | "optional" | "required";

/** Options of VoiceMail(), as its users write them. */
export const DEPOSIT_OPTIONS = {
  b: "flag",
  u: "flag",
  d: "optional",
  e: "flag",
  g: "required",
  s: "flag",
  S: "flag",
  t: "optional",
  U: "flag",
  P: "flag",
} as const satisfies Record<string, Shape>;

/** Options of VoiceMailMain(). */
export const RETRIEVE_OPTIONS = {
  p: "flag",
  g: "required",
  s: "flag",
  a: "optional",
  r: "flag",
} as const satisfies Record<string, Shape>;

/** Options of VMAuthenticate(). */
export const AUTHENTICATE_OPTIONS = { s: "flag" } as const satisfies Record<string, Shape>;

/** Options of Directory(). */
export const DIRECTORY_OPTIONS = {
  e: "flag",
  f: "optional",
  l: "optional",
  b: "optional",
  a: "flag",
  m: "flag",
  n: "flag",
  p: "required",
  s: "flag",
  v: "flag",
} as const satisfies Record<string, Shape>;

/** Letter → its argument; `""` when it has none. */
export type Options<T> = ReadonlyMap<keyof T, string>;

/**
 * Reads an option string of the dialplan letter by letter, such as `ud(sales)t()`.
 * @throws VoxpostError CONFIG_INVALID that names the letter and what it should be
 */
export function parseOptions<T extends Readonly<Record<string, Shape>>>(text: string, shapes: T): Options<T> {
  const options = new Map<keyof T, string>();
  let rest = text.trim();
  while (rest !== "") {
    const [whole = "", letter = "", bracket, argument = ""] = /^(.)(\(([^)]*)\))?/su.exec(rest) ?? [];
    const shape = shapes[letter];
    if (!shape) fail(text, `"${letter}" is not an option; known are ${Object.keys(shapes).join(" ")}`);
    if (bracket !== undefined && shape === "flag") fail(text, `option ${letter} takes no argument`);
    if (bracket === undefined && shape === "required") fail(text, `option ${letter} needs one: ${letter}(…)`);
    if (letter === "g" && !/^-?\d{1,3}$/.test(argument)) fail(text, "option g needs whole decibels: g(3)");
    options.set(letter, argument);
    rest = rest.slice(whole.length);
  }
  return options;
}

function fail(text: string, why: string): never {
  throw new VoxpostError("CONFIG_INVALID", `The options "${text}" in the dialplan are wrong: ${why}`);
}
