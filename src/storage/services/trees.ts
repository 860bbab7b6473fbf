import { fileURLToPath } from "node:url";
import { VoxpostError } from "../../errors.ts";

/** A storage tree, and where its relative paths begin. */
export interface Place {
  readonly tree: Readonly<Record<string, unknown>>;
  readonly folder: string;
  /** The file, when that is a whole configuration: what it says of its mailboxes counts for its storage. */
  readonly config?: string;
}

/**
 * What the name of a store on a command line means: `@FILE` is a YAML file, read by `readFile`; a URL is a store without
 * further settings.
 * @throws VoxpostError CONFIG_INVALID
 */
export function parsePlace(text: string, readFile: (path: string) => Place): Place {
  if (text.startsWith("@")) return readFile(text.slice(1));
  const folder = process.cwd();
  if (/^sqlite:|^postgres(ql)?:\/\//.test(text)) return { tree: { engine: "sql", url: text }, folder };
  if (/^https?:\/\//.test(text)) return { tree: { engine: "http", url: text }, folder };
  const [, engine] = /^(file|spool):\/\//.exec(text) ?? [];
  if (engine) return { tree: { engine, path: toPath(text.replace(/^spool:/, "file:")) }, folder };
  const known = "@FILE.yaml, file:///PATH, spool:///PATH, sqlite:///PATH, postgres://…, https://…";
  throw new VoxpostError("CONFIG_INVALID", `"${withoutPassword(text)}" is no store: write ${known}`);
}

function toPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw VoxpostError.from(
      error,
      "CONFIG_INVALID",
      `${url} is no path: write file:///PATH, with three slashes`,
    );
  }
}

/** Secrets do not belong on a command line; one that stands there is not repeated. */
function withoutPassword(text: string): string {
  return text.replace(/:[^:@/]*@/, ":…@");
}

/** Whether both lead to the same data, as far as the trees can tell. */
export function samePlace(a: Place, b: Place): boolean {
  return JSON.stringify(a.tree) === JSON.stringify(b.tree);
}
