import { z } from "zod";
import { FOLDERS } from "../../../model/folder.ts";
import { engineTree, notesOption } from "../../scheme.ts";

const oneOrMore = <T extends z.ZodType>(one: T) =>
  z.union([one.transform((value) => [value]), z.array(one).min(1)]);

const pattern = z
  .string()
  .regex(
    /^[A-Za-z0-9_.+*?-]+$/,
    "use letters, digits and _ . + -, with * for anything and ? for one character",
  );

const rule = z.strictObject({
  context: oneOrMore(pattern).optional().describe("Voicemail context."),
  mailbox: oneOrMore(pattern).optional().describe("Mailbox number."),
  folder: oneOrMore(z.enum(FOLDERS)).optional().describe("Folder."),
  attributes: z
    .record(z.string(), oneOrMore(z.string()))
    .optional()
    .describe("What the configuration says of the mailbox, such as class: gold."),
  to: z.string().describe("Name of an engine."),
});

export type Rule = z.output<typeof rule>;

export const routeOptions = z
  .strictObject({
    engine: z.literal("route"),
    engines: z.record(z.string(), engineTree).describe("The engines, by names of your choice."),
    default: z.string().describe("Name of the engine of whatever no rule fits."),
    rules: z.array(rule).default([]).describe("The first that fits in everything it says decides."),
    notes: notesOption,
  })
  .superRefine(({ engines, default: other, rules }, context) => {
    const names = Object.keys(engines).join(", ");
    const check = (name: string, path: PropertyKey[]) => {
      if (Object.hasOwn(engines, name)) return;
      context.addIssue({ code: "custom", path, message: `"${name}" is none of engines: ${names}` });
    };
    check(other, ["default"]);
    for (const [at, { to }] of rules.entries()) check(to, ["rules", at, "to"]);
  });

export type RouteOptions = z.output<typeof routeOptions>;
