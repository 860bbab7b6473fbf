import type { GreetingKind } from "../../../model/greeting.ts";
import { GREETING_NAMES } from "../../mime/greeting.ts";
import { type Box, isOf, MAILBOX_HEADERS } from "./census.ts";
import { deleteUid, inFolder } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { searchUids, toRange } from "./search.ts";

/** UIDs of the mails that hold a greeting, oldest first; the last one counts. Leaves the folder selected. */
export async function findGreetings(
  connection: Connection,
  path: string,
  { mailbox, shared }: Box,
  kind: GreetingKind,
): Promise<number[]> {
  if (!(await connection.select(path))) return [];
  const uids = await searchUids(connection, {
    deleted: false,
    header: { "X-Asterisk-VM-Message-Type": GREETING_NAMES[kind] },
  });
  if (!shared || uids.length === 0) return uids;
  const mails = await connection.fetch("the greetings cannot be listed", toRange(uids), {
    headers: [...MAILBOX_HEADERS],
  });
  return mails.filter((mail) => isOf(mail, mailbox)).map(({ uid }) => uid);
}

/** The new greeting is stored before the old ones go, so that there is one at every moment. */
export async function storeGreeting(
  connection: Connection,
  path: string,
  old: readonly number[],
  mail: Buffer,
  when: Date,
): Promise<void> {
  await inFolder(connection, path, () =>
    connection.ask("the greeting cannot be stored", (client) => client.append(path, mail, ["\\Seen"], when)),
  );
  for (const uid of old) await deleteUid(connection, uid);
}
