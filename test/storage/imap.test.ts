import { afterAll, beforeAll } from "vitest";
import { testEngine } from "./contract.ts";
import { type ImapServer, PIN, startImapServer } from "./imap-server.ts";

let server: ImapServer;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());

/** docs/engines/imap.md, Limitations. */
const skip = {
  "a message that two move at once ends in one folder":
    "Dovecot lets two connections move one message at the same moment, which makes two of it",
};

testEngine({
  name: "imap on Dovecot",
  skip,
  runs: 3,
  async fresh() {
    const number = server.freshNumber();
    return {
      mailbox: { mailbox: number, context: "default" },
      similar: { mailbox: `${number}0`, context: "default" },
      elsewhere: { mailbox: number, context: "sales" },
      pin: PIN,
      open: () => server.engine(),
      async dispose() {},
    };
  },
});

testEngine({
  name: "imap, several mailboxes in one account",
  skip,
  runs: 3,
  async fresh() {
    const user = `${server.freshNumber()}-default`;
    return {
      mailbox: { mailbox: "10", context: "default" },
      similar: { mailbox: "100", context: "default" },
      elsewhere: { mailbox: "10", context: "sales" },
      pin: PIN,
      open: () => server.engine({ user, shared: true }),
      async dispose() {},
    };
  },
});
