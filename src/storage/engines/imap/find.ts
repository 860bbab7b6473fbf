import type { SearchObject } from "imapflow";
import { FOLDERS, type Folder } from "../../../model/folder.ts";
import type { Entry, FindQuery } from "../../engine.ts";
import { mayBeForeign } from "../../mime/decode.ts";
import type { Box } from "./census.ts";
import type { Connection } from "./connection.ts";
import { fetchEntries } from "./listing.ts";
import { searchUids, voiceMail } from "./search.ts";

/** SINCE compares days, in the server's zone. */
const DAY_MS = 24 * 60 * 60 * 1000;

/** Messages in those of our folders that exist; the owner's other folders are none of our business. */
export async function findEntries(
  connection: Connection,
  pathOf: (folder: Folder) => string,
  box: Box,
  { id, receivedSince }: FindQuery,
): Promise<Entry[]> {
  const listed = await connection.ask("the folders cannot be listed", (client) => client.list());
  const paths = new Set(listed.map(({ path }) => path));
  const query: SearchObject = {
    ...(id === undefined || mayBeForeign(id)
      ? voiceMail(box.shared ? box.mailbox : undefined)
      : { deleted: false, header: { "Message-ID": id } }),
    ...(receivedSince ? { since: new Date(receivedSince.getTime() - DAY_MS) } : {}),
  };
  const found: Entry[] = [];
  for (const folder of FOLDERS) {
    const path = pathOf(folder);
    if (!paths.has(path) || !(await connection.select(path))) continue;
    const uids = await searchUids(connection, query);
    found.push(...(await fetchEntries(connection, uids, { box, folder })));
  }
  return found.filter(
    ({ envelope }) =>
      (id === undefined || envelope.id === id) &&
      (receivedSince === undefined || envelope.receivedAt >= receivedSince),
  );
}
