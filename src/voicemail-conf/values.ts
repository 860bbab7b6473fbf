import { z } from "zod";

export type Taken = { readonly value: unknown; readonly remark?: string } | { readonly fault: string };

/**
 * The value that a text stands for, as Asterisk reads texts: `yes`, `true`, `y`, `t`, `1` and `on` are yes and anything else is no; a
 * number ends where its digits end; lists have commas. The schema says what is wanted, and what is allowed.
 */
export function readValue(text: string, schema: z.ZodType): Taken {
  const wanted = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  const fromEnvironment = /\$\{(?!(?:ORIG_)?VM_)[A-Za-z_]\w*\}/.exec(text)?.[0];
  if (wanted instanceof z.ZodBoolean) return readBoolean(text);
  if (fromEnvironment)
    return { fault: `${fromEnvironment} would be taken from the environment here; write it out` };
  const [digits] = /^[+-]?\d{1,15}/.exec(text) ?? [];
  if (wanted instanceof z.ZodNumber)
    return digits ? parse(schema, Number(digits)) : { fault: "not a number" };
  if (wanted instanceof z.ZodArray)
    return parse(
      schema,
      text
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean),
    );
  return parse(schema, text);
}

export function isTrue(text: string | undefined): boolean {
  return /^(?:yes|true|y|t|1|on)$/i.test(text ?? "");
}

function readBoolean(text: string): Taken {
  if (isTrue(text)) return { value: true };
  if (/^(?:no|false|n|f|0|off)$/i.test(text)) return { value: false };
  return { value: false, remark: "neither yes nor no, which Asterisk takes for no" };
}

function parse(schema: z.ZodType, value: unknown): Taken {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  return { fault: parsed.error.issues[0]?.message ?? "not understood" };
}
