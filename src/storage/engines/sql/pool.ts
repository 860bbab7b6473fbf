import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg from "pg";

/** pg's pool, of which no connection outlives its fault, and whose end waits for nobody. */
export class BoundedPool implements PostgresPool {
  readonly #pool: pg.Pool;
  readonly #busy = new Set<pg.PoolClient>();

  constructor(options: pg.PoolConfig) {
    this.#pool = new pg.Pool(options);
    // A connection that breaks while nothing is asked of it: the pool drops it, and the next user gets another.
    this.#pool.on("error", () => {});
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect();
    this.#busy.add(client);
    let fault: Error | undefined;
    const query = async (text: string, values: readonly unknown[]) => {
      try {
        return await client.query(text, [...values]);
      } catch (error) {
        // After the server's answer to one statement the connection is good, but not after a time limit or a broken line.
        const answered = error instanceof pg.DatabaseError && error.severity === "ERROR";
        if (!answered) fault = error as Error;
        throw error;
      }
    };
    const release = () => {
      this.#busy.delete(client);
      client.release(fault);
    };
    // The other kind of query, by cursor, is never asked for.
    return { query, release } as unknown as PostgresPoolClient;
  }

  /** Queries that are under way fail at once. */
  async end(): Promise<void> {
    for (const client of this.#busy) void client.end().catch(() => {});
    await this.#pool.end();
  }
}
