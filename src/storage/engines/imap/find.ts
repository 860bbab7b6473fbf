import type { Folder } from "../../../model/folder.ts";
import type { Entry, FindQuery } from "../../engine.ts";
import { foldersOf, matches, withWords } from "../../match.ts";
import type { Box } from "./census.ts";
import type { Connection } from "./connection.ts";
import { fetchEntries, uidOf } from "./listing.ts";
import { searchKeys, searchUids } from "./search.ts";
import { fetchText } from "./text.ts";

/**
 * Messages in those of our folders that exist; the owner's other folders are none of our business. Two questions for each
 * folder, three where something is found.
 */
export async function findEntries(
  connection: Connection,
  pathOf: (folder: Folder) => Promise<string>,
  box: Box,
  query: FindQuery,
): Promise<Entry[]> {
  const folders = foldersOf(query);
  // Whoever asks for one recent message delivers it. Only a folder that another program made in this minute is missed.
  const recent = query.id !== undefined && query.receivedSince !== undefined;
  // Whether a single folder is there is told by selecting it.
  const paths = folders.length > 1 ? await connection.folders({ recent }) : undefined;
  const keys = searchKeys(query, box.shared ? box.mailbox : undefined);
  const found: Entry[] = [];
  for (const folder of folders) {
    const path = await pathOf(folder);
    if (paths?.has(path) === false) continue;
    const selected = await connection.select(path);
    if (!selected || selected.exists === 0) continue;
    const uids = await searchUids(connection, keys);
    const entries = await fetchEntries(
      connection,
      uids.map((uid) => ({ uid })),
      { box, folder },
    );
    const fitting = entries.filter(({ envelope }) => matches(envelope, query));
    found.push(...(await withWords(fitting, query, (ref) => fetchText(connection, uidOf(ref)))));
  }
  return found;
}
