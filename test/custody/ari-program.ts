import { once } from "node:events";
import WebSocket from "ws";
import type { AsteriskLab } from "../../lab/asterisk.ts";

/** A call that has entered an instance's Stasis application. */
export interface EnteredCall {
  readonly args: readonly string[];
  get(variable: string): Promise<string>;
  set(variables: Record<string, string>): Promise<void>;
  continue(): Promise<void>;
}

/** A bare ARI client, to originate calls and to be the program that the dialplan talks to. */
export class Ari {
  readonly #ari: AsteriskLab["ari"];

  constructor(asterisk: AsteriskLab) {
    this.#ari = asterisk.ari;
  }

  async request(
    method: string,
    path: string,
    query: Record<string, string> = {},
    body?: unknown,
  ): Promise<unknown> {
    const { url, user, password } = this.#ari;
    const response = await fetch(`${url}/ari${path}?${new URLSearchParams(query)}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Calls an extension of `[site]`; the other end is one of `[far]`. Returns its channel. */
  async call(extension: string, { callerId = '"Ann" <5551>', far = "silent" } = {}): Promise<string> {
    const channel = await this.request(
      "POST",
      "/channels",
      {},
      {
        endpoint: `Local/${extension}@site/n`,
        context: "far",
        extension: far,
        callerId,
      },
    );
    return (channel as { id: string }).id;
  }

  /** Serves one Stasis application until it is closed; each call goes to `serve`. */
  async program(app: string, serve: (call: EnteredCall) => Promise<void>): Promise<{ close(): void }> {
    const { url, user, password } = this.#ari;
    const query = new URLSearchParams({ app, api_key: `${user}:${password}` });
    const socket = new WebSocket(`${url.replace("http", "ws")}/ari/events?${query}`);
    socket.on("message", (data) => {
      const event = JSON.parse(String(data));
      if (event.type === "StasisStart") void serve(this.#entered(event.args, event.channel.id));
    });
    await once(socket, "open");
    return { close: () => socket.terminate() };
  }

  #entered(args: string[], channel: string): EnteredCall {
    return {
      args,
      get: async (variable) => {
        const found = await this.request("GET", `/channels/${channel}/variable`, { variable });
        return (found as { value: string }).value;
      },
      set: async (variables) => {
        for (const [variable, value] of Object.entries(variables)) {
          await this.request("POST", `/channels/${channel}/variable`, { variable, value });
        }
      },
      continue: async () => void (await this.request("POST", `/channels/${channel}/continue`)),
    };
  }
}
