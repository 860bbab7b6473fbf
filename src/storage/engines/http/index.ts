import { defineScheme } from "../../scheme.ts";
import { HttpEngine } from "./engine.ts";
import { httpOptions } from "./options.ts";

export const httpScheme = defineScheme(httpOptions, (options, { log }) => new HttpEngine(options, log));
