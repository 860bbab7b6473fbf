import type { ImapLab } from "./imap.ts";
import type { Ports } from "./ports.ts";
import type { RunFolder } from "./run-folder.ts";

export async function startCyrus(
  _run: RunFolder,
  _root: string | undefined,
  _ports: Ports,
  _proxyPassword: string,
): Promise<ImapLab> {
  throw new Error("not yet");
}
