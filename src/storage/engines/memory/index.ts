import { defineScheme } from "../../scheme.ts";
import { MemoryData } from "./data.ts";
import { MemoryEngine } from "./engine.ts";
import { memoryOptions } from "./options.ts";

export const memoryScheme = defineScheme(
  memoryOptions,
  (options) => new MemoryEngine(new MemoryData(), options.max_bytes),
);
