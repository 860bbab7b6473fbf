import { resolve } from "node:path";
import { defineScheme } from "../../scheme.ts";
import { FileEngine } from "./engine.ts";
import { fileOptions } from "./options.ts";

export const fileScheme = defineScheme(
  fileOptions,
  ({ path }, { folder, log, create }) => new FileEngine({ root: resolve(folder, path), log, create }),
);
