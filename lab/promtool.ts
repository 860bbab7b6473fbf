import { downloadPackage, works } from "./debian.ts";
import { withLock } from "./lock.ts";
import { folder, LAB } from "./paths.ts";
import type { Say } from "./provision.ts";

/**
 * Prometheus' own checker of rules: this machine's, or Debian's, which is unpacked into `.lab/tools` without being installed.
 * Resolves with the reason, for a person to read, when it is not to be had.
 */
export async function findPromtool(say: Say = () => {}): Promise<{ path: string } | { missing: string }> {
  if (await works("promtool")) return { path: "promtool" };
  const tools = folder(`${LAB}/tools/prometheus`);
  const path = `${tools}/usr/bin/promtool`;
  try {
    await withLock("promtool", async () => {
      if (await works(path)) return;
      say(`lab: fetching promtool (19 MB) into ${tools}`);
      await downloadPackage("prometheus", tools);
    });
  } catch {
    return { missing: "promtool is not installed, and apt has no package prometheus" };
  }
  return (await works(path)) ? { path } : { missing: "Debian's promtool does not run on this machine" };
}
