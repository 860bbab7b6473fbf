import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { VoxpostError } from "./errors.ts";

export interface Listening {
  /** `http://host:port`. */
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Serves an app over HTTP; port 0 is any free one. `where`: the keys of the configuration that say so.
 * @throws VoxpostError CONFIG_INVALID when the address cannot be listened on
 */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { host, port }: { readonly host: string; readonly port: number },
  where: string,
): Promise<Listening> {
  const { server, address } = await new Promise<{ server: ServerType; address: AddressInfo }>(
    (resolve, reject) => {
      const server = serve({ fetch, hostname: host, port }, (address) => resolve({ server, address }));
      server.once("error", (error) => {
        const text = `Cannot listen on ${where}.host ${host}, ${where}.port ${port}`;
        reject(VoxpostError.from(error, "CONFIG_INVALID", text));
      });
    },
  );
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}
