import { aborted } from "../../faults.ts";
import { type Client, nameOf, type Request } from "./client.ts";
import { notTheProtocol } from "./faults.ts";
import { HEARTBEAT_MS } from "./protocol.ts";
import { pause } from "./retry-after.ts";
import { watchdog } from "./watchdog.ts";

/** Longest wait before a lost watch is taken up again, milliseconds. */
const LONGEST_PAUSE = 60_000;

/** A line or an event longer than this is no event of ours. */
const LONGEST_LINE = 10_000;

/**
 * Resolves once the server watches; then calls back at each change until the signal fires. A connection that is lost
 * is made again, and counts as a change because one may have been missed.
 */
export async function watchEvents(
  client: Client,
  path: string,
  onChange: () => void,
  { signal, log }: { signal: AbortSignal; log: (error: unknown) => void },
): Promise<void> {
  const request = { method: "GET", path, headers: { accept: "text/event-stream" } } as const;
  let { ready, ended } = listen(client, request, onChange, signal);
  await ready;
  const follow = async () => {
    for (let pauseMs = 1_000; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE)) {
      await ended.catch(log);
      if (signal.aborted) return;
      onChange();
      await pause(pauseMs * (0.5 + Math.random() / 2), signal);
      ({ ready, ended } = listen(client, request, onChange, signal));
      const isReady = await ready.then(
        () => true,
        () => false,
      );
      if (isReady) {
        onChange();
        pauseMs = 500;
      }
    }
  };
  follow().catch(() => {});
}

/** One connection. `ready` when the server watches; `ended` rejects with the reason. Neither rejects unheard. */
function listen(
  client: Client,
  request: Request,
  onChange: () => void,
  signal: AbortSignal,
): { ready: Promise<void>; ended: Promise<void> } {
  const { promise: ready, resolve, reject } = withResolvers();
  const ended = (async () => {
    const dog = watchdog(signal, 3 * HEARTBEAT_MS, `${nameOf(request)} said nothing`);
    try {
      const response = await client.send(request, dog);
      if (!/^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "")) {
        throw notTheProtocol(nameOf(request), "it is no stream of events");
      }
      for await (const event of eventsIn(response.body ?? [], () => dog.feed())) {
        if (event === "ready") resolve();
        if (event === "change") onChange();
      }
      throw notTheProtocol(nameOf(request), "the events have ended");
    } catch (error) {
      throw dog.controller.signal.aborted ? aborted(dog.controller.signal) : error;
    } finally {
      dog.controller.abort();
      dog.release();
    }
  })();
  ended.catch(reject);
  ready.catch(() => {});
  return { ready, ended };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve = () => {};
  let reject = (_error: unknown) => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Names of the events of a `text/event-stream` (WHATWG HTML, 9.2.6); an event without a name is none of ours. */
export async function* eventsIn(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let name = "";
  for await (const chunk of body) {
    onBytes();
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw notTheProtocol("Watching", "an event is too long");
    for (const line of lines) {
      if (line === "") {
        if (name) yield name;
        name = "";
      } else if (line.startsWith("event:")) {
        name = line.slice("event:".length).trim();
      }
    }
  }
}
