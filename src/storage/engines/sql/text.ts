/**
 * PostgreSQL's text can hold no NUL, and neither database half of a surrogate pair. Callers' words may have both, so
 * they are stored as `\0000` or `\d83d`, and a backslash as two.
 */
const UNSTORABLE = /[\\\0\p{Surrogate}]/gu;
const STORED = /\\(?:\\|([0-9a-f]{4}))/g;

export function toStored(text: string): string {
  return text.replace(UNSTORABLE, (character) =>
    character === "\\" ? "\\\\" : `\\${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function fromStored(text: string): string {
  return text.replace(STORED, (_, code?: string) =>
    code === undefined ? "\\" : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
