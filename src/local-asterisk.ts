import { join } from "node:path";
import { readAsteriskFile } from "./asterisk-file.ts";

/** An Asterisk of this machine, as its own files describe it: an item of `asterisk`. */
export interface LocalAsterisk {
  readonly name: string;
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** The first user of ari.conf that may write, and the port of http.conf; undefined when there is none that can be read. */
export function localAsterisk(folder: string): LocalAsterisk | undefined {
  for (const [user, keys] of readAsteriskFile(join(folder, "ari.conf"))) {
    const password = keys.get("password");
    if (user !== "general" && password && keys.get("read_only") !== "yes")
      return { name: "local", url: localUrl(folder), user, password };
  }
  return undefined;
}

/** Where its HTTP server listens, if it is this machine's. */
export function localUrl(folder: string): string {
  const port = readAsteriskFile(join(folder, "http.conf")).get("general")?.get("bindport") ?? "8088";
  return `http://127.0.0.1:${/^\d{1,5}$/.test(port) ? port : "8088"}`;
}

/** app_voicemail's folder of messages (`astspooldir` of asterisk.conf). */
export function localSpool(folder: string): string {
  const spool = readAsteriskFile(join(folder, "asterisk.conf")).get("directories")?.get("astspooldir");
  return join(spool || "/var/spool/asterisk", "voicemail");
}
