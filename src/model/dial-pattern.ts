/**
 * Which numbers may be dialled, as Asterisk's dialplan writes it: a number as it is, or after `_` a pattern of digits, `X` (0–9), `Z`
 * (1–9), `N` (2–9), `[13-5]`, and at the end `.` (one or more) or `!` (any, or none). `-` is only for the eye.
 */
const PATTERN = /^(?:[0-9*#+]+|_(?:[0-9*#+XZN-]|\[[0-9*#-]+\])*[.!]?)$/i;

const CLASSES: Readonly<Record<string, string>> = {
  X: "[0-9]",
  Z: "[1-9]",
  N: "[2-9]",
  ".": "[0-9*#+]+",
  "!": "[0-9*#+]*",
  "-": "",
  "*": "\\*",
  "+": "\\+",
};

export function isDialPattern(text: string): boolean {
  return compile(text) !== undefined;
}

/** False for a pattern that is none: what cannot be understood allows nothing. */
export function matchesDialPattern(pattern: string, number: string): boolean {
  return compile(pattern)?.test(number) ?? false;
}

function compile(pattern: string): RegExp | undefined {
  if (!PATTERN.test(pattern) || pattern === "_" || pattern.endsWith("\n")) return undefined;
  const isPattern = pattern.startsWith("_");
  const parts = pattern.replace("_", "").match(isPattern ? /\[[^\]]+\]|./g : /./g) ?? [];
  try {
    return new RegExp(`^${parts.map((part) => CLASSES[part.toUpperCase()] ?? part).join("")}$`);
  } catch {
    // A range backwards, such as [9-0].
    return undefined;
  }
}
