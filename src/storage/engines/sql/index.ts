import { resolve } from "node:path";
import { VoxpostError } from "../../../errors.ts";
import { defineScheme, type EngineContext } from "../../scheme.ts";
import type { Backend } from "./database.ts";
import { SqlEngine } from "./engine.ts";
import { type SqlOptions, sqlOptions } from "./options.ts";
import { postgresBackend } from "./postgres.ts";
import { sqliteBackend } from "./sqlite.ts";
import { parseDatabaseUrl } from "./url.ts";

export const sqlScheme = defineScheme(
  sqlOptions,
  (options, context) =>
    new SqlEngine({
      backend: backendOf(options, context),
      log: context.log,
      create: context.create,
      maxBytes: options.max_bytes,
    }),
);

function backendOf(options: SqlOptions, { folder, log }: EngineContext): Backend {
  const url = parseDatabaseUrl(options.url);
  if (!url) throw new VoxpostError("CONFIG_INVALID", "The url of the SQL store is not one of a database");
  const { operation_ms: operationMs, connect_ms: connectMs, max_connections: maxConnections } = options;
  if (url.kind === "sqlite") {
    return sqliteBackend({ path: resolve(folder, url.path), operationMs, pollMs: options.poll_ms });
  }
  return postgresBackend({
    server: url,
    password: options.password,
    tls: options.tls === "tls",
    ca: options.ca && resolve(folder, options.ca),
    maxConnections,
    connectMs,
    operationMs,
    log,
  });
}
