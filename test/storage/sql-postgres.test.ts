import { afterAll, beforeAll } from "vitest";
import { testEngine } from "./contract.ts";
import { type PostgresServer, startPostgresServer } from "./postgres-server.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgresServer();
});
afterAll(() => server?.stop());

testEngine({
  name: "sql on PostgreSQL",
  runs: 10,
  async fresh() {
    const number = server.freshNumber();
    return {
      mailbox: { mailbox: number, context: "default" },
      similar: { mailbox: `${number}0`, context: "default" },
      elsewhere: { mailbox: number, context: "sales" },
      open: () => server.engine({ max_bytes: 50_000_000 }),
      async dispose() {},
    };
  },
});
