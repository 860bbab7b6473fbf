import type { Route } from "./api.ts";
import { EVENTS } from "./events.ts";

/** Types that a client makes objects of; ari-client looks for them in the models of events. */
const OBJECTS = ["Channel", "Playback", "LiveRecording", "StoredRecording"];

/** `GET /ari/api-docs/resources.json`, Swagger 1.2: where each resource is described. */
export function resourceList(routes: readonly Route[], base: string): unknown {
  const resources = new Set([...routes.map((route) => route.resource), "events"]);
  return {
    ...header(base),
    apis: [...resources].map((resource) => ({
      path: `/api-docs/${resource}.{format}`,
      description: resource,
    })),
  };
}

/** `GET /ari/api-docs/RESOURCE.json`: its operations; for `events`, the models that say which fields hold objects. */
export function resource(name: string, routes: readonly Route[], base: string): unknown {
  return {
    ...header(base),
    resourcePath: `/api-docs/${name}.{format}`,
    apis: routes
      .filter((route) => route.resource === name)
      .map((route) => ({ path: route.path, description: route.path, operations: [operation(route)] })),
    models: name === "events" ? eventModels() : {},
  };
}

function header(base: string): Record<string, string> {
  return { swaggerVersion: "1.2", apiVersion: "8.0.0", basePath: base };
}

function operation({ method, name, path, query = [], returns = "void" }: Route): unknown {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
  return {
    httpMethod: method,
    nickname: name,
    summary: name,
    responseClass: returns,
    parameters: [
      ...inPath.map((parameter) => ({
        name: parameter,
        paramType: "path",
        dataType: "string",
        required: true,
      })),
      ...query.map((parameter) => ({
        name: parameter,
        paramType: parameter === "variables" ? "body" : "query",
        dataType: "string",
      })),
    ],
  };
}

function eventModels(): Record<string, unknown> {
  const objects = OBJECTS.map((id) => [id, { id, properties: {} }]);
  const events = Object.entries(EVENTS).map(([id, fields]) => [
    id,
    {
      id,
      properties: Object.fromEntries(Object.entries(fields).map(([field, type]) => [field, { type }])),
    },
  ]);
  return Object.fromEntries([...objects, ...events]);
}
