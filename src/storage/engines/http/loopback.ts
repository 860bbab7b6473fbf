import { isIP } from "node:net";

/** Whether what is sent there stays on this machine. Also takes an IPv6 address in brackets, as URLs have it. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (isIP(bare) === 4) return bare.startsWith("127.");
  return bare === "::1" || bare === "localhost";
}
