import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";

/** What stands for a message in the texts of mails (notices/variables.ts); nobody else's names begin so. */
const OF_MAILS = /^(?:ORIG_)?VM_/;

/**
 * `key_file: PATH` becomes `key: <first line of the file>`, and `${NAME}` in a value is taken from the environment, unless it is a
 * variable of mails.
 */
export function fillSecrets(
  node: unknown,
  path: string[],
  source: { folder: string; environment: NodeJS.ProcessEnv },
  faults: string[],
): unknown {
  if (typeof node === "string") {
    return node.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, variable: string) => {
      if (OF_MAILS.test(variable)) return whole;
      const value = source.environment[variable];
      if (value === undefined)
        faults.push(`${path.join(".")}: the environment has no ${variable}; set it, or write a value`);
      return value ?? "";
    });
  }
  if (Array.isArray(node))
    return node.map((item, index) => fillSecrets(item, [...path, String(index)], source, faults));
  if (node === null || typeof node !== "object") return node;
  const filled: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    const here = [...path, key];
    const inner = fillSecrets(value, here, source, faults);
    if (key.endsWith("_file") && typeof inner === "string") {
      const file = isAbsolute(inner) ? inner : resolve(source.folder, inner);
      try {
        filled[key.slice(0, -"_file".length)] = readFileSync(file, "utf8").split("\n")[0] ?? "";
      } catch {
        faults.push(
          `${here.join(".")}: cannot read ${file}; check that it exists and that this user may read it`,
        );
      }
    } else {
      filled[key] = inner;
    }
  }
  return filled;
}
