import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { VoxpostError } from "../../errors.ts";
import { createLogger } from "../../log.ts";
import { serveStorage } from "../../storage/server/serve.ts";
import type { Outcome, Session } from "./session.ts";

export interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly tokenFile?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly uploads?: string;
}

/** Shows the store to other machines until it is told to stop. */
export async function serveStore(session: Session, flags: ServeFlags): Promise<Outcome> {
  const { host, port, tokenFile, uploads } = flags;
  const tls = readPair(flags);
  const token = tokenFile === undefined ? undefined : read(tokenFile).split("\n")[0]?.trim();
  const engine = await session.open(session.place(), { create: true });
  const server = await serveStorage(engine, {
    host,
    port,
    ...(token === undefined ? {} : { token }),
    ...(tls && { tls }),
    ...(uploads === undefined ? {} : { folder: uploads }),
    log: createLogger("info"),
  });
  console.log(`voxpost: ${engine.name} at ${server.url}, until SIGTERM`);
  const { signal } = session;
  if (!signal.aborted) await new Promise((stop) => signal.addEventListener("abort", stop, { once: true }));
  await server.close();
  return "well";
}

/** Looked at before anything listens. @throws VoxpostError CONFIG_INVALID */
function readPair({ cert: certFile, key: keyFile }: ServeFlags): { cert: string; key: string } | undefined {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw new VoxpostError("CONFIG_INVALID", "For TLS give both --cert and --key");
  }
  const pair = { cert: read(certFile), key: read(keyFile) };
  try {
    createSecureContext(pair);
    return pair;
  } catch (error) {
    throw VoxpostError.from(
      error,
      "CONFIG_INVALID",
      `${certFile} and ${keyFile} are no certificate and its key`,
    );
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw VoxpostError.from(error, "CONFIG_INVALID", `Cannot read ${file}`);
  }
}
