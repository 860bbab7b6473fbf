import type { z } from "zod";
import type { Logger } from "../../../log.ts";
import type { AudioPart, ByteSource } from "../../../model/message.ts";
import { throwIfAborted } from "../../faults.ts";
import { Operations } from "../../signals.ts";
import { Client, nameOf, type Request } from "./client.ts";
import { type Download, download } from "./download.ts";
import { watchEvents } from "./events.ts";
import { notTheProtocol } from "./faults.ts";
import type { HttpOptions } from "./options.ts";
import { type Service, serviceSchema } from "./protocol.ts";
import { type Sent, upload } from "./upload.ts";

type Signal = AbortSignal | undefined;

/** The engine's end of the line: nothing is asked of a server before it said that it keeps the protocol. */
export class Link {
  readonly #client: Client;
  readonly #operations = new Operations();
  readonly #downloads = new Set<AbortController>();
  readonly #stallMs: number;
  readonly #storeMs: number;
  readonly #log: Logger;
  readonly #onMet: (service: Service) => void;
  #service: Service | undefined;

  constructor(options: HttpOptions, log: Logger, onMet: (service: Service) => void) {
    const { url, token, answer_ms: answerMs, store_ms: storeMs } = options;
    this.#client = new Client({ url, token, answerMs, storeMs });
    this.#stallMs = options.stall_ms;
    this.#storeMs = storeMs;
    this.#log = log;
    this.#onMet = onMet;
  }

  open(): void {
    this.#operations.open();
  }

  close(): void {
    this.#operations.close();
    for (const controller of this.#downloads) controller.abort();
  }

  /** Asks the server what it is, also when that is known. */
  async meet(signal: Signal): Promise<void> {
    await this.#operations.run(signal, (alive) => this.#meet(alive));
  }

  run<T>(signal: Signal, work: (alive: AbortSignal) => Promise<T>): Promise<T> {
    return this.#operations.run(signal, async (alive) => {
      throwIfAborted(alive);
      if (!this.#service) await this.#meet(alive);
      return work(alive);
    });
  }

  /** What the server said of itself when it was heard last. */
  service(signal: Signal): Promise<Service> {
    return this.run(signal, async (alive) => this.#service ?? this.#meet(alive));
  }

  /** The answer; undefined for 204. */
  askMaybe<Schema extends z.ZodType>(
    schema: Schema,
    request: Request,
    signal: Signal,
  ): Promise<z.output<Schema> | undefined> {
    return this.run(signal, (alive) => this.#client.ask(schema, request, alive));
  }

  async ask<Schema extends z.ZodType>(
    schema: Schema,
    request: Request,
    signal: Signal,
  ): Promise<z.output<Schema>> {
    const answer = await this.askMaybe(schema, request, signal);
    if (answer === undefined) throw notTheProtocol(nameOf(request), "it is empty");
    return answer;
  }

  /** For requests whose answer has nothing to tell. */
  tell(request: Request, signal: Signal): Promise<void> {
    return this.run(signal, (alive) => this.#client.tell(request, alive));
  }

  /** The audio at a path; undefined for 204. Its stream lives on until it is read, or the signal fires. */
  download(path: string, signal: Signal): Promise<Download | undefined> {
    const transfers = { open: this.#downloads, stallMs: this.#stallMs };
    return this.run(signal, () => download(this.#client, path, transfers, signal));
  }

  upload(
    path: string,
    headers: Readonly<Record<string, string>>,
    source: ByteSource,
    signal: Signal,
  ): Promise<Sent> {
    const limits = { stallMs: this.#stallMs, storeMs: this.#storeMs };
    return this.run(signal, (alive) =>
      upload(this.#client, { path, headers }, source, { signal: alive, ...limits }),
    );
  }

  watch(path: string, onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.run(signal, () => {
      const log = (error: unknown) => this.#log.debug({ path, err: error }, "Watching was interrupted");
      return watchEvents(this.#client, path, onChange, { signal: this.#operations.lasting(signal), log });
    });
  }

  async #meet(signal: AbortSignal): Promise<Service> {
    const service = await this.#client.ask(serviceSchema, { method: "GET", path: "/v1" }, signal);
    if (!service) throw notTheProtocol("GET /v1", "it is empty");
    if (!this.#service) this.#log.info({ service }, "The storage server is there");
    this.#service = service;
    this.#onMet(service);
    return service;
  }
}

/** Closes the parts that are open already when a later one fails. */
export function discard(parts: readonly AudioPart[]): void {
  for (const { stream } of parts) stream.destroy();
}
