import type { WebSocket } from "ws";
import type { AriEvent, EventType } from "./events.ts";
import type { Faults } from "./faults.ts";

interface Application {
  readonly name: string;
  socket: WebSocket | undefined;
  subscribeAll: boolean;
  /** The channels that it hears of: those that entered, and those that it asked for. */
  readonly channels: Set<string>;
}

type Watcher = (channel: string, type: EventType, fields: Readonly<Record<string, unknown>>) => void;

/** The Stasis applications and their websockets. */
export class Applications {
  readonly #byName = new Map<string, Application>();
  readonly #faults: Faults;
  /** Every event that was sent to any application, in order. */
  readonly sent: AriEvent[] = [];
  /** Told of whatever happens on any channel, before applications are. */
  readonly watchers = new Set<Watcher>();

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** A second socket for a name makes the first one deaf; it stays open and still looks connected. */
  register(name: string, socket: WebSocket, subscribeAll: boolean): void {
    const application = this.#byName.get(name) ?? {
      name,
      socket: undefined,
      subscribeAll,
      channels: new Set(),
    };
    if (application.socket) this.#deliver(application, "ApplicationReplaced", {});
    this.#byName.set(name, application);
    application.socket = socket;
    application.subscribeAll = subscribeAll;
    socket.on("close", () => {
      if (application.socket !== socket) return;
      application.socket = undefined;
      // The next socket hears of these channels only when it says so.
      application.channels.clear();
    });
  }

  /** False when there is no such application. */
  subscribe(name: string, channel: string): boolean {
    return this.#byName.get(name)?.channels.add(channel) !== undefined;
  }

  isActive(name: string): boolean {
    return this.#byName.get(name)?.socket !== undefined;
  }

  list(): readonly { readonly name: string; readonly channel_ids: readonly string[] }[] {
    return [...this.#byName.values()].map(({ name, channels }) => ({ name, channel_ids: [...channels] }));
  }

  /** To the application that has the channel, and to those that subscribed to everything. */
  send(name: string | undefined, channel: string, type: EventType, fields: Record<string, unknown>): void {
    for (const watcher of this.watchers) watcher(channel, type, fields);
    for (const application of this.#byName.values()) {
      if (application.name === name && type === "StasisStart") application.channels.add(channel);
      if (application.channels.has(channel) || application.subscribeAll) {
        this.#deliver(application, type, fields);
      }
      if (application.name === name && type === "StasisEnd") application.channels.delete(channel);
    }
  }

  dropSockets(): void {
    for (const { socket } of this.#byName.values()) socket?.terminate();
  }

  #deliver(application: Application, type: EventType, fields: Record<string, unknown>): void {
    const { name, socket } = application;
    const event: AriEvent = {
      type,
      timestamp: new Date().toISOString().replace("Z", "+0000"),
      ...structuredClone(fields),
      asterisk_id: "00:00:00:00:00:01",
      application: name,
    };
    const fault = this.#faults.ofEvent(type);
    const send = () => {
      this.sent.push(event);
      socket?.send(JSON.stringify(event));
    };
    if (fault === "lose") return;
    if (typeof fault === "object") {
      setTimeout(send, fault.delayMs);
      return;
    }
    send();
    if (fault === "duplicate") send();
  }
}
