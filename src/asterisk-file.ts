import { isUtf8 } from "node:buffer";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { namesOf } from "./names-of.ts";

/** Sections by name, with their keys; of a key that is given twice the last value. */
export type AsteriskFile = Map<string, Map<string, string>>;

interface AsteriskSection {
  readonly name: string;
  /** Lines in their order; those of its templates come first. A key may come more than once. */
  readonly lines: [key: string, value: string][];
}

export interface AsteriskSections {
  /** In their order; those of one name are separate, as Asterisk keeps them, and templates are not among them. */
  readonly sections: readonly AsteriskSection[];
  /** What could not be read or followed. */
  readonly notes: readonly string[];
}

/** Sections and keys of a file in Asterisk's own format; empty when it cannot be read. */
export function readAsteriskFile(path: string): AsteriskFile {
  const file: AsteriskFile = new Map();
  for (const { name, lines } of readAsteriskSections(path).sections) {
    const keys = file.get(name) ?? new Map<string, string>();
    for (const [key, value] of lines) keys.set(key, value);
    file.set(name, keys);
  }
  return file;
}

/**
 * The same in full, as Asterisk's main/config.c reads it: comments (`;`, and `;--` to `--;` over lines), `=` and `=>`, templates
 * (`[a](!)`, `[b](a)`), sections that go on (`[a](+)`), and `#include`, with wildcards, from the folder of the first file.
 * Nothing is run for `#exec`. Never throws.
 */
export function readAsteriskSections(path: string): AsteriskSections {
  const reading = new Reading(dirname(resolve(path)));
  reading.file(resolve(path));
  return reading;
}

/** A file that includes itself by way of others must come to an end. */
const MOST_FILES = 1000;
const DEEPEST = 10;
/** Templates of templates double with each line. */
const MOST_LINES = 1_000_000;
const TOO_LONG = `of all lines, with those of templates, only the first ${MOST_LINES} are read`;

interface Section extends AsteriskSection {
  readonly isTemplate: boolean;
}

class Reading implements AsteriskSections {
  readonly notes: string[] = [];
  readonly #folder: string;
  readonly #all: Section[] = [];
  #current: Section | undefined;
  #files = 0;
  #lines = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get sections(): readonly AsteriskSection[] {
    return this.#all.filter(({ isTemplate }) => !isTemplate);
  }

  file(path: string, depth = 0): void {
    if (++this.#files > MOST_FILES || depth > DEEPEST) {
      this.notes.push(`${path} is not read: files include each other without an end`);
      return;
    }
    const text = this.#textOf(path);
    const strange: number[] = [];
    for (const [number, line] of text === undefined ? [] : withoutComments(text))
      if (!this.#line(line, path, depth)) strange.push(number);
    if (strange.length > 0) this.notes.push(`${path}: not understood: line ${namesOf(strange.map(String))}`);
  }

  #textOf(path: string): string | undefined {
    try {
      const bytes = readFileSync(path);
      return bytes.toString(isUtf8(bytes) ? "utf8" : "latin1").replace(/^\uFEFF/, "");
    } catch (error) {
      this.notes.push(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  /** False for what is none of these. */
  #line(line: string, path: string, depth: number): boolean {
    const [, word = "", rest = ""] = /^#(\w+)\s*(.*)$/.exec(line) ?? [];
    const [, name, suffix = ""] = /^\[([^\]]+)\]\s*(?:\(([^)]*)\))?/.exec(line) ?? [];
    const equals = line.indexOf("=");
    if (/^(?:try)?include$/i.test(word)) this.#include(rest, word, depth);
    else if (/^exec$/i.test(word))
      this.notes.push(`${path}: #exec is not run; write what it prints into a file, and include that`);
    else if (name !== undefined) this.#section(name, new Set(suffix.split(",").map((one) => one.trim())));
    else if (equals > 0 && this.#current)
      this.#add([
        [
          line.slice(0, equals).trim(),
          line
            .slice(equals + 1)
            .replace(/^>/, "")
            .trim(),
        ],
      ]);
    else return false;
    return true;
  }

  #section(name: string, words: ReadonlySet<string>): void {
    const named = (wanted: string) => this.#all.find((one) => one.name === wanted);
    const earlier = words.has("+") ? named(name) : undefined;
    const inherited = [...words].flatMap((word) => (word === name ? [] : (named(word)?.lines ?? [])));
    this.#current = earlier ?? { name, lines: [], isTemplate: words.has("!") };
    if (!earlier) this.#all.push(this.#current);
    this.#add(inherited);
  }

  #add(lines: readonly [string, string][]): void {
    if (!this.#current) return;
    this.#lines += lines.length;
    if (this.#lines <= MOST_LINES) for (const line of lines) this.#current.lines.push(line);
    else if (this.notes.at(-1) !== TOO_LONG) this.notes.push(TOO_LONG);
  }

  #include(target: string, word: string, depth: number): void {
    const wanted = resolve(this.#folder, target.replace(/^["<]\s*|\s*[">]$/g, ""));
    const files = matching(wanted);
    for (const file of files) this.file(file, depth + 1);
    if (files.length === 0 && word.toLowerCase() === "include")
      this.notes.push(`${wanted} is included, and is not there`);
  }
}

/** Files of that name, in which `*` and `?` may stand for others. */
function matching(path: string): string[] {
  try {
    if (!/[*?]/.test(basename(path))) return statSync(path).isFile() ? [path] : [];
    const name = basename(path)
      .replace(/\*+/g, "*")
      .replace(/[.+^${}()|[\]\\]/g, "\\$&");
    // More of them would take for ever to compare.
    if (name.split("*").length > 4) return [];
    const pattern = new RegExp(`^${name.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
    const names = readdirSync(dirname(path)).filter((each) => pattern.test(each));
    return names.sort().map((each) => join(dirname(path), each));
  } catch {
    return [];
  }
}

/** Lines that say something, with their numbers. `\;` is a semicolon; comments over several lines may stand in each other. */
function* withoutComments(text: string): Generator<[number, string]> {
  let depth = 0;
  for (const [index, raw] of text.split("\n").entries()) {
    let line = "";
    for (const part of raw.match(/\\;|;--(?!-)|--;|;|[^;\\-]+|[\\-]/g) ?? []) {
      if (part === ";--") depth++;
      else if (part === "--;" && depth > 0) depth--;
      else if (depth > 0) continue;
      else if (part === "--;") {
        line += "--";
        break;
      } else if (part === ";") break;
      else line += part === "\\;" ? ";" : part;
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they mean nothing in any option, and much to a terminal.
    const plain = line.replace(/[\0-\x08\x0b-\x1f\x7f]/g, "").trim();
    if (plain) yield [index + 1, plain];
  }
}
