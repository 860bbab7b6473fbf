import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

/** docs/engines/http.openapi.yaml as a judge: of routes, and of real answers. */

const text = readFileSync(new URL("../../docs/engines/http.openapi.yaml", import.meta.url), "utf8");

type Tree = Readonly<Record<string, unknown>>;

const node = z.record(z.string(), z.unknown());
const document: Tree = node.parse(parse(text));
const METHODS = ["get", "put", "post", "patch", "delete"];

/** Every operation, as `GET /v1/…/{name}`. */
export const operations: readonly string[] = Object.entries(at("paths")).flatMap(([path, item]) =>
  Object.keys(node.parse(item))
    .filter((method) => METHODS.includes(method))
    .map((method) => `${method.toUpperCase()} ${path}`),
);

/**
 * Fields that are not in the document: in our own answers a fault, as what is not written down nobody else can do; in others'
 * "any" may be there.
 */
type Unknown = "fault" | "any";

/** A schema of the document as a check. */
function checkOf(schema: Tree, unknown: Unknown): z.ZodType {
  const closed = JSON.stringify({ ...schema, $defs: at("components", "schemas") }, (_, value) =>
    isObjectSchema(value) ? { ...value, additionalProperties: unknown === "any" } : value,
  );
  return z.fromJSONSchema(JSON.parse(closed.replaceAll("#/components/schemas/", "#/$defs/")));
}

function isObjectSchema(value: unknown): value is object {
  return typeof value === "object" && value !== null && "type" in value && value.type === "object";
}

/** Holds an answer against the document: status, headers, media type and body. Resolves to which operation it was. */
export async function judge(
  method: string,
  path: string,
  response: Response,
  unknown: Unknown = "fault",
): Promise<string> {
  const template = Object.keys(at("paths")).find((one) => toPattern(one).test(path));
  const isDocumented = template !== undefined && method.toLowerCase() in at("paths", template);
  const operation = isDocumented
    ? node.parse(at("paths", template)[method.toLowerCase()])
    : { responses: { default: { $ref: "#/components/responses/Problem" } } };
  const responses = node.parse(operation.responses);
  const status = String(response.status);
  if (!(status in responses)) expect(response.status, `${method} ${path}`).toBeGreaterThanOrEqual(400);
  const answer = resolve(responses[status] ?? responses.default);
  for (const [name, header] of Object.entries(node.parse(answer.headers ?? {}))) {
    judgeHeader(`${method} ${path} ${status}: ${name}`, response.headers.get(name), resolve(header));
  }
  const content = node.parse(answer.content ?? {});
  const body = Buffer.from(await response.clone().arrayBuffer());
  if (Object.keys(content).length === 0) {
    expect(body.length).toBe(0);
  } else if (!("*/*" in content)) {
    const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
    expect(Object.keys(content)).toContain(type);
    const { schema } = node.parse(content[type]);
    if (schema === undefined) return `${method} ${template}`;
    const checked = checkOf(node.parse(schema), unknown).safeParse(JSON.parse(body.toString()));
    expect(checked.error?.issues, `${method} ${path} ${status}: ${body}`).toBeUndefined();
  }
  return `${method} ${template}`;
}

/** The problem that was answered, held against the document. */
export async function problemOf(
  method: string,
  path: string,
  response: Response,
  unknown: Unknown = "fault",
) {
  await judge(method, path.split("?")[0] ?? "", response, unknown);
  return { status: response.status, ...((await response.json()) as { code: string }) };
}

function judgeHeader(what: string, value: string | null, header: Tree): void {
  if (value === null) {
    expect(header.required, what).not.toBe(true);
    return;
  }
  const schema = node.parse(header.schema);
  const typed = schema.type === "integer" ? Number(value) : value;
  expect(checkOf(schema, "fault").safeParse(typed).success, `${what}: ${value}`).toBe(true);
}

function at(...names: string[]): Tree {
  return names.reduce((tree, name) => node.parse(tree[name]), document);
}

function resolve(value: unknown): Tree {
  const tree = node.parse(value);
  if (typeof tree.$ref !== "string") return tree;
  return resolve(at(...tree.$ref.slice("#/".length).split("/")));
}

function toPattern(template: string): RegExp {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}
