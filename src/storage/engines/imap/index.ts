import { resolve } from "node:path";
import { defineScheme } from "../../scheme.ts";
import { ImapEngine } from "./engine.ts";
import { imapOptions } from "./options.ts";

export const imapScheme = defineScheme(
  imapOptions,
  (options, { folder, data, log }) =>
    new ImapEngine(options, { log, path: (file) => resolve(folder, file), ...(data && { spool: data }) }),
);
