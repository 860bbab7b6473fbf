import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { VoxpostError } from "./errors.ts";

type ServeOptions = Parameters<typeof serve>[0];

export interface ListenOptions {
  readonly fetch: ServeOptions["fetch"];
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
  /** Where the configuration says so: `web` for `web.host` and `web.port`. Default: nothing does. */
  readonly key?: string;
  /** TLS, and bounds of Node's server. Default: plain HTTP. */
  readonly how?: Pick<ServeOptions, "createServer" | "serverOptions">;
}

export interface Listening {
  /** Without TLS: `http://host:port`. */
  readonly url: string;
  readonly server: ServerType;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Serves an app over HTTP. @throws VoxpostError CONFIG_INVALID when the address cannot be listened on */
export async function listen({ fetch, host, port, key, how }: ListenOptions): Promise<Listening> {
  const { server, address } = await new Promise<{ server: ServerType; address: AddressInfo }>(
    (resolve, reject) => {
      const options = { fetch, hostname: host, port, ...how } as ServeOptions;
      const server = serve(options, (address) => resolve({ server, address }));
      server.once("error", reject);
    },
  ).catch((error: unknown) => {
    const from = key === undefined ? "" : `${key}.`;
    throw VoxpostError.from(
      error,
      "CONFIG_INVALID",
      `Cannot listen on ${from}host ${host}, ${from}port ${port}`,
    );
  });
  return {
    server,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}
