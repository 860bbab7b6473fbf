import type { EventType } from "./events.ts";

/** What is to go wrong with one request or event; each happens once. */
type RequestFault = { readonly status: number; readonly message: string } | "stall";
type EventFault = "lose" | "duplicate" | { readonly delayMs: number };

interface Planned<T> {
  readonly of: string;
  /** Which of the coming ones, from 1. */
  left: number;
  readonly fault: T;
}

/** Faults on request. `nth` counts from the moment of planning; default the next one. */
export class Faults {
  readonly #requests: Planned<RequestFault>[] = [];
  readonly #events: Planned<EventFault>[] = [];

  /** Asterisk answers with an error and does nothing. `route` is ari-client's name of it, such as `channels.record`. */
  refuse(route: string, status: number, { nth = 1, message = "Refused on request" } = {}): void {
    this.#requests.push({ of: route, left: nth, fault: { status, message } });
  }

  /** Asterisk does nothing and never answers. */
  stall(route: string, { nth = 1 } = {}): void {
    this.#requests.push({ of: route, left: nth, fault: "stall" });
  }

  lose(event: EventType, { nth = 1 } = {}): void {
    this.#events.push({ of: event, left: nth, fault: "lose" });
  }

  duplicate(event: EventType, { nth = 1 } = {}): void {
    this.#events.push({ of: event, left: nth, fault: "duplicate" });
  }

  delay(event: EventType, delayMs: number, { nth = 1 } = {}): void {
    this.#events.push({ of: event, left: nth, fault: { delayMs } });
  }

  ofRequest(route: string): RequestFault | undefined {
    return take(this.#requests, route);
  }

  ofEvent(event: string): EventFault | undefined {
    return take(this.#events, event);
  }
}

function take<T>(planned: Planned<T>[], of: string): T | undefined {
  const due = planned.filter((each) => each.of === of && --each.left === 0)[0];
  if (due) planned.splice(planned.indexOf(due), 1);
  return due?.fault;
}
