/** What imapflow makes a command of, before it writes it. */
export type Attribute = Word | readonly Attribute[];

interface Word {
  readonly type?: string;
  readonly value?: unknown;
  readonly section?: readonly Attribute[];
  readonly partial?: readonly number[];
  /** Not to be logged. */
  readonly sensitive?: true;
}

/** What needs neither quotes nor a literal, whoever reads it; but for nothing at all, which is quoted. */
const PLAIN: Readonly<Record<string, RegExp>> = { ATOM: /^[\w.$/-]*$/, SEQUENCE: /^[\d:,]+$/ };

/**
 * The same words as one: imapflow takes some time for each, twice, and a page of envelopes is asked for by name. What has
 * anything in it that must be quoted stays as it is.
 */
export function inOneWord(attributes: readonly Attribute[]): readonly Attribute[] {
  const words = wordsOf(attributes);
  return words === undefined ? attributes : [{ type: "TEXT", value: words }];
}

function wordsOf(attributes: readonly Attribute[]): string | undefined {
  const words = attributes.map(wordOf);
  return words.includes(undefined) ? undefined : words.join(" ");
}

function wordOf(attribute: Attribute): string | undefined {
  if (isList(attribute)) {
    const words = attribute.some(isList) ? undefined : wordsOf(attribute);
    return words === undefined ? undefined : `(${words})`;
  }
  const { type = "", value, section, partial } = attribute;
  if (typeof value !== "string" || partial !== undefined || !PLAIN[type]?.test(value)) return undefined;
  if (section === undefined) return value || '""';
  const inside = wordsOf(section);
  return inside === undefined ? undefined : `${value}[${inside}]`;
}

function isList(attribute: Attribute): attribute is readonly Attribute[] {
  return Array.isArray(attribute);
}
