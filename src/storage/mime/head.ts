/** Header blocks as bytes: every field as it stands in the mail, in Latin-1, so that nothing of it changes. */

export interface HeaderField {
  /** In lower case. */
  readonly name: string;
  /** With its continuation lines, each ended by CRLF. */
  readonly raw: string;
}

/** The fields of a block (RFC 5322 2.2). What is no field is left out: no mail program could read on behind it. */
export function parseFields(block: Buffer | string): HeaderField[] {
  const text = typeof block === "string" ? block : block.toString("latin1");
  return text.split(/\r?\n(?![ \t])/).flatMap((line) => {
    const name = /^([!-9;-~]+)[ \t]*:/.exec(line)?.[1]?.toLowerCase();
    if (name === undefined) return [];
    // A lone CR ends a line for some programs: what is behind it must not become a field.
    const clean = line
      .replaceAll("\0", "")
      .replace(/\r(?!\n)/g, " ")
      .replace(/\r?\n/g, "\r\n");
    return [{ name, raw: `${clean}\r\n` }];
  });
}

export function joinFields(fields: readonly HeaderField[]): string {
  return fields.map(({ raw }) => raw).join("");
}

/** A field without what folding may change (RFC 5322 2.2.3), to compare it by. */
export function unfolded({ name, raw }: HeaderField): string {
  return `${name}: ${fieldValue(raw)}`;
}

export function fieldValue(raw: string): string {
  return raw
    .slice(raw.indexOf(":") + 1)
    .replace(/\s+/g, " ")
    .trim();
}
