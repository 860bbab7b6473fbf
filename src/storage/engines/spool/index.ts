import { resolve } from "node:path";
import { defineScheme } from "../../scheme.ts";
import { SpoolEngine } from "./engine.ts";
import { spoolOptions } from "./options.ts";

export const spoolScheme = defineScheme(
  spoolOptions,
  ({ path, formats }, { folder, log }) => new SpoolEngine({ root: resolve(folder, path), formats, log }),
);
